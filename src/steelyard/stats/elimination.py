"""Which is the cheapest of several candidates that meets a target? Bad candidates cost few calls.

All candidates answer the same N samples, a finite population, in one committed random order without replacement. A
candidate meets the target where it is right on at least T = ⌈N·target⌉ of them. Each has the two bets of
:mod:`steelyard.stats.sequential` against T and T − 1, in integers, and is asked until one of them is won: *below* or
*meets*. Candidates are numbered from the cheapest on. The choice is the first that meets, once all cheaper ones are
below.

Errors, of which the whole has the level α. Let k be the cheapest that truly meets. The choice is wrong only if k is
found to be below, one test, or if a cheaper one, which does not meet, is found to meet, or, where none meets, any. So
*below* is tested at α/2 without a correction, since only k's exclusion is an error of the choice, and *meets* at α/(2K)
for K candidates. All looks count as one, and candidates may hang together in any way.

After N answers each candidate is decided, unless answers are missing: a missing one counts as right against *below* and
as wrong against *meets*. "None is sure enough" is an answer.

Where answers vary (``steady`` False), a target is about each candidate's rate over passes, of which one pass is a
sample, as a gate's bar is (:mod:`steelyard.stats.bar_gate`), at the same two levels. A whole pass may then leave a
candidate undecided: "is below in this pass" would exclude one that is exactly at its target half of the time.

:func:`evaluate_cascade` tries two models in a row: the small one first, the large one where a signal is low.
``python -m bench.inhouse choose`` prints how often the choice is that of the full grid, and the calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from steelyard.stats.bar_gate import gate_at_levels
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.sequential import Decision, StopTable

__all__ = [
    "Candidate",
    "Cascade",
    "Choice",
    "Elimination",
    "begin",
    "choice",
    "evaluate_cascade",
    "needed",
    "observe",
]

Standing = Literal["below", "meets"]
STANDINGS: Final[Mapping[Decision, Standing]] = {"inconsistent": "below", "consistent": "meets"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one candidate: counts of its answers in the order, and its standing once it is decided."""

    n: int = 0
    right: int = 0
    missing: int = 0
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Elimination:
    """The rule, which a plan can seal, and the candidates so far, the cheapest first."""

    population: int
    threshold: int
    table: StopTable
    candidates: tuple[Candidate, ...]

    def is_open(self, number: int) -> bool:
        """Whether the candidate is undecided and has answers left."""
        candidate = self.candidates[number]
        return candidate.standing is None and candidate.n < len(self.table.inconsistent)


@dataclass(frozen=True, slots=True)
class Choice:
    """The result. ``candidate`` is None where none was shown to meet the target."""

    candidate: int | None
    cheapest: bool
    """Whether all cheaper ones were shown to be below the target."""
    undecided: tuple[int, ...]
    """Candidates, no dearer than the choice, of which neither was shown."""
    calls: int


def begin(
    population: int,
    target: Fraction,
    candidates: int,
    alpha: float = 0.05,
    limit: int | None = None,
    *,
    steady: bool = True,
) -> Elimination:
    """The state before the first answer.

    ``target`` is a proportion, exact. ``limit`` cuts the samples that are asked. ``steady``: answers do not vary.
    Raises ValueError for no candidate, a limit below 1, and a target of 0 or above 1.
    """
    if candidates < 1:
        raise ValueError("there is no candidate to choose from")
    if limit is not None and limit < 1:
        raise ValueError(f"a limit is at least one sample, not {limit}")
    if not 0 < target <= 1:
        raise ValueError(f"a target is a threshold above 0 and at most 1, not {target}")
    gate = gate_at_levels(population, target, alpha / 2, alpha / 2 / candidates, steady=steady)
    table = StopTable(inconsistent=gate.table.inconsistent[:limit], consistent=gate.table.consistent[:limit])
    return Elimination(population, gate.red_below, table, (Candidate(),) * candidates)


def needed(state: Elimination, width: int = 1) -> tuple[int, ...]:
    """The candidates to ask next, at most ``width``, the cheapest first; empty when the choice is made.

    A width of 1 needs the fewest calls: a dearer candidate is asked when all cheaper ones are decided. With more, those
    that come next are asked meanwhile. Nobody is asked who is dearer than one that meets.
    """
    found: list[int] = []
    for number, candidate in enumerate(state.candidates):
        if candidate.standing == "meets" or len(found) == width:
            break
        if state.is_open(number):
            found.append(number)
    return tuple(found)


