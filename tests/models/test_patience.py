"""The pauses between the attempts of a check."""

from __future__ import annotations

import asyncio

import pytest

from steelyard.models.patience import pause_after
from steelyard.records import ModelOutput, Outcome


@pytest.mark.parametrize(
    ("attempt", "retry_after", "seconds"),
    [(0, None, 0.2), (1, None, 0.4), (3, None, 1.6), (9, None, 5.0), (0, 3.0, 3.0), (3, 3.0, 3.0), (0, 600.0, 5.0)],
)
def test_pauses_double_unless_the_server_names_one(
    monkeypatch: pytest.MonkeyPatch, attempt: int, retry_after: float | None, seconds: float
) -> None:
    slept = []

    async def note(pause: float) -> None:
        slept.append(pause)

    monkeypatch.setattr(asyncio, "sleep", note)
    asyncio.run(pause_after(ModelOutput(outcome=Outcome.SERVER_ERROR, retry_after=retry_after), attempt))
    assert slept == [pytest.approx(seconds)]
