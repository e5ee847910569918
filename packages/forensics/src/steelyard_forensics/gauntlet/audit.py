"""Audits one simulated vendor: its answers go to the detectors' own monitors, and their results under one Holm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.auditing.finders import Finders, open_finders
from steelyard.auditing.verdict import rejected
from steelyard.planning.cues import CUE, PLACEBO
from steelyard.planning.drawn import TWINS
from steelyard.planning.order import paces
from steelyard.records import DetectorResult, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.runner.order import Finished, calls_again, calls_of
from steelyard.runner.schedule import Call
from steelyard.stats.twins import detectable_gap
from steelyard_forensics.gauntlet.parameters import Kind
from steelyard_forensics.gauntlet.peers import PeerTested, peers_of
from steelyard_forensics.gauntlet.planner import SCORER, plan_of
from steelyard_forensics.gauntlet.vendors import Integers, Row, Vendor, bad_times, luck
from steelyard_forensics.stats.cues import detectable_effect

__all__ = ["Audit", "Tested", "audit", "scores_of"]

_CONNECTIONS = 64
_Z_OF_POWER = 1.2815515655446004  # .9
_UNDECIDED = VerdictWord.INSUFFICIENT_POWER.value


@dataclass(frozen=True)
class Tested:
    """One test of an audit. ``is_true``: its null hypothesis holds. ``is_found``: the whole report rejects it.

    ``detectable``: it does not hold, by so much that the test's own thresholds find it with a power of .9.
    """

    detector: str
    benchmark: str
    is_true: bool
    word: str
    p: float
    is_found: bool
    detectable: bool
    read: int
    of: int


@dataclass(frozen=True)
class Audit:
    """How the audit of one vendor ended; ``calls`` of ``most`` were made."""

    kind: str
    dose: float | None
    tests: tuple[Tested, ...]
    peers: tuple[PeerTested, ...]
    calls: int
    most: int


class _Stream(NamedTuple):
    """What is asked of a benchmark in one order, beginning with an answer to ``first``.

    By call: the ``samples``' numbers, whether they are of the second kind (``others``), and the ``passes``' numbers.
    """

    first: Measurement
    calls: tuple[Call, ...]
    samples: Integers
    others: NDArray[np.bool_]
    passes: Integers


def audit(vendor: Vendor, random: np.random.Generator, number: int = 1) -> Audit:
    """Audit a vendor's table from its printed numbers to the verdicts, as the ``number``-th audit of it by this key."""
    if vendor.orders:
        vendor = replace(vendor, orders=f" {random.integers(2**32)}")
    plan = plan_of(vendor, number)
    finders = open_finders(plan)
    by_test: Mapping[str, Any] = finders.by_test
    calls = most = 0
    for row in vendor.rows:
        lanes = _lanes(vendor, row, plan, random)
        calls += _ask(lanes, finders, bad_times(vendor.kind, row.benchmark.samples, random))
        most += sum(len(lane.calls) for lane in lanes)
    results = [
        DetectorResult(test=test.id, rule=test.rule, word=VerdictWord(finder.decision or _UNDECIDED), p=_p(finder))
        for test, finder in zip(plan.tests, by_test.values(), strict=True)
    ]
    found = rejected(plan, results)
    rows = {row.benchmark.name: row for row in vendor.rows}
    tests = tuple(
        _tested(test, by_test[test.id], rows[plan.by_id[test.reads[0].measurement].task], vendor.kind, test.id in found)
        for test in plan.tests
    )
    return Audit(vendor.kind.name, vendor.kind.dose, tests, peers_of(vendor, random), calls, most)


def _tested(test: PlannedTest, finder: Any, row: Row, kind: Kind, is_found: bool) -> Tested:
    name = test.rule.partition("@")[0]
    is_true, detectable = {
        "claim_retest": (row.is_true, _claim_detectable),
        "twin_gap": (row.same, _gap_detectable),
        "cue_gap": (row.unaware, _effect_detectable),
    }[name]
    in_pairs, formats = hasattr(finder, "pairs"), _formats(finder)
    return Tested(
        detector=name,
        benchmark=row.benchmark.name,
        is_true=is_true,
        detectable=not is_true and detectable(finder, row, kind),
        word=str(finder.decision or _UNDECIDED),
        p=_p(finder),
        is_found=is_found,
        read=finder.pairs.n if in_pairs else sum(each.retest.n for each in formats),
        of=finder.of if in_pairs else sum(each.measurement.trials for each in formats),
    )