def observe(state: Elimination, number: int, score: float | None) -> Elimination:
    """The state after the next score of the order of candidate ``number``: 1 right, 0 wrong, None missing or open.

    Answers of a decided candidate change nothing. Raises ValueError for any other score, and for one more than there
    are samples.
    """
    candidate = state.candidates[number]
    if candidate.standing is not None:
        return state
    if score not in (0, 1, None):
        raise ValueError(f"a score is 0, 1 or None here, not {score!r}: a target is for right and wrong answers")
    if candidate.n == len(state.table.inconsistent):
        raise ValueError(f"candidate {number} has answered all {candidate.n} samples")
    n, right, missing = candidate.n + 1, candidate.right + (score == 1), candidate.missing + (score is None)
    decision = state.table.decision(n, right, right + missing)
    after = Candidate(n, right, missing, STANDINGS[decision] if decision else None)
    return replace(state, candidates=(*state.candidates[:number], after, *state.candidates[number + 1 :]))


def choice(state: Elimination) -> Choice:
    """What the answers so far show; it is final when :func:`needed` is empty."""
    calls = sum(candidate.n for candidate in state.candidates)
    undecided: list[int] = []
    for number, candidate in enumerate(state.candidates):
        if candidate.standing == "meets":
            return Choice(number, not undecided, tuple(undecided), calls)
        if candidate.standing is None:
            undecided.append(number)
    return Choice(None, False, tuple(undecided), calls)


# ── cascades ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cascade:
    """A small model first; the large one where the small one's signal is at or below ``threshold``.

    The threshold comes from the first half of the order, everything else from the second, which did not choose it.
    """

    threshold: float
    tuned_rate: float
    """The rate on the half that chose the threshold: too good by chance, for comparison."""
    samples: int
    right: int
    low: float
    high: float
    """Clopper and Pearson's interval of the rate, about questions like these."""
    escalated: int
    cost: float
    """Mean cost of a sample, in the unit of the costs."""
    cost_of_large: float

    @property
    def rate(self) -> float:
        """Share of right answers on the second half."""
        return self.right / self.samples

    def meets(self, target: float) -> bool:
        """Whether the interval's lower end reaches the target."""
        return self.low >= target


def evaluate_cascade(
    signals: Sequence[float],
    small: Sequence[int],
    large: Sequence[int],
    costs: tuple[float, float],
    target: float,
    alpha: float = 0.05,
) -> Cascade:
    """Choose a threshold on the first half of a committed random order, and measure it on the second.

    ``signals`` are of the small model's answers (a likelihood, an agreement of repeats …): where one is at or below the
    threshold, the large model is asked too. ``small`` and ``large`` are 1 or 0; ``costs`` are of one call to each. The
    threshold is the one with the fewest escalations that reaches ``target`` on the first half, or else the one of the
    highest rate. Raises ValueError for fewer than four samples, unequal lengths, a signal that is no number, and scores
    other than 0 and 1.
    """
    if not len(signals) == len(small) == len(large) or len(signals) < 4:
        raise ValueError("a cascade needs four samples or more, each with a signal and two scores")
    if any(math.isnan(signal) for signal in signals) or any(score not in (0, 1) for score in (*small, *large)):
        raise ValueError("signals are numbers, and scores 0 or 1")
    half = len(signals) // 2
    tuning = sorted(zip(signals[:half], small[:half], large[:half], strict=True))
    threshold, tuned = _threshold(tuning, target)
    rows = list(zip(signals[half:], small[half:], large[half:], strict=True))
    right = sum(of_large if signal <= threshold else of_small for signal, of_small, of_large in rows)
    escalated = sum(signal <= threshold for signal, _, _ in rows)
    low, high = clopper_pearson(right, len(rows), alpha)
    cost = costs[0] + costs[1] * escalated / len(rows)
    return Cascade(threshold, tuned, len(rows), right, low, high, escalated, cost, costs[1])


def _threshold(tuning: Sequence[tuple[float, int, int]], target: float) -> tuple[float, float]:
    """The threshold and its rate, from (signal, small, large) by rising signal."""
    right = sum(of_small for _, of_small, _ in tuning)
    best = (-math.inf, right)
    for place, (signal, of_small, of_large) in enumerate(tuning):
        if best[1] >= target * len(tuning):
            break
        right += of_large - of_small
        last = place + 1 == len(tuning) or tuning[place + 1][0] > signal
        if last and right > best[1]:
            best = (signal, right)
    return best[0], best[1] / len(tuning)
