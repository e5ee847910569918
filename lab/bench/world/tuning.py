"""Tuning trials: the grid of learning rates grows by factors of two until the best of every kind lies inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.world.record import Run
from bench.world.settings import Cell, Settings, learning

__all__ = ["choose", "grid", "trials"]

_SEED = 1_000_000  # of no other training
_ARM = "tuning"


def trials(settings: Settings, runs: Sequence[Run] = ()) -> Iterator[Cell]:
    """The trials that these runs call for, done or not: as many for each method that learns, on each task."""
    for task in settings.tasks:
        for rate in grid(settings, task, runs):
            yield from (_trial(settings, task, method, rate) for method in learning(settings))


def grid(settings: Settings, task: str, runs: Sequence[Run] = ()) -> tuple[float, ...]:
    """The learning rates of a task, ascending, the same for all methods, as far as these runs tell.

    Once all methods have tried all of them, a factor of two is added below or above where the best of any method lies
    at that end, within the settings' limits. A single rate is no grid and stays alone.
    """
    rates = sorted(settings.learning_rates)
    lowest, highest = settings.rate_limits
    done = {run.cell.key: run for run in runs if run.cell.arm == _ARM}
    while len(rates) > 1:
        wanted = [_trial(settings, task, method, rate) for method in learning(settings) for rate in rates]
        if not all(cell.key in done for cell in wanted):
            break
        best = set(choose(done[cell.key] for cell in wanted).values())
        below = [rates[0] / 2] if rates[0] in best and rates[0] / 2 >= lowest else []
        above = [rates[-1] * 2] if rates[-1] in best and rates[-1] * 2 <= highest else []
        if not (below or above):
            break
        rates = [*below, *rates, *above]
    return tuple(rates)


def choose(runs: Iterable[Run]) -> dict[str, float]:
    """Task and method → the learning rate of the best trial: by score, then, as at chance level, by its last loss.

    A trial that diverged is worse than any other.
    """
    best: dict[str, tuple[bool, float, float, float]] = {}
    for run in runs:
        if run.cell.arm != _ARM:
            continue
        assert run.cell.learning_rate is not None
        name = f"{run.cell.task} {run.cell.method}"
        trial = (bool(run.failed), -run.score, run.losses.get("total", float("inf")), run.cell.learning_rate)
        best[name] = min(best.get(name, trial), trial)
    return {name: trial[3] for name, trial in sorted(best.items())}


def _trial(settings: Settings, task: str, method: str, rate: float) -> Cell:
    return Cell(
        task=task,
        method=method,
        arm="tuning",
        pool=max(settings.sizes),
        seed=_SEED,
        cpu_seconds=settings.cpu_seconds[task],
        learning_rate=rate,
    )
