"""What a verdict and a right answer took, in words: never 0 for a price that nobody knows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from steelyard_server.jobs.costs import VerdictCost
from steelyard_server.pages.costs import NOTHING, CostWords, job_verdict_cost, right_answer_cost, verdict_cost
from steelyard_server.runs.summary import Taken


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (Taken(), NOTHING),
        (Taken(calls=9, asked=8), CostWords("no right answer", "of 8 asked")),
        (Taken(right=4, asked=5, calls=5), CostWords("unknown", "by 4 right")),
        (Taken(right=4, asked=5, calls=6, tokens=602), CostWords("unknown", "by 4 right, 150 tokens each")),
        (Taken(right=4, asked=5, calls=6, tokens=602, cost=0.01), CostWords("2.50 for 1,000", "by 4 right")),
        (Taken(right=4, asked=5, calls=6, tokens=602, cost=0.0), CostWords("0.00 for 1,000", "by 4 right")),
    ],
)
def test_what_a_right_answer_took(taken: Taken, words: CostWords) -> None:
    assert right_answer_cost(taken) == words


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (Taken(), NOTHING),
        (Taken(calls=9), CostWords("no verdict", "")),
        (Taken(calls=9, run_cost=1.5), CostWords("no verdict", "1.50 in all")),
        (Taken(calls=9, verdicts=2, run_cost=1.5, cost=1.0), CostWords("0.75", "by 2 verdicts")),
        (Taken(calls=9, verdicts=1, run_tokens=80, tokens=60), CostWords("unknown", "by 1 verdict, 80 tokens each")),
        (Taken(calls=9, verdicts=1), CostWords("unknown", "by 1 verdict")),
    ],
)
def test_what_a_verdict_took_counts_all_calls_of_the_run(taken: Taken, words: CostWords) -> None:
    assert verdict_cost(taken) == words


def test_a_job_says_it_likewise() -> None:
    assert job_verdict_cost(VerdictCost(4, Decimal("0.002"), 100)) == CostWords("0.00050", "by 4 verdicts")
    assert job_verdict_cost(VerdictCost(4, None, 100)) == CostWords("unknown", "by 4 verdicts, 25 tokens each")
