"""The result of ``steelyard portfolio``: shares, overlap of failures, and quality beside cost. Shares are fractions."""

from __future__ import annotations

import msgspec

from steelyard.records.record import Record

__all__ = ["Concentration", "Flattening", "Holding", "Overlap", "Portfolio"]


class Holding(Record, frozen=True, kw_only=True):
    """One model of the portfolio. ``share`` is what is bet on it, ``quality`` its mean score on the common samples.

    ``cost`` is of one call, in the user's currency. ``on_frontier``: no other is at least as good for less.
    ``guessed`` names what was taken from the model's name, and not given.
    """

    letter: str
    name: str
    model: str
    share: float
    vendor: str
    family: str
    architecture: str
    guessed: tuple[str, ...]
    quality: float
    quality_low: float
    quality_high: float
    cost: float | None
    on_frontier: bool


class Concentration(Record, frozen=True, kw_only=True):
    """How concentrated the shares are by vendor, family or architecture.

    ``hhi`` is the Herfindahl–Hirschman index, the sum of squared shares in percent: 10,000 is a single one.
    ``effective`` is the number of equal shares with the same index.
    """

    by: str
    shares: dict[str, float]
    hhi: float
    effective: float


class Overlap(Record, frozen=True, kw_only=True):
    """How far two models fail on the same samples; ``both`` beside what independent failures would give, and κ.

    ``kappa`` is None where one of them never fails or always does. ``not_told_apart``: its share of common failures is
    not surely above that of the pair that fails least together.
    """

    first: str
    second: str
    both: float
    expected: float
    kappa: float | None
    low: float
    high: float
    not_told_apart: bool = False


class Flattening(Record, frozen=True, kw_only=True):
    """Whether quality flattens with cost: points per tenfold cost with an interval, and a test against saturation."""

    points: int
    slope: float
    slope_low: float
    slope_high: float
    p: float
    ceiling: float | None
    ceiling_low: float | None
    ceiling_high: float | None


class Portfolio(Record, frozen=True, kw_only=True):
    """Models on ``n`` samples that all of them answered, in ``clusters`` independent units.

    ``left_out`` counts samples on which an answer is open or missing. ``overlaps`` come with the pair that fails least
    together first. ``all_fail`` is the share of samples on which every model fails.
    """

    alpha: float
    n: int
    clusters: int
    left_out: int
    tasks: tuple[str, ...]
    holdings: tuple[Holding, ...]
    concentrations: tuple[Concentration, ...]
    overlaps: tuple[Overlap, ...]
    all_fail: float
    all_fail_expected: float
    flattening: Flattening | None = None
    no_frontier: str = ""
    notes: tuple[str, ...] = msgspec.field(default_factory=tuple)
