"""Measurements as text."""

from __future__ import annotations

import msgspec

from steelyard.reports import headlines
from steelyard.reports.measured import measured_words, only_measured
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
