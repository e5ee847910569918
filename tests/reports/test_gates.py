"""Gates in every report: their colours and words, and never the words of a claim."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from rich.console import Console

from steelyard.records import DetectorResult, Verdict, VerdictWord
from steelyard.reports import gates, headlines, html, limits, machine, markdown, terminal
from tests.reports.gate_fixtures import budgets, gate_result, gates_verdict


def printed(verdict: Verdict, width: int = 100) -> str:
    stream = io.StringIO()
    terminal.print_verdict(verdict, Console(file=stream, width=width, no_color=True))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("word", "said", "meaning"),
    [
        (VerdictWord.CONSISTENT, "Green: the score on tone is at least 85 %.", "every gate is green"),
        (VerdictWord.INCONSISTENT, "Red: the score on tone is below 85 %.", "a gate is red"),
        (
            VerdictWord.INSUFFICIENT_POWER,
            "Undecided: the answers do not show whether the score on tone is at least 85 %.",
            "a gate is undecided, which is never green",
        ),
    ],
)
def test_one_gate_in_one_sentence(word: VerdictWord, said: str, meaning: str) -> None:
    verdict = gates_verdict(gate_result("tone", word))
    assert headlines.headline(verdict) == said
    assert headlines.exit_meaning(verdict) == meaning


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (VerdictWord.CONSISTENT, "Green: the score on t is not below the baseline's by 2 points or more."),
        (
            VerdictWord.INCONSISTENT,
            "Red: the score on t is below the baseline's by more than 2 points.",
        ),
        (
            VerdictWord.INSUFFICIENT_POWER,
            "Undecided: the answers do not show whether the score on t is below the baseline's by 2 points or more.",
        ),
    ],
)
def test_one_gate_with_a_baseline(word: VerdictWord, said: str) -> None:
    assert headlines.headline(gates_verdict(gate_result("t", word, baseline="ab" * 32, margin="2"))) == said


def test_several_gates_are_counted_the_worst_first() -> None:
    assert headlines.headline(gates_verdict()).startswith("Red: of 4 gates 1 red, 1 undecided, 2 green.")
    assert [(colour, number) for colour, _, number in headlines.tally(gates_verdict())] == [
        ("red", 1),
        ("undecided", 1),
        ("green", 2),
    ]
    green = gates_verdict(*(gate_result(task, VerdictWord.CONSISTENT) for task in "ab"))
    assert headlines.headline(green) == "Green: all 2 gates are green."


def test_the_words_of_a_gate() -> None:
    verdict = gates_verdict()
    green, red, undecided, paired = (gates.gate_words(each, verdict) for each in gates.gates_of(verdict))
    assert green.sentence == ("green: tickets ≥ 85 %: 95.0 % (190 right), interval 81.2–92.6 %, asked 200 of 700")
    assert green.cost == "204 calls, 19,788 tokens, 4 minutes, cost 0.042"
    assert (red.seen, red.asked) == ("140 right of 200", "200 of 700, 2 open")
    assert undecided.reason == "all that was to be asked was asked"
    assert (paired.bar, paired.seen, paired.interval) == (
        "≥ baseline − 2 points",
        "3 worse, 9 better, 188 alike",
        "−1.9 to +7.2 points",
    )
    assert gates.points_between(None) == "–"


def test_every_report_has_the_gates_and_no_words_of_a_claim() -> None:
    verdict = gates_verdict()
    pages = [printed(verdict), printed(verdict, 60), markdown.render(verdict), html.render(verdict)]
    for page in pages:
        text = " ".join(page.split())
        assert "undecided" in text
        assert "tickets" in text
        for word in ("claim", "Consistent:", "decide inconsistent"):
            assert word not in text.replace('id="claims"', "").replace("#claims", "").replace("h-claims", ""), word
    assert "| tickets | ≥ 85 % | 95.0 % (190 right) | 81.2–92.6 % |" in pages[2].replace("&#46;", ".").replace("\\", "")


def test_limits_say_what_a_gate_does_not_show() -> None:
    said = " ".join(limits.limits(gates_verdict()))
    for part in (
        "interval is that of the rate",
        "on average over passes",
        "over all gates of this run together",
        "16 answers came after",
    ):
        assert part in said
    assert "claim" not in said


def test_the_machine_report_has_the_colour_and_percent_points() -> None:
    document = json.loads(json.dumps(machine.render(gates_verdict())))
    first, paired = document["gates"][0], document["gates"][3]
    assert (first["colour"], first["at_least"], first["ci"]) == ("green", "0.85", [81.2, 92.6])
    assert "baseline" not in first
    assert (paired["baseline"], paired["margin"], paired["ci"]) == ("ab" * 32, "2", [-1.86, 7.12])


def test_a_result_that_is_no_gate_has_no_key_for_it() -> None:
    other = msgspec.structs.replace(gate_result("t", VerdictWord.CONSISTENT), gate=None)
    verdict = msgspec.structs.replace(gates_verdict(), results=(other,))
    assert not gates.is_gated(verdict)
    assert "gate" not in machine.render(verdict)["tests"][0]
    assert "gates" not in machine.render(verdict)


def test_the_tests_of_a_sealed_report_are_read_again_as_records() -> None:
    verdict = gates_verdict()
    tests = json.loads(json.dumps(machine.render(verdict)))["tests"]
    assert tuple(msgspec.convert(each, DetectorResult) for each in tests) == verdict.results


def test_hostile_names_are_shown_not_obeyed() -> None:
    verdict = gates_verdict(gate_result("<b>x</b>\x1b[31m|", VerdictWord.INCONSISTENT))
    assert "<b>x" not in html.render(verdict)
    assert "\x1b" not in printed(verdict)
    assert "<b>" not in markdown.render(verdict)


def test_budgets_are_said_with_their_own_units() -> None:
    latency, cost = budgets()
    verdict = gates_verdict(latency, cost)
    assert gates.gate_words(latency, verdict).sentence == (
        "green: tickets p95 ≤ 2 s: 1.42 s (198 in time), band 1.2–1.88 s, asked 200 of 700"
    )
    assert gates.gate_words(cost, verdict).sentence == (
        "red: tickets cost ≤ 0.002 an answer: 0.0031, band 0.0025 or more, asked 200 of 700"
    )
    limits = " ".join(gates.limits_of(verdict))
    assert "there is no green, nothing is added for red, and the band shows 10 times the limit" in limits
    assert "about the calls of this run, all of them, and no others" in limits
    assert "a bar is about" not in limits
    assert "Error rates" not in limits
    both = gates.limits_of(gates_verdict(gate_result("tickets", VerdictWord.CONSISTENT), latency, cost))
    assert any(each.startswith("Error rates: where every model meets its bar, the chance of any red") for each in both)
