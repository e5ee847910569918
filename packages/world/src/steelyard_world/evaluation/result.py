"""Results of tests: raw scores of one model on each scene, and their summary with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard_world.stats.crossed import Interval, crossed_difference, crossed_mean, crossed_sum

__all__ = [
    "FORMAT",
    "Doubles",
    "Results",
    "ScoreSummary",
    "Setting",
    "TestResult",
    "difference_interval",
    "matrix",
    "mean_interval",
    "read_results",
    "standing",
    "summarise_scores",
    "write_results",
]

FORMAT = "steelyard-world-results/1"
ALPHA = 0.05

Doubles = NDArray[np.float64]
Setting = str | int | float | bool
Better = Literal["higher", "lower"]


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """Raw values of one model, trained with one seed, under one test; controls (floors, ceilings) have the same form.

    ``units`` names the scene or episode of each score. ``details`` are further numbers
    of each unit, such as its steps. ``settings`` are the planner's or the probe's, on which a score depends.
    """

    __test__: ClassVar[bool] = False  # not a test for pytest

    test: str
    world: str
    condition: str = ""
    model: str
    training_seed: int | None = None
    scores: tuple[float, ...]
    units: tuple[str, ...]
    details: dict[str, tuple[float, ...]] = {}
    settings: dict[str, Setting] = {}
    measure: str = "score"
    """What a score measures: ``goals reached``, ``error in pixels``."""
    better: Better = "higher"

    def __post_init__(self) -> None:
        lengths = {len(self.scores), len(self.units), *(len(values) for values in self.details.values())}
        if lengths != {len(self.units)} or not self.units:
            raise ValueError(f"{self.test}: as many scores and details as units, at least one, not {sorted(lengths)}")
        if len(set(self.units)) != len(self.units):
            raise ValueError(f"{self.test}: each unit once")
        if not np.isfinite(self.scores).all():
            raise ValueError(f"{self.test}: scores are finite numbers")

    @property
    def mean(self) -> float:
        """The plain mean over units."""
        return float(np.mean(self.scores))


class ScoreSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report: the mean over training seeds and units, its interval, and where floor and ceiling lie.

    ``normalised`` is (score − floor) / (ceiling − floor): 0 at the floor, 1 at the ceiling, whichever way is better.
    Its interval counts floor and ceiling as measured too, on the same units. None where there is no such interval.
    """

    test: str
    world: str
    condition: str = ""
    model: str
    measure: str = "score"
    better: Better = "higher"
    score: float
    low: float
    high: float
    floor: float | None = None
    floor_name: str = ""
    gain: float | None = None
    """How much better than the best floor, in the measure's units; above 0 is better.

    Its interval is paired by unit, and exists even where floor and ceiling coincide.
    """
    gain_low: float | None = None
    gain_high: float | None = None
    ceiling: float | None = None
    ceiling_name: str = ""
    normalised: float | None = None
    normalised_low: float | None = None
    normalised_high: float | None = None
    lost: float | None = None
    """The loss by a shift: the same trainings' score without the shift less this one, on the same episodes."""
    lost_low: float | None = None
    lost_high: float | None = None
    seeds: int
    units: int
    by_seed: tuple[float, ...] = ()
    controls: dict[str, float] = {}
    """Every measured floor and ceiling, by name."""
    settings: dict[str, Setting] = {}


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The file that ``steelyard world eval`` writes and ``steelyard world compare`` reads."""

    format: str = FORMAT
    checkpoints: tuple[dict[str, Setting], ...] = ()
    """For each model: its folder, kind, seed, and the budget of its training."""
    results: tuple[TestResult, ...] = ()
    controls: tuple[TestResult, ...] = ()
    summaries: tuple[ScoreSummary, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was not tested, one sentence each."""