def _formats(finder: Any) -> Sequence[Any]:
    """The finders of each way in which a claim is asked."""
    return getattr(finder, "finders", (finder,))


def _claim_detectable(finder: Any, row: Row, kind: Kind) -> bool:
    """Whether fewer are right than the test's threshold with probability .9, if all is asked; missing ones count.

    In each way in which it was asked.
    """
    found = []
    for test, measurement in ((each.retest.test, each.measurement) for each in _formats(finder)):
        if test is None or not test.testable:
            continue
        public, trials = row.states.get((measurement.decoding, None), row).public, measurement.trials
        counted = public + (1 - public) * kind.missing_wrong
        spread = math.sqrt(trials * float(np.mean(public * (1 - public))))
        found.append(trials * float(np.mean(counted)) + _Z_OF_POWER * spread < test.accuse)
    return bool(found) and all(found)


def _gap_detectable(finder: Any, row: Row, kind: Kind) -> bool:
    """Whether the gap is at least the least that the detector's result states to find, with what is missing."""
    missing = (
        round(float(np.mean(kind.missing * right + kind.missing_wrong * (1 - right))), 2)
        for right in (row.public, row.fresh)
    )
    rate, level = round(float(row.public.mean()), 2), finder.levels.accuse
    least = _detectable_gap(finder.of, rate, level, unread=tuple(missing))
    return least is not None and float(row.public.mean() - row.fresh.mean()) >= least


def _effect_detectable(finder: Any, row: Row, kind: Kind) -> bool:
    """Whether the effect, as missing answers leave it, is at least the least that the test finds."""
    cue, placebo = row.public * (1 - kind.missing), row.placebo + (1 - row.placebo) * kind.missing_wrong
    placebo_alone = round(float(np.mean((1 - cue) * placebo)), 2)
    least = _detectable_effect(finder.of, placebo_alone, finder.pairs.tolerance, finder.levels.accuse)
    return least is not None and float(np.mean(cue - placebo)) >= least


_detectable_gap = lru_cache(maxsize=4096)(detectable_gap)
_detectable_effect = lru_cache(maxsize=4096)(detectable_effect)


def _p(finder: Any) -> float:
    """A finder's p. Its whole result has charts and sentences, too, which nobody reads here."""
    return float(finder.pairs.p if hasattr(finder, "pairs") else finder.p)


def scores_of(vendor: Vendor, plan: Plan, random: np.random.Generator) -> Iterator[SampleScore]:
    """All scores of a plan's measurements, in the order in which they would be asked, whoever still reads them."""
    for row in vendor.rows:
        lanes, times = _lanes(vendor, row, plan, random), bad_times(vendor.kind, row.benchmark.samples, random)
        yield from (lane.ask(place, bad=next(times))[0] for lane in lanes for place in range(len(lane.calls)))


def _lanes(vendor: Vendor, row: Row, plan: Plan, random: np.random.Generator) -> list[_Lane]:
    """What is asked of a row, in order: public samples with fresh ones beside them, and the arms of another prompt."""
    streams: list[_Stream] = []
    for each in (each for each in plan.measurements if each.task == row.benchmark.name and not each.drawn):
        beside = {other.drawn: other for other in plan.measurements if other.beside == each.id}
        streams.append(_stream(each, plan.by_id[each.beside] if each.again else beside.get(TWINS)))
        if CUE in beside:
            streams.append(_stream(beside[CUE], beside[PLACEBO]))
    # All but the first have random numbers of their own: those of other answers do not depend on them.
    lanes = [_Lane(vendor, row, streams[0], random)]
    return lanes + [_Lane(vendor, row, stream, random.spawn(1)[0], lanes[0].items) for stream in streams[1:]]


@lru_cache(maxsize=256)
def _stream(first: Measurement, other: Measurement | None = None) -> _Stream:
    """One measurement, alone or with fresh samples at their pace; both arms in turn; or all that may be asked again."""
    calls = list(calls_of(first)) if not first.again else []
    if other is not None and first.again:
        calls = list(calls_again(first, range(other.trials), Finished(other, ())))
    elif other is not None and other.drawn == TWINS:
        calls = list(_paced(calls, first, other))
    elif other is not None:  # nothing changes here in the course of a run
        calls = [call for pair in zip(calls, calls_of(other), strict=True) for call in pair]
    others = np.array([call.measurement != first.id for call in calls])
    passes = np.array([2 * call.repeat for call in calls]) + others
    return _Stream(first, tuple(calls), np.array([call.sample for call in calls]), others, passes)


