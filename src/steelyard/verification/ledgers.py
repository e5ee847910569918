"""What the ledgers and time stamps of several bundles show together, and beside what a verifier has kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.ledger_place import Chain, Head, check_head, check_one_ledger, read_head
from steelyard.evidence.timestamp import MAX_STAMP_BYTES, Stamp, read_stamp
from steelyard.evidence.timestamp_place import Dated, check_held_stamp, earliest, says_earlier

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.evidence.verify import Integrity

__all__ = ["HeldStamp", "Shown", "compare_ledgers", "read_held"]

_DER_SEQUENCE = b"0"  # the byte 0x30, with which a stamp begins and no head does


@dataclass(frozen=True)
class HeldStamp:
    """A time stamp of a line of a key's ledger that a verifier has kept, its signature checked."""

    stamp: Stamp
    source: str


@dataclass(frozen=True)
class Shown:
    """What is shown of one bundle: a line about its time stamp, and one about its ledger beside what was kept.

    Either is empty where there is nothing to say. ``is_dated``: a checked time stamp dates the bundle's plan.
    """

    stamp: str = ""
    ledger: str = ""
    is_dated: bool = False


def read_held(path: Path, roots: Sequence[x509.Certificate]) -> Head | HeldStamp:
    """A head of a ledger, or a time stamp of one of its lines.

    Raises InputError for a file that is neither, and for a stamp without ``roots``: whoever made it could then have
    chosen the time. Raises VerificationError where its signature does not lead to one of them.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STAMP_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read the head of a ledger: {error.strerror}", where=path) from None
    if data[:1] != _DER_SEQUENCE:
        return read_head(path)
    from steelyard.evidence.timestamp_signature import check_signature

    try:
        stamp = read_stamp(data)
    except ValueError as error:
        raise InputError(f"not a time stamp: {error}", where=path) from None
    if not roots:
        raise InputError("a time stamp shows nothing until it is checked: add --timestamp-root CA.pem", where=path)
    check_signature(data, roots, str(path))
    return HeldStamp(stamp, str(path))


def compare_ledgers(
    found: Sequence[tuple[Path, Integrity]], held: Head | HeldStamp | None = None, *, has_roots: bool = False
) -> list[Shown]:
    """What is shown of each bundle, in their order; ``has_roots``: the verifier named roots of authorities.

    Raises VerificationError where two ledgers of one key are not one, or lack a line that a checked time stamp shows,
    and where one plan of a ledger was run twice: a ledger that was rolled back can begin the very same plan again.
    """
    _check_one_run_a_plan(found)
    dated = {path: _dated(path, one.chain, one) for path, one in found if one.chain is not None}
    _check_are_one(list(dated.values()))
    shown = []
    for path, integrity in found:
        own = dated.get(path)
        others = [each for place, each in dated.items() if place != path]
        dating = None if own is None else earliest(own, others)
        shown.append(
            Shown(
                _about_stamp(integrity, own, dating, has_roots=has_roots),
                "" if held is None else _beside(own, held),
                dating is not None,
            )
        )
    return shown


def _check_one_run_a_plan(found: Sequence[tuple[Path, Integrity]]) -> None:
    runs: dict[str, tuple[Path, str]] = {}
    for path, one in found:
        if one.chain is None:
            continue
        other, root = runs.setdefault(one.chain.line.digest, (path, one.root))
        if root != one.root:
            raise VerificationError(
                f"{path}: another run of the very plan of {other}: the ledger was rolled back, or a run was copied"
            )


def _dated(path: Path, chain: Chain, integrity: Integrity) -> Dated:
    return Dated(path, chain, integrity.stamp, integrity.stamp_checked)


def _check_are_one(ledgers: Sequence[Dated]) -> None:
    stamped = [each for each in ledgers if each.stamp is not None and each.is_checked]
    try:
        check_one_ledger([(each.path, each.chain) for each in ledgers])
    except VerificationError as error:
        when = [f"line {each.chain.place + 1} of {each.path} existed at {each.stamp.time}"
                for each in stamped if each.stamp is not None]  # fmt: skip
        raise VerificationError("; ".join([f"{error}", *when[:5]])) from None
    for other in stamped:
        for each in ledgers:
            if each is not other and each.chain.keyid == other.chain.keyid and other.stamp is not None:
                check_held_stamp(each, other.stamp, str(other.path))


def _about_stamp(integrity: Integrity, own: Dated | None, dating: Dated | None, *, has_roots: bool) -> str:
    if dating is not None and dating.stamp is not None and own is not None:
        time, before = dating.stamp.time, own.chain.place
        lines = "line before it" if before == 1 else f"{before:,} lines before it"
        if dating is own:
            own_word = f"; by its own word the plan began at {at}" if (at := says_earlier(own)) else ""
            known = f"this plan and the {lines} existed at {time}{own_word}"
            return f"time stamp: signed under a root that you named: {known}"
        return f"time stamp: {dating.path} has one on a later line: this plan and the {lines} existed at {time}"
    if integrity.stamp is not None:
        return (
            "time stamp: its signature was NOT checked, so whoever made this could have chosen its time: "
            "name the authority's root with --timestamp-root CA.pem"
        )
    return "time stamp: none, so nothing but its own word dates this plan" if has_roots else ""


def _beside(own: Dated | None, held: Head | HeldStamp) -> str:
    """What a head or a stamp that was kept shows of a bundle's ledger."""
    kept = "head" if isinstance(held, Head) else "time stamp"
    if own is None:
        return f"ledger: this bundle carries none, so the {kept} shows nothing of it"
    if isinstance(held, Head):
        if not check_head(own.path, own.chain, held):
            lines = f"{len(own.chain.lines)} of its {held.lines} lines"
            return f"ledger: older than the head ({lines}), which shows nothing of it"
        return f"ledger: goes on from the head of {held.lines} lines"
    number = check_held_stamp(own, held.stamp, held.source)
    if number is None:
        return f"ledger: ends before the line that was stamped at {held.stamp.time}, so that stamp shows nothing of it"
    return f"ledger: has the line that was stamped at {held.stamp.time} ({number + 1} of {len(own.chain.lines)})"
