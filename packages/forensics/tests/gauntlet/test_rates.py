"""Rates from audits that are written down here."""

from __future__ import annotations

import pytest

from steelyard.stats.intervals import clopper_pearson
from steelyard_forensics.gauntlet.audit import Audit
from steelyard_forensics.gauntlet.audit import Tested as Result
from steelyard_forensics.gauntlet.parameters import World
from steelyard_forensics.gauntlet.peers import PeerTested
from steelyard_forensics.gauntlet.rates import CALIBRATED, rate, rates_of

RAW = "claim: raw gap"


def of_test(
    p: float = 1.0, *, is_true: bool = True, is_found: bool = False, detectable: bool = False, read: int = 10
) -> Result:
    return Result("claim_retest", "b", is_true, "consistent", p, is_found, detectable, read, 100)


def audit(kind: str, *tests: Result, dose: float | None = None, accuses: bool = False, is_true: bool = True) -> Audit:
    return Audit(kind, dose, tests, (PeerTested(RAW, "b", is_true, accuses),), 5, 10)


def test_every_accusation_of_an_honest_vendor_counts(small: World) -> None:
    audits = [
        audit("plain", of_test(0.03), of_test(), accuses=True),
        audit("plain", of_test(0.005, is_found=True), of_test(0.2, is_true=False, is_found=True)),
        audit("sampled", of_test(), of_test()),
    ]
    rates = rates_of(small, audits, 1, ("claim_retest@5",))
    whole = {(each.detector, each.kind): each for each in rates.false_alarms}
    assert (whole["claim_retest", ""].tests, whole["claim_retest", "plain"].tests) == (6, 4)
    assert [at.share for at in whole["claim_retest", "plain"].at] == pytest.approx([1 / 2, 1 / 4])
    assert whole["claim_retest", "plain"].at[0].of == 2  # vendors
    assert whole["claim_retest", "sampled"].at[0].share == 0
    assert whole[RAW, "plain"].at[0].share == 0.5
    assert [(each.kind, each.at[0].share) for each in rates.report] == [
        ("", pytest.approx(1 / 3)), ("plain", 0.5), ("sampled", 0.0),
    ]  # fmt: skip
    assert rates.calibration["claim_retest"][CALIBRATED.index(0.05)] == pytest.approx(2 / 6)
    assert (rates.honest, rates.cheats, rates.calls) == (3, 0, 0.5)


def test_power_is_of_vendors_with_a_row_that_does_not_hold(small: World) -> None:
    lie = {"is_true": False}
    audits = [
        audit("inflated", of_test(0.001, is_found=True, read=30, **lie), of_test(), dose=5.0, **lie, accuses=True),
        audit("inflated", of_test(0.04, **lie), of_test(), dose=5.0, **lie),
        audit("inflated", of_test(), dose=5.0),
    ]
    (found, of_peer) = rates_of(small, audits, 1, ()).power
    assert (found.kind, found.dose, found.found and found.found.of) == ("inflated", 5.0, 2)
    assert found.found is not None
    assert found.found.share == 0.5
    assert [each.share for each in found.alone] == [1.0, 0.5]
    assert found.read == 30
    assert (of_peer.detector, of_peer.alone[0].share) == (RAW, 0.5)


def test_an_interval_is_that_of_the_next_whole_number_of_vendors() -> None:
    found = rate(0.101, 20)
    assert (found.low, found.high) == clopper_pearson(3, 20)
    assert (rate(0.0, 20).low, rate(1.0, 20).high) == (0.0, 1.0)


def test_a_report_is_right_where_it_accuses_what_can_be_found_and_nothing_else(small: World) -> None:
    found, missed = ({"is_true": False, "detectable": True, "is_found": each} for each in (True, False))
    audits = [
        audit("plain", of_test()),
        audit("plain", of_test(is_true=False, is_found=True)),
        audit("inflated", of_test(**found), of_test(), dose=5.0),
        audit("inflated", of_test(**found), of_test(is_found=True), dose=5.0),
        audit("inflated", of_test(**missed), dose=5.0),
        audit("inflated", of_test(is_true=False), dose=5.0),  # too small to be found
    ]
    rights = rates_of(small, audits, 1, ()).right
    right = {(each.kind, each.honest): (each.vendors, each.at.share) for each in rights if each.at}
    assert right["", True] == right["plain", True] == (2, 0.5)
    assert right["", False] == right["inflated", False]
    assert right["", False][1] == pytest.approx(1 / 3)


def test_who_is_found_at_all_is_counted_beside_who_could_be_found(small: World) -> None:
    """Of four cheats one is within what its test states to find; two are found."""
    lie = {"is_true": False}
    audits = [
        audit("inflated", of_test(is_found=True, detectable=True, **lie), dose=5.0),
        audit("inflated", of_test(is_found=True, **lie), dose=5.0),
        audit("inflated", of_test(**lie), of_test(is_found=True), dose=5.0),
        audit("memorised", of_test(**lie), dose=0.9),
        audit("memorised", of_test(), dose=0.9),  # nothing is false
        audit("plain", of_test()),
    ]
    found = {(each.kind, each.honest): each for each in rates_of(small, audits, 1, ()).right}
    whole, of_kind, hidden = found["", False], found["inflated", False], found["memorised", False]
    assert whole.at
    assert whole.found
    assert of_kind.found
    assert hidden.found
    assert (whole.vendors, whole.at.share, whole.found.of, whole.found.share) == (1, 1.0, 4, 0.5)
    assert of_kind.found.of == 3
    assert of_kind.found.share == pytest.approx(2 / 3)
    assert (hidden.vendors, hidden.at, hidden.found.of, hidden.found.share) == (0, None, 1, 0.0)
    assert found["", True].found is None