def _paced(calls: Sequence[Call], public: Measurement, fresh: Measurement) -> Iterator[Call]:
    waiting = list(zip(paces(public, fresh), calls_of(fresh), strict=True))[::-1]
    for call in calls:
        while waiting and waiting[-1][0] <= call.position:
            yield waiting.pop()[1]
        yield call
    yield from (call for _, call in reversed(waiting))


class _Lane:
    """The simulated endpoint under one stream of calls: which of them is next, and what its answer scores.

    ``items``: which item stands at each place of the file, in a random order of each audit unless that matters.
    """

    def __init__(
        self, vendor: Vendor, row: Row, stream: _Stream, random: np.random.Generator, items: Integers | None = None
    ) -> None:
        self.first, self.calls, self._kind, size = stream.first, stream.calls, vendor.kind, len(row.public)
        samples, is_arms = np.minimum(stream.samples, size - 1), stream.first.drawn == CUE
        self._luck = luck(vendor.kind, samples, size, stream.passes, random).tolist()
        shuffled = np.arange if vendor.orders else random.permutation
        self.items = shuffled(size) if items is None or is_arms else items
        beside = self.items if is_arms or not row.fresh.size else shuffled(size)
        self._chances: dict[bool | None, list[float]] = {}
        for bad in {None, *(bad for _, bad in row.states)}:
            now = row.states.get((stream.first.decoding, bad), row)
            chances = now.public[self.items[samples]]
            if stream.others.any():
                chances = np.where(stream.others, (now.placebo if is_arms else now.fresh)[beside[samples]], chances)
            self._chances[bad] = chances.tolist()
        self._lost = random.random(len(samples)).tolist()
        self._seconds = random.standard_exponential(len(samples)).tolist() if vendor.kind.slow > 1 else []
        self._place, self._asked, self._chosen = 0, set[int](), list[int]()

    def next_place(self, finders: Finders) -> int | None:
        """The place of the next call that some test waits for now."""
        if self.first.again:
            if not self._chosen:
                self._chosen = [place for place in finders.again(self.first.id) or () if place not in self._asked][::-1]
                self._asked.update(self._chosen)
            return self._chosen.pop() if self._chosen else None
        while self._place < len(self.calls):
            measurement = self.calls[self._place].measurement
            is_open = finders.head(measurement) is not None
            if not is_open and not finders.is_closed(measurement):
                return None
            self._place += 1
            if is_open:
                return self._place - 1
        return None

    def ask(self, place: int, *, bad: bool | None) -> tuple[SampleScore, float]:
        """The score of the answer to a call, which may fail, and its seconds where these differ."""
        kind, call, right = self._kind, self.calls[place], self._luck[place] < self._chances[bad][place]
        lost = self._lost[place] < (kind.missing if right else kind.missing_wrong)
        score = SampleScore(
            measurement=call.measurement,
            position=call.position,
            sample=str(call.sample),
            repeat=call.repeat,
            status="missing" if lost else "scored",
            value=None if lost else float(right),
            scorer=SCORER,
            seq=0,
        )
        return score, self._seconds[place] * (1.0 if right else kind.slow) if self._seconds else 0.0


def _ask(lanes: Sequence[_Lane], finders: Finders, times: Iterator[bool | None]) -> int:
    """Ask until nobody reads on; returns how many calls were made. Wrong answers arrive late where they are slow."""
    in_flight: list[tuple[float, int, SampleScore]] = []
    made, now = 0, 0.0
    while True:
        for lane in lanes:
            while (place := lane.next_place(finders)) is None and in_flight:
                now, _, score = heappop(in_flight)
                finders.observe(score)
            if place is not None:
                break
        else:
            return made
        made += 1
        score, seconds = lane.ask(place, bad=next(times))
        heappush(in_flight, (now + seconds, made, score))
        if len(in_flight) == _CONNECTIONS or not seconds:
            now, _, score = heappop(in_flight)
            finders.observe(score)
