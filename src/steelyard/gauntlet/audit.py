"""Audits one simulated vendor: its answers go to the detectors' own monitors, and their results under one Holm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np

from steelyard.auditing.verdict import rejected
from steelyard.gauntlet.parameters import Kind
from steelyard.gauntlet.peers import PeerTested, peers_of
from steelyard.gauntlet.planner import SCORER, detectors, plan_of
from steelyard.gauntlet.vendors import Reals, Row, Vendor
from steelyard.planning.cues import CUE, PLACEBO
from steelyard.planning.drawn import TWINS
from steelyard.planning.order import paces
from steelyard.plugins import Monitor
from steelyard.records import DetectorResult, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.runner.order import calls_of
from steelyard.runner.schedule import Call
from steelyard.stats.cues import detectable_effect
from steelyard.stats.twins import detectable_gap

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
    """What is asked of a benchmark in one order; ``samples`` are their numbers, ``others`` those of the second kind.

    Public samples with fresh ones at their pace, or the ``arms`` of one test: the benchmark's prompt and another one.
    """

    calls: tuple[Call, ...]
    samples: Sequence[int]
    others: Sequence[bool]
    names: tuple[str, ...]
    arms: bool = False


def audit(vendor: Vendor, random: np.random.Generator, number: int = 1) -> Audit:
    """Audit a vendor's table from its printed numbers to the verdicts, as the ``number``-th audit of it by this key."""
    plan = plan_of(vendor, number)
    by_rule = detectors()
    finders: dict[str, Any] = {test.id: by_rule[test.rule].open(test, plan) for test in plan.tests}
    calls = most = 0
    for row, stream in _streams(vendor, plan):
        names = dict.fromkeys(call.measurement for call in stream.calls)
        readers = {name: [finders[test.id] for test in plan.readers_of(name)] for name in names}
        calls += _ask(stream, readers, vendor, row, _numbers(stream, random))
        most += len(stream.calls)
    results = [
        DetectorResult(test=test.id, rule=test.rule, word=VerdictWord(finder.decision or _UNDECIDED), p=_p(finder))
        for test, finder in zip(plan.tests, finders.values(), strict=True)
    ]
    found = rejected(plan, results)
    rows = {row.benchmark.name: row for row in vendor.rows}
    tests = tuple(
        _tested(test, finders[test.id], rows[plan.by_id[test.reads[0].measurement].task], vendor.kind, test.id in found)
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
    in_pairs = hasattr(finder, "pairs")
    return Tested(
        detector=name,
        benchmark=row.benchmark.name,
        is_true=is_true,
        detectable=not is_true and detectable(finder, row, kind),
        word=str(finder.decision or _UNDECIDED),
        p=_p(finder),
        is_found=is_found,
        read=finder.pairs.n if in_pairs else finder.retest.n,
        of=finder.of if in_pairs else finder.measurement.trials,
    )


def _claim_detectable(finder: Any, row: Row, kind: Kind) -> bool:
    """Whether fewer are right than the test's threshold with probability .9, if all is asked; missing ones count."""
    test, trials = finder.retest.test, finder.measurement.trials
    if test is None or not test.testable:
        return False
    counted = row.public + (1 - row.public) * kind.missing_wrong
    spread = math.sqrt(trials * float(np.mean(row.public * (1 - row.public))))
    return bool(trials * float(np.mean(counted)) + _Z_OF_POWER * spread < test.accuse)


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
    return float(finder.pairs.p if hasattr(finder, "pairs") else finder.retest.p)


def scores_of(vendor: Vendor, plan: Plan, random: np.random.Generator) -> Iterator[SampleScore]:
    """All scores of a plan's measurements, in the order in which they would be asked, whoever still reads them."""
    for row, stream in _streams(vendor, plan):
        right, lost = _drawn(stream, vendor, row, _numbers(stream, random))
        yield from (_score(stream, place, right[place], lost[place]) for place in range(len(stream.calls)))


def _streams(vendor: Vendor, plan: Plan) -> Iterator[tuple[Row, _Stream]]:
    """What is asked of each row: the public samples with fresh ones beside them, and the arms of another prompt."""
    first = [each for each in plan.measurements if not each.beside]
    for row, public in zip(vendor.rows, first, strict=True):
        beside = {each.drawn: each for each in plan.measurements if each.beside == public.id}
        yield row, _stream(public, beside.get(TWINS))
        if CUE in beside:
            yield row, _arms(beside[CUE], beside[PLACEBO])


def _numbers(stream: _Stream, random: np.random.Generator) -> np.random.Generator:
    """Arms have random numbers of their own: those of the other answers do not depend on them."""
    return random.spawn(1)[0] if stream.arms else random


@lru_cache(maxsize=256)
def _stream(public: Measurement, fresh: Measurement | None = None) -> _Stream:
    calls = list(calls_of(public))
    if fresh is not None:
        calls = list(_paced(calls, public, fresh))
    return _stream_of(calls, public)


@lru_cache(maxsize=256)
def _arms(cue: Measurement, placebo: Measurement) -> _Stream:
    """Both arms in turn: nothing changes here in the course of a run."""
    both = zip(calls_of(cue), calls_of(placebo), strict=True)
    return _stream_of([call for pair in both for call in pair], cue)._replace(arms=True)


def _stream_of(calls: Sequence[Call], first: Measurement) -> _Stream:
    return _Stream(
        tuple(calls),
        np.array([call.sample for call in calls]),  # type: ignore[arg-type]
        np.array([call.measurement != first.id for call in calls]),  # type: ignore[arg-type]
        tuple(str(call.sample) for call in calls),
    )


def _paced(calls: Sequence[Call], public: Measurement, fresh: Measurement) -> Iterator[Call]:
    waiting = list(zip(paces(public, fresh), calls_of(fresh), strict=True))[::-1]
    for call in calls:
        while waiting and waiting[-1][0] <= call.position:
            yield waiting.pop()[1]
        yield call
    yield from (call for _, call in reversed(waiting))


def _ask(
    stream: _Stream, readers: Mapping[str, Sequence[Monitor]], vendor: Vendor, row: Row, random: np.random.Generator
) -> int:
    """Ask until nobody reads on; returns how many calls were made. Wrong answers arrive late where they are slow."""
    right, lost = _drawn(stream, vendor, row, random)
    slow = vendor.kind.slow
    times = random.exponential(np.where(right, 1.0, slow)) if slow > 1 else None
    in_flight: list[tuple[float, int]] = []
    made, now = 0, 0.0

    def arrive(place: int) -> None:
        call, score = stream.calls[place], _score(stream, place, right[place], lost[place])
        for reader in open_to[call.measurement]:
            reader.observe(score)
        open_to[call.measurement] = [
            reader for reader in open_to[call.measurement] if call.measurement not in reader.closed
        ]

    open_to = {name: list(several) for name, several in readers.items()}
    for place, call in enumerate(stream.calls):
        if not open_to[call.measurement]:
            continue
        made += 1
        if times is None:
            arrive(place)
            continue
        heappush(in_flight, (now + times[place], place))
        if len(in_flight) == _CONNECTIONS:
            now, first = heappop(in_flight)
            arrive(first)
    while in_flight:
        arrive(heappop(in_flight)[1])
    return made


def _drawn(stream: _Stream, vendor: Vendor, row: Row, random: np.random.Generator) -> tuple[list[bool], list[bool]]:
    """By call, whether its answer is right, and whether it fails."""
    kind = vendor.kind
    right = random.random(len(stream.calls)) < _chances(stream, row, random)
    lost = random.random(len(stream.calls)) < np.where(right, kind.missing, kind.missing_wrong)
    return right.tolist(), lost.tolist()


def _score(stream: _Stream, place: int, right: bool, lost: bool) -> SampleScore:
    call = stream.calls[place]
    return SampleScore(
        measurement=call.measurement,
        position=call.position,
        sample=stream.names[place],
        repeat=call.repeat,
        status="missing" if lost else "scored",
        value=None if lost else float(right),
        scorer=SCORER,
        seq=0,
    )


def _chances(stream: _Stream, row: Row, random: np.random.Generator) -> Reals:
    """The chance of each call, with the items in a random order of their own: the committed one is the same for all."""
    if stream.arms:
        items = random.permutation(len(row.public))[np.asarray(stream.samples)]
        return np.asarray(np.where(stream.others, row.placebo[items], row.public[items]))
    chances = random.permutation(row.public)[np.minimum(stream.samples, len(row.public) - 1)]
    if row.fresh.size:
        fresh = random.permutation(row.fresh)[np.minimum(stream.samples, len(row.fresh) - 1)]
        chances = np.where(stream.others, fresh, chances)
    return np.asarray(chances)
