"""Attempts that the run itself ended."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.records import Attempt, Outcome
from steelyard.runner.cut_off import cut_output, is_cut_off


@pytest.mark.parametrize("end", ["deadline", "endpoint_down", "interrupted", "failed", None])
def test_what_is_recorded_is_known_again(end: str | None) -> None:
    output = cut_output(end)
    attempt = Attempt(
        measurement="m", position=0, sample="s", item="i", repeat=0, attempt=1, request="r", outcome=output.outcome,
        detail=output.detail, final=False, started_us=0, elapsed_us=1,
    )  # fmt: skip
    assert output.detail.startswith("cut off")
    assert is_cut_off(attempt)
    for other in ({"final": True}, {"outcome": Outcome.EMPTY}, {"detail": "no answer within 2 s"}):
        assert not is_cut_off(msgspec.structs.replace(attempt, **other))
