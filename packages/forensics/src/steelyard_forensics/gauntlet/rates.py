"""From audits of known vendors to error rates: false alarms by kind, power by dose, calibration of p.

A rate over tests has the interval of Clopper and Pearson (1934) with the number of *vendors* as n, and the count
rounded up: rows of one vendor hang together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from steelyard.records.record import Record
from steelyard_forensics.gauntlet.audit import Audit, Tested
from steelyard_forensics.gauntlet.parameters import World
from steelyard_forensics.gauntlet.peers import PEERS

__all__ = ["CALIBRATED", "LEVELS", "FalseAlarms", "Power", "Rate", "Rates", "Right", "WorldRates", "rate", "rates_of"]

LEVELS: Final = (0.05, 0.01)
CALIBRATED: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Rate(Record, frozen=True, kw_only=True):
    """A share of ``of`` vendors, with its 95 % interval."""

    share: float
    of: int
    low: float
    high: float


class FalseAlarms(Record, frozen=True, kw_only=True):
    """How often one detector (or peer) accuses honest vendors; ``kind`` is empty for all together.

    ``at``: one rate for each of :data:`LEVELS`; a peer has one. ``tests`` counts what was tested.
    """

    detector: str
    kind: str
    tests: int
    at: tuple[Rate, ...]


class Power(Record, frozen=True, kw_only=True):
    """How often a kind of cheat is found: the whole report (``found``), and one detector in a report of its own.

    ``found``: some row that does not hold is *inconsistent* under the report's Holm. ``alone``: some such row has p at
    most .05, or .01; a peer has one. ``read`` is the median of what was read until the first was found.
    """

    detector: str
    kind: str
    says: str
    dose: float | None
    found: Rate | None
    alone: tuple[Rate, ...]
    read: float | None = None


class Right(Record, frozen=True, kw_only=True):
    """The share of right reports of one kind of vendor, or of all ``honest`` and all others (``kind`` is empty).

    ``at`` is of the ``vendors`` that count, None where none does. ``found``: of all that have a row which does not
    hold, the share of whom such a row is *inconsistent*.
    """

    kind: str
    honest: bool
    vendors: int
    at: Rate | None
    found: Rate | None = None


class WorldRates(Record, frozen=True, kw_only=True):
    """What the rates of any world begin with: its name, the SHA-256 of its parameters, its seed, how many vendors."""

    world: str
    digest: str
    seed: int
    honest: int
    cheats: int


class Rates(WorldRates, frozen=True, kw_only=True):
    """What a run of the gauntlet found. ``report``: honest vendors of whom anything was accused, by kind.

    ``right``: by kind, the share of vendors whose report is right. An honest one is accused of nothing. Of a cheat that
    can be found (it is beyond what its test states to find with power .9), some such row is *inconsistent*, and no row
    that holds; ``vendors`` counts those.

    ``calibration``: by detector, the share of p at most each of :data:`CALIBRATED`, where the null holds.
    """

    rules: tuple[str, ...]
    calls: float
    report: tuple[FalseAlarms, ...]
    right: tuple[Right, ...]
    false_alarms: tuple[FalseAlarms, ...]
    power: tuple[Power, ...]
    calibration: dict[str, tuple[float, ...]]


def rates_of(world: World, audits: Sequence[Audit], seed: int, rules: Sequence[str]) -> Rates:
    """All rates of a world's audits."""
    honest_kinds = [kind.name for kind in world.honest]
    by_kind: dict[tuple[str, float | None], list[Audit]] = {}
    for audit in audits:
        by_kind.setdefault((audit.kind, audit.dose), []).append(audit)
    honest = [audit for audit in audits if audit.kind in honest_kinds]
    named = {name: [audit for audit in honest if audit.kind == name] for name in honest_kinds}
    groups = {"": honest, **{name: found for name, found in named.items() if found}}
    detectors = list(dict.fromkeys(test.detector for audit in audits for test in audit.tests))
    return Rates(
        world=world.name,
        digest=world.digest,
        seed=seed,
        rules=tuple(rules),
        honest=len(honest),
        cheats=len(audits) - len(honest),
        calls=sum(audit.calls for audit in honest) / max(1, sum(audit.most for audit in honest)),
        report=tuple(_of_report(name, found) for name, found in groups.items() if found),
        right=tuple(_right(world, audits)),
        false_alarms=tuple(
            alarms
            for detector in detectors
            for name, found in groups.items()
            if (alarms := _false_alarms(detector, name, found))
        )
        + tuple(alarms for peer in PEERS for name, found in groups.items() if (alarms := _of_peer(peer, name, found))),
        power=tuple(
            power
            for kind in world.cheats
            for each in kind.each()
            if (found := by_kind.get((each.name, each.dose)))
            for power in _powers(each.name, each.says, each.dose, found, detectors)
        ),
        calibration={detector: _calibration(detector, honest) for detector in detectors},
    )


