"""Ledgers and stamps of several bundles side by side, and beside what a verifier kept."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.ledger_place import Head, read_head
from steelyard.evidence.timestamp import Stamp
from steelyard.evidence.timestamp_place import OWN_TIMES_TOLERANCE_US
from steelyard.evidence.timestamp_signature import new_request, roots_at
from steelyard.evidence.verify import Integrity, verify_integrity
from steelyard.verification.ledgers import HeldStamp, compare_ledgers, read_held
from testkit.timestamp_authority import TimestampAuthority
from tests.assets.make_golden import GOLDEN

HEAD = GOLDEN.with_name("golden.head.json")
LATE = 2_000_000_000_000_000
ONE, TWO = Path("one"), Path("two")


@pytest.fixture(scope="module")
def golden() -> Integrity:
    return verify_integrity(GOLDEN)


def stamped(integrity: Integrity, at_us: int = LATE, *, is_checked: bool = True) -> Integrity:
    """The bundle as if it had a stamp on its plan's line."""
    assert integrity.chain is not None
    stamp = Stamp(urlsafe_b64decode(integrity.chain.line.digest + "="), at_us, 0, None, "an authority")
    return replace(integrity, stamp=stamp, stamp_checked=is_checked)


def test_one_bundle(golden: Integrity) -> None:
    (plain,) = compare_ledgers([(ONE, golden)])
    assert (plain.stamp, plain.ledger, plain.is_dated) == ("", "", False)
    (asked,) = compare_ledgers([(ONE, golden)], has_roots=True)
    assert asked.stamp == "time stamp: none, so nothing but its own word dates this plan"
    (unchecked,) = compare_ledgers([(ONE, stamped(golden, is_checked=False))])
    assert "its signature was NOT checked" in unchecked.stamp
    assert not unchecked.is_dated
    (checked,) = compare_ledgers([(ONE, stamped(golden))], has_roots=True)
    assert checked.is_dated
    at = "this plan and the line before it existed at 2033-05-18 03:33:20 UTC"
    assert golden.chain is not None
    assert checked.stamp.endswith(f"{at}; by its own word the plan began at {golden.chain.line.at}")
    begun = int(datetime.fromisoformat(golden.chain.line.at).timestamp()) * 1_000_000
    (soon,) = compare_ledgers([(ONE, stamped(golden, begun + OWN_TIMES_TOLERANCE_US))], has_roots=True)
    assert "own word" not in soon.stamp


def test_a_stamp_of_another_bundle(golden: Integrity) -> None:
    assert golden.chain is not None
    shown = compare_ledgers([(ONE, golden), (TWO, stamped(golden))], has_roots=True)
    assert [each.is_dated for each in shown] == [True, True]
    assert shown[0].stamp.startswith("time stamp: two has one on a later line: this plan and the line before it")


def test_ledgers_that_differ(golden: Integrity) -> None:
    assert golden.chain is not None
    other = replace(golden.chain.lines[1], digest="x" * 43)
    forked = replace(golden, chain=replace(golden.chain, lines=(golden.chain.lines[0], other)))
    with pytest.raises(VerificationError, match=r"forked or rolled back; line 2 of one existed at 2033-05-18 03:33:20"):
        compare_ledgers([(ONE, stamped(golden)), (TWO, forked)])


def test_what_was_kept_beside_a_bundle(golden: Integrity) -> None:
    assert golden.chain is not None
    without = replace(golden, chain=None)
    held = HeldStamp(stamped(golden).stamp or pytest.fail("no stamp"), "kept.tsr")
    head = read_head(HEAD)

    def said(integrity: Integrity, kept: Head | HeldStamp) -> str:
        return compare_ledgers([(ONE, integrity)], kept)[0].ledger

    assert said(without, head) == "ledger: this bundle carries none, so the head shows nothing of it"
    assert said(without, held) == "ledger: this bundle carries none, so the time stamp shows nothing of it"
    assert said(golden, head) == "ledger: goes on from the head of 2 lines"
    assert said(golden, replace(head, lines=9)).startswith("ledger: older than the head (3 of its 9 lines)")
    assert said(golden, held) == "ledger: has the line that was stamped at 2033-05-18 03:33:20 UTC (2 of 3)"
    other = replace(held, stamp=replace(held.stamp, imprint=bytes(32)))
    assert said(golden, other).startswith("ledger: ends before the line that was stamped at 2033-05-18")
    early = replace(other, stamp=replace(other.stamp, at_us=0))
    with pytest.raises(VerificationError, match="by its own times its ledger goes on after 1970-01-01"):
        said(golden, early)


def test_what_may_be_kept(tmp_path: Path) -> None:
    authority = TimestampAuthority(tmp_path / "tsa")
    roots = roots_at([authority.root], "--x")
    kept = tmp_path / "kept.tsr"
    kept.write_bytes(authority.stamp(new_request(b"x").body))
    found = read_held(kept, roots)
    assert isinstance(found, HeldStamp)
    assert found.source == str(kept)
    assert read_held(HEAD, ()) == read_head(HEAD)
    with pytest.raises(InputError, match="shows nothing until it is checked"):
        read_held(kept, ())
    with pytest.raises(VerificationError, match="not signed by a time stamp authority"):
        read_held(kept, roots_at([TimestampAuthority(tmp_path / "other").root], "--x"))
    kept.write_bytes(b"0abc")
    with pytest.raises(InputError, match="not a time stamp"):
        read_held(kept, roots)
    with pytest.raises(InputError, match="cannot read the head"):
        read_held(tmp_path / "absent", roots)


def test_one_plan_that_was_run_twice(golden: Integrity) -> None:
    """A ledger that is rolled back within one second begins the very same plan again: its lines are no fork."""
    assert len(compare_ledgers([(ONE, golden), (TWO, golden)])) == 2  # a copy
    with pytest.raises(VerificationError, match="two: another run of the very plan of one: the ledger was rolled back"):
        compare_ledgers([(ONE, golden), (TWO, replace(golden, root="0" * 64))])
