"""Scores in other formats → what is said of them."""

from __future__ import annotations

from typing import Any

from steelyard.records import PlannedTest, Reads, SampleScore
from steelyard_forensics.format_spread.monitor import SpreadMonitor
from testkit.plans import measurement

TEST = PlannedTest(id="f", rule="format_spread@1", reads=(Reads(measurement="a", scorer="exact@5"),))


def score(position: int, value: float | None, status: Any = "scored", of: str = "a") -> SampleScore:
    return SampleScore(
        measurement=of, position=position, sample=str(position), repeat=0, status=status, value=value,
        scorer="exact@5", seq=0,
    )  # fmt: skip


def test_the_first_samples_of_the_order_count_in_any_order_of_arrival() -> None:
    monitor = SpreadMonitor(TEST, [measurement(id="a", prompt="letter")], 4)
    for position, value in ((3, 1.0), (1, 0.0), (9, 1.0), (-1, 1.0), (0, 1.0)):
        monitor.observe(score(position, value))
    monitor.observe(score(0, 1.0, of="b"))
    assert (monitor.closed, monitor.heads, monitor.progress().remaining) == (frozenset(), {"a": 3}, 1)
    monitor.observe(score(2, None, "open"))
    assert monitor.closed == {"a"}
    (note,) = monitor.find({}).notes
    assert "letter: 2 of 4 right (15 to 95 %)" in note.message
    assert monitor.find({}).p is None


def test_nothing_is_said_of_nothing() -> None:
    assert SpreadMonitor(TEST, [measurement(id="a")], 4).find({}).notes == ()


def test_a_short_benchmark_is_asked_whole() -> None:
    monitor = SpreadMonitor(TEST, [measurement(id="a", population=2)], 60)
    for position in range(2):
        monitor.observe(score(position, 1.0))
    assert monitor.closed == {"a"}
