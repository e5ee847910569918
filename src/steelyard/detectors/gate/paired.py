"""A gate with a baseline at work: pairs of scores in committed order → green, red or undecided."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from steelyard.detectors.bars import MISSING, OPEN, mark_of, share_of_series
from steelyard.detectors.gate.monitor import GateMonitor
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, GateVerdict, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.records.record import Record
from steelyard.stats.blocked import Blocks, blocks_by
from steelyard.stats.gate import paired_gate
from steelyard.stats.multiway import file_places
from steelyard.stats.paired_bets import EARLY, PairedBets, difference_interval
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.compact import SmallIntegers

__all__ = ["BASELINE", "BaselineOptions", "PairedMonitor", "SealedBaseline", "margin_of", "null_of"]

BASELINE: Final = "baseline"  # the name of the plan's input
FIRST, EVERY = 400, 50  # pairs: twice the longest stretch that is allowed for, and from one look to the next
_WORDS: Final = {"red": VerdictWord.INCONSISTENT, "green": VerdictWord.CONSISTENT}


class BaselineOptions(Record, frozen=True, kw_only=True):
    """What a user sets, and what the baseline's run answered.

    ``margin`` is in percentage points, as a decimal text; ``baseline`` the SHA-256 of that run's sealed bundle.
    ``samples_root`` and ``items`` are those of its measurement; ``right`` and ``wrong`` are samples by their scores;
    ``places``: the place at which it asked each, the right ones first. Before the rule's fourth version it is empty.
    """

    baseline: str
    margin: str
    samples_root: str
    items: str = ""
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    family: int = 1
    strict_series: bool = False


class SealedBaseline(Record, frozen=True, kw_only=True):
    """The sealed part of a gate with a baseline: the number of the request that holds the baseline's scores."""

    request: int
    baseline: str
    margin: str
    family: int = 1
    strict_series: bool = False


