"""What a portfolio says: shares, failures together, and where nothing can be told apart."""

from __future__ import annotations

from steelyard.comparison import portfolio_words
from steelyard.comparison.portfolio import Facts, portfolio_of
from testkit.comparison_runs import scored_run


def test_every_sentence_is_one_and_names_its_runs() -> None:
    scores = [{"t": {f"s{each}": float(each % (number + 2) > 0) for each in range(120)}} for number in range(3)]
    named = [(f"r{number}", scored_run(f"gpt-{number}", each)) for number, each in enumerate(scores)]
    found = portfolio_of(named, Facts(cost={f"r{number}": 10.0**number for number in range(3)}))
    texts = portfolio_words.sentences(found)
    assert texts[0] == portfolio_words.least_sentence(found)
    assert " fail least together: both on " in texts[0]
    assert all("\n" not in text for text in texts)
    assert portfolio_words.percent(0.1234) == "12.3 %"