def rate(share: float, vendors: int) -> Rate:
    """A share of so many vendors."""
    from steelyard.stats.intervals import clopper_pearson

    low, high = clopper_pearson(min(vendors, math.ceil(share * vendors - 1e-9)), vendors)
    return Rate(share=share, of=vendors, low=low, high=high)


def _of_report(kind: str, audits: Sequence[Audit]) -> FalseAlarms:
    wrong = sum(any(test.is_found for test in audit.tests) for audit in audits)
    return FalseAlarms(detector="", kind=kind, tests=len(audits), at=(rate(wrong / len(audits), len(audits)),))


def _right(world: World, audits: Sequence[Audit]) -> Iterable[Right]:
    for kinds, honest in ((world.honest, True), (world.cheats, False)):
        names = [kind.name for kind in kinds]
        of_all = [audit for audit in audits if audit.kind in names]
        for name, found in (("", of_all), *((name, [a for a in of_all if a.kind == name]) for name in names)):
            judged = [audit for audit in found if honest or any(test.detectable for test in audit.tests)]
            false = [[test for test in audit.tests if not test.is_true] for audit in found if not honest]
            caught = [any(test.is_found for test in tests) for tests in false if tests]
            if judged or caught:
                right = [_is_right(audit, honest) for audit in judged]
                yield Right(kind=name, honest=honest, vendors=len(judged), at=_share(right), found=_share(caught))


def _share(of: Sequence[bool]) -> Rate | None:
    return rate(sum(of) / len(of), len(of)) if of else None


def _is_right(audit: Audit, honest: bool) -> bool:
    if any(test.is_found and (honest or test.is_true) for test in audit.tests):
        return False
    return honest or any(test.is_found and test.detectable for test in audit.tests)


def _of_vendors(detector: str, audits: Iterable[Audit]) -> list[list[Tested]]:
    """By vendor, the tests of a detector. Of an honest vendor each accusation counts, whatever its rows come to."""
    found = ([test for test in audit.tests if test.detector == detector] for audit in audits)
    return [tests for tests in found if tests]


def _false_alarms(detector: str, kind: str, audits: Sequence[Audit]) -> FalseAlarms | None:
    by_vendor = _of_vendors(detector, audits)
    tests = [test for tests in by_vendor for test in tests]
    if not tests:
        return None
    at = (rate(sum(test.p <= level for test in tests) / len(tests), len(by_vendor)) for level in LEVELS)
    return FalseAlarms(detector=detector, kind=kind, tests=len(tests), at=tuple(at))


def _of_peer(peer: str, kind: str, audits: Sequence[Audit]) -> FalseAlarms | None:
    by_vendor = [[test for test in audit.peers if test.peer == peer] for audit in audits]
    tests = [test for tests in by_vendor for test in tests]
    if not tests:
        return None
    at = rate(sum(test.accuses for test in tests) / len(tests), sum(map(bool, by_vendor)))
    return FalseAlarms(detector=peer, kind=kind, tests=len(tests), at=(at,))


def _calibration(detector: str, audits: Sequence[Audit]) -> tuple[float, ...]:
    tests = [test for tests in _of_vendors(detector, audits) for test in tests]
    return tuple(sum(test.p <= level for test in tests) / max(1, len(tests)) for level in CALIBRATED)


def _powers(
    kind: str, says: str, dose: float | None, audits: Sequence[Audit], detectors: Sequence[str]
) -> Iterable[Power]:
    """Where no row of any vendor is false for a detector, it has nothing to find, and no line."""
    for detector in detectors:
        by_vendor = [[test for test in a.tests if test.detector == detector and not test.is_true] for a in audits]
        by_vendor = [tests for tests in by_vendor if tests]
        if not by_vendor:
            continue
        n, found = len(by_vendor), [[test for test in tests if test.is_found] for tests in by_vendor]
        read = [min(test.read for test in tests) for tests in found if tests]
        alone = (rate(sum(any(t.p <= level for t in tests) for tests in by_vendor) / n, n) for level in LEVELS)
        yield Power(
            detector=detector,
            kind=kind,
            says=says,
            dose=dose,
            found=rate(sum(map(bool, found)) / n, n),
            alone=tuple(alone),
            read=median(read) if read else None,
        )
    for peer in PEERS:
        of_peer = [[test for test in a.peers if test.peer == peer and not test.is_true] for a in audits]
        of_peer = [tests for tests in of_peer if tests]
        if of_peer:
            n = len(of_peer)
            share = sum(any(test.accuses for test in tests) for tests in of_peer) / n
            yield Power(detector=peer, kind=kind, says=says, dose=dose, found=None, alone=(rate(share, n),))
