"""The score of each run with an interval of its own: at its end, at a stop, in clusters, and with open answers."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.comparison.matrix import matrix_of
from steelyard.comparison.record import MatrixCell
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers
from steelyard.stats.clustered import clustered_interval
from steelyard.stats.intervals import confidence_sequence, wilson


class Measured:
    """What is read of a measurement."""

    task, population = "sums", 100


class Run:
    def __init__(self, *measured: MeasuredScores) -> None:
        self.measured = measured


def cell(scores: list[tuple[float, float]], groups: int = 1, ended: Any = "") -> MatrixCell:
    samples = {
        str(place): SampleAnswers(low, high, str(place % groups), str(place), ())
        for place, (low, high) in enumerate(scores)
    }
    measurement: Any = Measured()
    run: Any = Run(MeasuredScores(measurement, "answer@5", samples, ended))
    [found] = matrix_of([("B", run)])
    return found


def test_at_its_end_it_is_wilsons_over_both_readings_of_what_is_open() -> None:
    found = cell([(1.0, 1.0)] * 6 + [(0.0, 0.0)] * 3 + [(0.0, 1.0)])
    assert (found.letter, found.task, found.n, found.open, found.is_stopped) == ("B", "sums", 10, 1, False)
    assert found.score == (0.6, 0.7)
    assert found.ci == (wilson(6, 10)[0], wilson(7, 10)[1])


def test_shares_count_outwards_and_six_groups_are_clusters() -> None:
    assert cell([(0.25, 0.25)] * 5).ci == (wilson(1, 5)[0], wilson(2, 5)[1])
    scores = [(float(place % 7 == 0), float(place % 7 == 0)) for place in range(60)]
    values = [low for low, _ in scores]
    clusters = [str(place % 6) for place in range(60)]
    assert cell(scores, groups=6).ci == clustered_interval(values, clusters, 60)


@pytest.mark.parametrize("ended", ["scores", "budget"])
def test_a_run_that_was_stopped_has_no_interval_of_a_fixed_number(ended: str) -> None:
    found = cell([(1.0, 1.0)] * 8 + [(0.0, 1.0)] * 2, ended=ended)
    assert found.is_stopped
    assert found.ci == confidence_sequence(10, 8, 10, 100)
    assert found.ci != (wilson(8, 10)[0], wilson(10, 10)[1])
    assert cell([(0.5, 0.5)] * 10, ended=ended).ci is None