def margin_of(text: str) -> Fraction | None:
    """Percentage points as a proportion; None for what is no number from 0 to below 100."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", text):
        return None
    return Fraction(text) / 100


def null_of(margin: str) -> str:
    """What red rejects."""
    if not bounded_fraction(margin):
        return "the model is at least as good as the baseline"
    return f"the model is worse than the baseline by at most {margin} points, or not at all"


class PairedMonitor(GateMonitor):
    """Takes the scores of one gate in any order of arrival and reads pairs along the committed order.

    An open or missing answer, of the model or of the baseline, counts for the model against red and against it for
    green. After the last sample the exact test for so many pairs decides.
    As a bad stretch of an endpoint may last as long as an early stop takes, nothing stops before ``FIRST`` pairs, and
    the blocked test has to confirm each colour; in the rule's third version (not ``blocked``) neither was so.
    """

    def __init__(
        self, test: PlannedTest, plan: Plan, sealed: SealedBaseline, options: BaselineOptions, *, blocked: bool = True
    ) -> None:
        self.planned, self.alpha = test, plan.alpha
        self.baseline = sealed
        self.measurement = plan.by_id[test.reads[0].measurement]
        self.number = plan.gate_number_of(self.measurement)
        self.green_level = plan.alpha * share_of_series(plan, self.measurement, strict=sealed.strict_series)
        self.level = self.green_level * test.weight / sealed.family
        margin = margin_of(sealed.margin)
        assert margin is not None  # the detector read it
        self.margin = float(margin)
        self._by = f" by more than {sealed.margin} points" if margin else ""
        self.bets = PairedBets(self.margin, self.level, self.green_level)
        self.colour = ""
        self.next_position = 0
        self._blocked, self._names = blocked, list[str]()
        self._places = dict(zip((*options.right, *options.wrong), options.places, strict=False))
        self._before: dict[str, int] = dict.fromkeys(options.wrong, 0) | dict.fromkeys(options.right, 1)
        self._waiting, self._arrived = SmallIntegers(), dict[int, str]()
        self._model: list[float | None] = []
        self._baseline: list[float | None] = []
        self._seen = Counter[str]()

    def observe(self, score: SampleScore) -> None:
        """Take one score; the gate reads on to the end of the contiguous prefix."""
        if score.position < self.next_position or self.closed:
            return
        self._waiting[score.position] = mark_of(score)
        self._arrived[score.position] = score.sample
        while not self.closed and self.next_position < self.measurement.planned:
            found = self._waiting.get(self.next_position)
            if found is None:
                return
            self._names.append(self._arrived.pop(self.next_position))
            self._read(found, self._before.get(self._names[-1]))
            self.next_position += 1
            self._waiting.forget_before(self.next_position)

    def _read(self, mark: int, before: int | None) -> None:
        model = mark if mark in (0, 1) else None
        self._model.append(model)
        self._baseline.append(before)
        self._seen["right"] += mark == 1
        self._seen["open"] += mark == OPEN
        self._seen["missing"] += mark == MISSING
        self._seen["unpaired"] += model is not None and before is None
        self._seen["baseline_right"] += before == 1
        self._seen["worse"] += model == 0 and before == 1
        self._seen["better"] += model == 1 and before == 0
        self.colour = self.bets.observe(model, before) or ""  # type: ignore[arg-type]  # 0, 1 or None
        if self._blocked:
            self.colour = self._tested() if self.colour and self._may_stop(len(self._model)) else ""
        if not self.colour and len(self._model) == self.measurement.planned:
            self.colour = self._tested(1 - EARLY)

    def _may_stop(self, read: int) -> bool:
        return not self._blocked or (read >= FIRST and read % EVERY == 0)

    def _tested(self, share: float = 1.0) -> str:
        """The test for a fixed number of pairs, at this share of either level: what early stops left."""
        blocks: Blocks = ()
        if self._blocked:
            times = [range(len(self._names)), [self._places.get(each, -1) for each in self._names]]
            blocks = blocks_by(times, file_places(self._names))
        found = paired_gate(self._model, self._baseline, self.margin, self.alpha, blocks)
        if found.p_within <= share * self.green_level:
            return "green"
        return "red" if found.p_worse <= share * self.level else ""

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once the gate has decided."""
        return frozenset((self.measurement.id,)) if self.colour else frozenset()

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the difference, valid at every look; None before the first pair."""
        if not self._model:
            return None
        pairs = [*zip(self._model, self._baseline, strict=True)]
        worst = [(model or 0) - (1 if before is None else before) for model, before in pairs]
        best = [(1 if model is None else model) - (before or 0) for model, before in pairs]
        losses, gains = ((sum(each == sign for each in worst), sum(each == sign for each in best)) for sign in (-1, 1))
        return difference_interval(len(pairs), losses, gains, self.alpha)

    @property
    def p(self) -> float:
        """At most the level where the gate is red, else 1: it is known only as what was sealed."""
        return self.level if self.colour == "red" else 1.0

    def progress(self) -> Progress:
        """The state of the gate, for a display; there is no forecast of a difference."""
        decision = {"red": "inconsistent", "green": "consistent"}.get(self.colour, "")
        target = f"baseline − {self.baseline.margin}"
        return Progress(decision=decision, interval=None, target=target, sign="≥", shortfalls=(-0.05, 0.05))

    def forecast(self, shortfall: float) -> int | None:
        """Pairs until a decision where the model is ``shortfall`` below the bar, and no other sample changes.

        None where all pairs do not decide before the exact test.
        """
        difference = -self.margin - shortfall
        bets, changed = PairedBets(self.margin, self.level, self.green_level), 0
        for asked in range(1, self.measurement.planned + 1):
            changes = int(asked * abs(difference)) > changed
            changed += changes
            gains = changes and difference > 0
            if bets.observe(1 if gains or not changes else 0, 0 if gains else 1) and self._may_stop(asked):
                return asked
        return None

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green (*consistent*), red (*inconsistent*) or undecided, and what was read."""
        word = _WORDS.get(self.colour, VerdictWord.INSUFFICIENT_POWER)
        seen = self._seen
        said = f"{seen['worse']:,} samples worse, {seen['better']:,} better, of {len(self._model):,}"
        red = Finding(
            detector="gate", check="below_baseline", task=self.measurement.task, null=self.planned.null, p=self.p,
            ci=self.interval, n=len(self._model), message=f"worse than the baseline{self._by}: {said}",
            assumptions=("the order of the samples was committed before the first answer",),
        )  # fmt: skip
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=self.p,
            reason="" if self.colour else f"not told apart from the baseline: {said}",
            findings=(red,) if self.colour == "red" else (),
            gate=GateVerdict(
                task=self.measurement.task,
                measurement=self.measurement.id,
                baseline=self.baseline.baseline,
                margin=self.baseline.margin,
                asked=len(self._model),
                of=self.measurement.planned,
                items=self.measurement.population,
                ci=self.interval,
                family=self.baseline.family,
                right=seen["right"],
                missing=seen["missing"],
                open=seen["open"],
                worse=seen["worse"],
                better=seen["better"],
                unpaired=seen["unpaired"],
                baseline_right=seen["baseline_right"],
                number=self.number,
                strict_series=self.baseline.strict_series,
            ),
        )
