"""A reading as a score."""

from __future__ import annotations

from steelyard.records import Score
from steelyard.scorers.reading.scores import score_of


def test_what_cannot_be_read_in_one_way_has_no_value() -> None:
    assert [score_of(reading) for reading in (True, False, None)] == [
        Score(value=1.0),
        Score(value=0.0),
        Score(value=None),
    ]
