"""Measurements as text."""

from __future__ import annotations

import msgspec

from steelyard.records import MeanScore
from steelyard.reports import headlines, machine
from steelyard.reports.limits import limits
from steelyard.reports.measured import mean_score, measured_words, only_measured
from tests.reports import report_fixtures as make


def test_what_nothing_tests_is_put_into_words() -> None:
    result = make.only_measured()
    said = measured_words(result)
    assert (said.task, said.prompt, said.measured, said.interval) == ("HumanEval", "chat", "41.3 %", "36.1–46.7 %")
    assert said.asked == "820 of 820, 1 missing"
    assert said.detail.startswith("7 unparsed; standard error 3.1 points, clustered by 12 subtasks; pass@1: 41.2 % to ")
    early = msgspec.structs.replace(
        result, role="judge", model="m-1", asked=10, reason="a budget ended it.", open=2, pass_at_k=()
    )
    assert measured_words(early).detail.startswith("by m-1 (judge); 7 unparsed; 2 open; ")
    assert measured_words(early).detail.endswith("; a budget ended it")
    assert only_measured(make.verdict()) == []  # the claims' verdicts show them
    assert headlines.headline(make.measured_verdict()) == (
        "Measured: HumanEval 41.3 % (95 % interval 36.1–46.7 %). 1 answer is missing."
    )


def test_a_mean_stands_beside_what_is_fully_right() -> None:
    mean = MeanScore(mean=0.862, bounds=(0.862, 0.862), ci=(0.8301, 0.8888))
    result = msgspec.structs.replace(make.only_measured(), measured=0.0, ci=(0.0, 0.01), clusters=0, mean=mean)
    assert mean_score(result) == "mean score 86.2 %, 95 % interval 83.0–88.9 % (by bets)"
    said = measured_words(result)
    assert said.measured == "0.0 %"
    assert said.detail.startswith(f"{mean_score(result)}; measured is the share that is fully right; 7 unparsed")
    verdict = msgspec.structs.replace(make.measured_verdict(), measurements=(result,))
    assert headlines.headline(verdict).startswith(f"Measured: HumanEval {mean_score(result)}, fully right 0.0 %")
    assert machine.render(verdict)["measurements"][0]["mean"] == {
        "mean": 86.2, "bounds": [86.2, 86.2], "ci": [83.01, 88.88]
    }  # fmt: skip
    assert any("The interval of a mean score holds" in line for line in limits(verdict, None))
    ranged = msgspec.structs.replace(result, mean=msgspec.structs.replace(mean, mean=None, bounds=(0.8, 0.9)))
    assert "mean score 80.0–90.0 %" in mean_score(ranged)
    assert "mean" not in machine.render(make.measured_verdict())["measurements"][0]
