"""The score of each run on each of its tasks, with an interval of its own: what stands beside paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from steelyard.comparison.contrast import LEAST_CLUSTERS
from steelyard.comparison.record import MatrixCell
from steelyard.comparison.scored_run import MeasuredScores, ScoredRun
from steelyard.stats.clustered import clustered_interval
from steelyard.stats.intervals import confidence_sequence, wilson

__all__ = ["matrix_of"]


def matrix_of(runs: Sequence[tuple[str, ScoredRun]]) -> tuple[MatrixCell, ...]:
    """The cells of all runs, each with its letter, in the order of their measurements."""
    return tuple(_cell(letter, measured) for letter, run in runs for measured in run.measured)


def _cell(letter: str, measured: MeasuredScores) -> MatrixCell:
    samples = list(measured.samples.values())
    low, high = [each.low for each in samples], [each.high for each in samples]
    groups = [each.group for each in samples]
    return MatrixCell(
        letter=letter,
        task=measured.measurement.task,
        scorer=measured.scorer,
        n=len(samples),
        score=(math.fsum(low) / len(low), math.fsum(high) / len(high)),
        ci=_at_a_stop(measured, low, high) if measured.ended else _at_the_end(low, high, groups),
        open=sum(each.is_open for each in samples),
        is_stopped=bool(measured.ended),
    )


def _at_the_end(low: list[float], high: list[float], groups: list[str]) -> tuple[float, float]:
    n = len(low)
    if len(set(groups)) >= LEAST_CLUSTERS:
        return clustered_interval(low, groups, n)[0], clustered_interval(high, groups, n)[1]
    least, most = math.floor(math.fsum(low) + 1e-9), math.ceil(math.fsum(high) - 1e-9)
    return wilson(least, n)[0], wilson(most, n)[1]


def _at_a_stop(measured: MeasuredScores, low: list[float], high: list[float]) -> tuple[float, float] | None:
    """A fixed number of samples has another interval than one at which a test may have stopped."""
    if not set(low) | set(high) <= {0.0, 1.0}:
        return None
    population = max(measured.measurement.population, len(low))
    return confidence_sequence(len(low), round(sum(low)), round(sum(high)), population)