def write_results(path: Path, results: Results) -> None:
    """Write the whole file or nothing, as indented JSON."""
    from steelyard.util.atomic_file import write_file

    write_file(path, msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def read_results(path: Path) -> Results:
    """Read what :func:`write_results` wrote; raises InputError where it is missing or another file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    try:
        found = msgspec.json.decode(data, type=Results)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"is not a results file of steelyard world eval: {error}", where=path) from None
    if found.format != FORMAT:
        raise InputError(f"has the format {found.format[:40]!r}; this version reads {FORMAT}", where=path)
    return found


def summarise_scores(
    results: Sequence[TestResult], floors: Sequence[TestResult] = (), ceilings: Sequence[TestResult] = ()
) -> ScoreSummary:
    """Summarise one test of one kind of model: one result a training seed, all on the same units.

    Intervals (95 %) are Satterthwaite's t over trainings and units (:mod:`steelyard_world.stats.crossed`). With a
    single seed they are over units alone, and so do not cover how much trainings vary. Of several floors, the one with
    the best mean is *the* floor; the same holds for ceilings. Raises InputError where results or controls are not of
    the same units.
    """
    first = results[0]
    values = matrix(results, first.units)
    found = mean_interval(values, better=first.better)
    below, above = _tables(floors, first.units), _tables(ceilings, first.units)
    sign = 1.0 if first.better == "higher" else -1.0
    floor_name, floor = _best(below, sign)
    ceiling_name, ceiling = _best(above, sign)
    gain = _gain(values, below, floor_name, sign) if below else None
    normalised, between = None, None
    if floor is not None and ceiling is not None and sign * (ceiling - floor) > 0:
        normalised = (found.estimate - floor) / (ceiling - floor)
        between = _between(values, found, below[floor_name], above[ceiling_name], sign)
    return ScoreSummary(
        test=first.test,
        world=first.world,
        condition=first.condition,
        model=first.model,
        measure=first.measure,
        better=first.better,
        score=found.estimate,
        low=found.low,
        high=found.high,
        floor=floor,
        floor_name=floor_name,
        gain=gain.estimate if gain else None,
        gain_low=gain.low if gain else None,
        gain_high=gain.high if gain else None,
        ceiling=ceiling,
        ceiling_name=ceiling_name,
        normalised=normalised,
        normalised_low=between.low if between else None,
        normalised_high=between.high if between else None,
        seeds=len(results),
        units=len(first.units),
        by_seed=tuple(result.mean for result in results),
        controls={name: float(table.mean()) for name, table in (below | above).items()},
        settings=first.settings,
    )


def mean_interval(values: Doubles, *, better: Better = "higher") -> Interval:
    """The 95 % interval of the mean of (training seeds, units): Satterthwaite's t, or the exact bound of the units.

    It is the exact bound where every score is 1 or every one is 0, of which t learns nothing: the least rate that gives
    n of n with probability α/2 is (α/2)^(1/n) (Clopper & Pearson 1934). Trainings do not count as further units. An
    interval of shares ends at 0 and 1, one of errors (``better`` is lower) at 0.
    """
    least = (ALPHA / 2) ** (1 / values.shape[1])
    if (values == 1).all():
        return Interval(1.0, least, 1.0)
    if (values == 0).all():
        return Interval(0.0, 0.0, 1 - least)
    found = crossed_mean(values, alpha=ALPHA)
    low = max(found.low, 0.0) if (values >= 0).all() else found.low
    return Interval(found.estimate, low, min(found.high, 1.0) if better == "higher" and _shares(values) else found.high)


def difference_interval(first: Doubles, second: Doubles, *, better: Better = "higher") -> Interval:
    """The 95 % interval of the mean of ``first`` less that of ``second``, paired by unit: Welch's t over trainings.

    A table whose every score is the same does not show how it could vary: :func:`mean_interval` of each does. The
    interval then holds that between their ends too, which is too wide rather than too narrow.
    """
    found = crossed_difference(first, second, alpha=ALPHA)
    low, high = found.low, found.high
    if not (np.ptp(first) and np.ptp(second)):
        one, other = (mean_interval(table, better=better) for table in (first, second))
        low, high = min(low, one.low - other.high), max(high, one.high - other.low)
    if better == "higher" and _shares(first) and _shares(second):
        low, high = max(low, -1.0), min(high, 1.0)
    return Interval(found.estimate, low, high)


def standing(summary: ScoreSummary) -> Literal["above", "unclear", "below", "no floor"]:
    """Say whether the whole interval of the gain is on the better side of the floor, on the worse side, or neither."""
    if summary.gain_low is None or summary.gain_high is None:
        return "no floor"
    return "above" if summary.gain_low > 0 else "below" if summary.gain_high < 0 else "unclear"


def matrix(results: Sequence[TestResult], units: Sequence[str]) -> Doubles:
    """Scores as (training seeds, units), in the order of ``units``; raises InputError where units differ."""
    rows = []
    for result in results:
        by_unit = dict(zip(result.units, result.scores, strict=True))
        if by_unit.keys() != set(units):
            common = len(by_unit.keys() & set(units))
            raise InputError(
                f"{result.test} on {result.world}: {result.model} was tested on other episodes "
                f"({len(by_unit)}, of which {common} are among the {len(units)} of the others); "
                "test all on the same seeds"
            )
        rows.append([by_unit[unit] for unit in units])
    return np.array(rows, dtype=np.float64)


def _tables(controls: Sequence[TestResult], units: Sequence[str]) -> dict[str, Doubles]:
    """A table (seeds, units) of each control, by its name."""
    groups: dict[str, list[TestResult]] = {}
    for control in controls:
        groups.setdefault(control.model, []).append(control)
    return {name: matrix(group, units) for name, group in groups.items()}


def _best(tables: Mapping[str, Doubles], sign: float) -> tuple[str, float | None]:
    if not tables:
        return "", None
    name = max(tables, key=lambda each: sign * float(tables[each].mean()))
    return name, float(tables[name].mean())


def _gain(values: Doubles, floors: Mapping[str, Doubles], best: str, sign: float) -> Interval:
    """The score less that of the best floor; higher is better.

    Which floor is best was seen on the same units, so the lower end is the lowest over all floors.
    """
    better: Better = "higher" if sign > 0 else "lower"
    found = {name: difference_interval(values, table, better=better) for name, table in floors.items()}
    turned = {name: sorted((sign * each.low, sign * each.high)) for name, each in found.items()}
    return Interval(sign * found[best].estimate, min(low for low, _ in turned.values()), turned[best][1])


def _between(values: Doubles, exact: Interval, floor: Doubles, ceiling: Doubles, sign: float) -> Interval | None:
    """(score − floor) / (ceiling − floor), linearised at the estimate; None unless there surely is room between them.

    A ceiling that is surely above the floor keeps the ratio far enough from a division by 0.
    """
    if crossed_difference(sign * ceiling, sign * floor, alpha=ALPHA).low <= 0:
        return None
    low_end, room = float(floor.mean()), float(ceiling.mean() - floor.mean())
    share = (exact.estimate - low_end) / room
    found = crossed_sum([values, floor, ceiling], [1 / room, (share - 1) / room, -share / room], alpha=ALPHA)
    low, high = share + found.low - found.estimate, share + found.high - found.estimate
    if np.ptp(values):
        return Interval(share, low, high)
    # Floor and ceiling vary, but the score does not show how it could.
    ends = [(end - low_end) / room for end in (exact.low, exact.high)]
    return Interval(share, min(low, *ends), max(high, *ends))


def _shares(values: Doubles) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())
