"""What a stamp dates: lines before its own, within the tolerance of clocks, and not what a ledger lacks."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence.keys import CryptoSigner, load_signer
from steelyard.evidence.ledger import Line, begun_line, opened_line, parse_lines
from steelyard.evidence.ledger_place import Chain
from steelyard.evidence.new_key import create_key
from steelyard.evidence.timestamp import Stamp
from steelyard.evidence.timestamp_place import (
    CLOCK_TOLERANCE_US,
    OWN_TIMES_TOLERANCE_US,
    Dated,
    check_held_stamp,
    check_imprint,
    check_older,
    earliest,
)

NOON = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()) * 1_000_000
SECOND = 1_000_000


@pytest.fixture
def signer(tmp_path: Path) -> CryptoSigner:
    return load_signer(create_key(tmp_path / "keys" / "key.pem").path)


def ledger(signer: CryptoSigner, *times: str) -> list[Line]:
    """A ledger whose plans began at these times."""
    lines = parse_lines(opened_line(signer, "2026-11-26T11:00:00Z", with_key=True), "x")
    for number, at in enumerate(times):
        lines += parse_lines(begun_line(signer, lines, at, "audit", f"{number:064x}", ()), "x")
    return lines


def stamp(line: Line, at_us: int = NOON, accuracy_us: int = 0) -> Stamp:
    return Stamp(urlsafe_b64decode(line.digest + "="), at_us, accuracy_us, None, "an authority")


def dated(
    lines: list[Line], place: int, own: Stamp | None = None, *, name: str = "a", is_checked: bool = True
) -> Dated:
    return Dated(Path(name), Chain("k", tuple(lines), place), own, is_checked)


def test_the_digest_is_of_the_bytes_in_the_ledger(signer: CryptoSigner) -> None:
    lines = parse_lines(opened_line(signer, "2026-11-26T11:00:00Z", with_key=True), "x")
    raw = begun_line(signer, lines, "2026-11-26T12:00:00Z", "audit", "0" * 64, ())
    assert parse_lines(raw, "x")[0].canonical_bytes + b"\n" == raw


def test_a_stamp_is_of_one_line_and_not_older_than_it(signer: CryptoSigner) -> None:
    _, first, second = ledger(signer, "2026-11-26T12:00:00Z", "2026-11-26T12:00:00Z")
    for at in (NOON, NOON - CLOCK_TOLERANCE_US, NOON + 10**12):
        check_imprint(stamp(first, at), first, "x")
    check_imprint(stamp(first, NOON - CLOCK_TOLERANCE_US - SECOND, SECOND), first, "x")
    with pytest.raises(VerificationError, match="is not of the ledger's line"):
        check_imprint(stamp(first), second, "x")
    with pytest.raises(VerificationError, match="one of the two clocks is wrong"):
        check_imprint(stamp(first, NOON - CLOCK_TOLERANCE_US - 1), first, "x")


def test_a_time_that_is_none(signer: CryptoSigner) -> None:
    line = replace(ledger(signer, "2026-11-26T12:00:00Z")[1], at="2026-13-26T12:00:00Z")
    with pytest.raises(VerificationError, match="line 2: its time is none"):
        check_imprint(stamp(line), line, "x")


def test_a_stamp_is_older_than_the_first_attempt(signer: CryptoSigner) -> None:
    found = stamp(ledger(signer)[0], NOON, SECOND)
    check_older(found, NOON - CLOCK_TOLERANCE_US - SECOND, "x")
    with pytest.raises(VerificationError, match="x: is 11 s younger than the first attempt"):
        check_older(found, NOON - CLOCK_TOLERANCE_US - SECOND - 1, "x")


def test_a_stamp_that_was_kept(signer: CryptoSigner) -> None:
    lines = ledger(signer, "2026-11-26T12:00:00Z", "2026-11-26T12:05:00Z")
    held = stamp(lines[1])
    assert check_held_stamp(dated(lines, 2), held, "kept.tsr") == 1
    assert check_held_stamp(dated(lines[:1], 0), held, "kept.tsr") is None
    other = ledger(signer, "2026-11-26T11:59:00Z")
    assert check_held_stamp(dated(other, 1), held, "kept.tsr") is None

    within = ledger(signer, "2026-11-26T12:10:00Z")
    assert OWN_TIMES_TOLERANCE_US == 600 * SECOND
    assert check_held_stamp(dated(within, 1), held, "kept.tsr") is None
    beyond = ledger(signer, "2026-11-26T12:10:01Z")
    with pytest.raises(VerificationError, match="a: by its own times its ledger goes on after 2026-11-26 12:00:00 UTC"):
        check_held_stamp(dated(beyond, 1), held, "kept.tsr")


def test_an_own_stamp_shows_that_a_line_was_dropped(signer: CryptoSigner) -> None:
    """Whoever dates the lines back is held by the time of the bundle's own stamp."""
    held = stamp(ledger(signer, "2026-11-26T12:00:00Z")[1])
    rolled_back = ledger(signer, "2026-11-26T11:59:00Z")
    late = stamp(rolled_back[1], NOON + CLOCK_TOLERANCE_US + 1)
    with pytest.raises(VerificationError, match=r"and lacks the line that the stamp in kept\.tsr shows"):
        check_held_stamp(dated(rolled_back, 1, late), held, "kept.tsr")
    assert check_held_stamp(dated(rolled_back, 1, late, is_checked=False), held, "kept.tsr") is None
    assert check_held_stamp(dated(rolled_back, 1, stamp(rolled_back[1], NOON + SECOND)), held, "kept.tsr") is None


def test_the_earliest_stamp_on_a_line_that_is_not_before(signer: CryptoSigner) -> None:
    lines = ledger(signer, *["2026-11-26T12:00:00Z"] * 4)
    plain = dated(lines, 2, name="plain")
    before = dated(lines, 1, stamp(lines[1]), name="before")
    late, later = dated(lines, 3, stamp(lines[3], NOON + SECOND)), dated(lines, 4, stamp(lines[4], NOON + 2 * SECOND))
    assert earliest(plain, []) is None
    assert earliest(plain, [before]) is None
    assert earliest(plain, [before, later, late]) is late
    assert earliest(plain, [replace(late, is_checked=False), later]) is later
    assert earliest(plain, [replace(late, chain=replace(late.chain, keyid="other"))]) is None
    assert earliest(before, [late]) is before
