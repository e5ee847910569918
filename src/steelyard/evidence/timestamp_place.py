"""What a time stamp dates: the line of a ledger that begins a plan, and so every line before it.

A stamp holds the SHA-256 of that line, which the ledger's next line names too. Whoever has a stamp of a line can see
whether another ledger of the key has that line, and how old the two are.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.ledger import Line
from steelyard.evidence.ledger_place import Chain
from steelyard.evidence.timestamp import MAX_STAMP_BYTES, Stamp, stamp_of

__all__ = [
    "CLOCK_TOLERANCE_US",
    "Dated",
    "check_held_stamp",
    "check_imprint",
    "check_older",
    "check_stamp",
    "earliest",
    "says_earlier",
]

# How far two clocks may be apart that are set by the network, with room to spare; the authority's accuracy is added.
CLOCK_TOLERANCE_US: Final = 10_000_000
# How far a ledger's own times may be off before they count against it: its machine's clock may not be set at all.
OWN_TIMES_TOLERANCE_US: Final = 600_000_000


@dataclass(frozen=True)
class Dated:
    """A bundle's ledger and the time stamp of its plan's line; ``is_checked``: under a root that the reader trusts."""

    path: Path
    chain: Chain
    stamp: Stamp | None = None
    is_checked: bool = False


def check_stamp(bundle: Bundle, chain: Chain | None) -> Stamp | None:
    """The time stamp that a bundle carries over the line of its plan; None where none was asked for.

    Raises VerificationError where it is missing, of another line, or older than its line. Its signature is not checked.
    """
    carries = layout.TIMESTAMP in bundle.subjects
    if chain is None or not chain.timestamped:
        if carries:
            raise VerificationError(f"{layout.TIMESTAMP}: the plan asked for no time stamp, and the seal names one")
        return None
    if not carries:
        raise VerificationError(f"{layout.TIMESTAMP}: missing: the plan has a time stamp, and the seal names none")
    stamp = stamp_of(layout.read_bounded(bundle.path, layout.TIMESTAMP, MAX_STAMP_BYTES), layout.TIMESTAMP)
    check_imprint(stamp, chain.line, layout.TIMESTAMP)
    return stamp


def check_imprint(stamp: Stamp, line: Line, where: str) -> None:
    """Raise VerificationError where a stamp is not of this line of a ledger, or is older than it says to be itself."""
    if stamp.imprint != _digest(line):
        raise VerificationError(f"{where}: is not of the ledger's line that begins this plan")
    if stamp.at_us + stamp.accuracy_us + CLOCK_TOLERANCE_US < _begun_us(line):
        raise VerificationError(
            f"{where}: says {stamp.time}, and the line that it is of says {line.at}: one of the two clocks is wrong"
        )


def check_older(stamp: Stamp, first_us: int, where: str) -> None:
    """Raise VerificationError where a stamp is younger than the first attempt (µs since 1970)."""
    if stamp.at_us > first_us + stamp.accuracy_us + CLOCK_TOLERANCE_US:
        seconds = (stamp.at_us - first_us) / 1e6
        raise VerificationError(
            f"{where}: is {seconds:,.0f} s younger than the first attempt: it was made after answers had come, or one "
            "of the two clocks is wrong"
        )


def check_held_stamp(dated: Dated, held: Stamp, source: str) -> int | None:
    """The number of the line that a reader's own stamp is of; None where the ledger ends before it.

    ``held`` must be of a line of this key, and its signature checked. Raises VerificationError where the ledger goes on
    after the time of the stamp and lacks its line: by a stamp of its own, or by its own times.
    """
    lines = dated.chain.lines
    for number, line in enumerate(lines):
        if _digest(line) == held.imprint:
            return number
    latest = held.at_us + held.accuracy_us
    own = dated.stamp
    if own is not None and dated.is_checked and own.at_us > latest + own.accuracy_us + CLOCK_TOLERANCE_US:
        raise VerificationError(
            f"{dated.path}: its ledger was stamped at {own.time}, and lacks the line that the stamp in {source} shows "
            f"at {held.time}: the ledger was forked or rolled back (or that stamp is of another key's ledger)"
        )
    if max(map(_begun_us, lines)) > latest + OWN_TIMES_TOLERANCE_US:
        raise VerificationError(
            f"{dated.path}: by its own times its ledger goes on after {held.time}, and lacks the line that the stamp "
            f"in {source} shows at that time: the ledger was forked or rolled back (or that stamp is of another key's "
            "ledger, or the clock of who wrote it was wrong)"
        )
    return None


def says_earlier(dated: Dated) -> str:
    """What a bundle's line says of its own time, where that is long before the stamp of it; else empty."""
    line, stamp = dated.chain.line, dated.stamp
    is_late = stamp is not None and stamp.at_us > _begun_us(line) + stamp.accuracy_us + OWN_TIMES_TOLERANCE_US
    return line.at if is_late else ""


def earliest(own: Dated, others: Iterable[Dated]) -> Dated | None:
    """Whose checked stamp dates the line of a bundle's plan first: its own, or one of a later line of the same key.

    None where no stamp does. The ledgers must be one (:func:`steelyard.evidence.ledger_place.check_one_ledger`).
    """
    dating: Sequence[tuple[int, Dated]] = [
        (each.stamp.at_us + each.stamp.accuracy_us, each)
        for each in (own, *others)
        if each.stamp and each.is_checked and each.chain.keyid == own.chain.keyid
        and each.chain.place >= own.chain.place
    ]  # fmt: skip
    return min(dating, key=lambda pair: pair[0])[1] if dating else None


def _digest(line: Line) -> bytes:
    return urlsafe_b64decode(line.digest + "=")


def _begun_us(line: Line) -> int:
    """The time of a line by its own word, in µs since 1970."""
    try:
        moment = datetime.strptime(line.at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise VerificationError(f"{layout.LEDGER} line {line.number + 1}: its time is none") from None
    return int(moment.timestamp()) * 1_000_000
