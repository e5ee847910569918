"""The exit code of a result that was asked for by name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from packages.forensics.tests.panel_runs import drawn_detection
from steelyard.records import VerdictWord


@pytest.mark.parametrize(
    ("word", "code"), [("inconsistent", 1), ("consistent", 0), ("insufficient_power", 3), ("not_testable", 3)]
)
def test_exit_codes(word: str, code: int) -> None:
    detection, _ = drawn_detection(3)
    result = replace(detection.result, word=VerdictWord(word))
    assert replace(detection, result=result).exit == code
