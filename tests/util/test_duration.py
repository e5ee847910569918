"""Durations as people write them."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.util.duration import read_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1.5", 1.5), (90, 90), (0.5, 0.5), (None, None)]
)
def test_durations(text: str | float | None, seconds: float | None) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1s", "2d", "1e9", "9" * 12 + "h", -1, True, float("nan")])
def test_what_is_not_a_duration_is_refused_by_the_options_name(text: str | float) -> None:
    with pytest.raises(InputError, match="--deadline takes a duration such as 90s, 15m or 2h"):
        read_duration(text, "--deadline")
