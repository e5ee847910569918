"""The sealed result of identity by text: a folder with one signed statement.

``text-identity.dsse.json`` names the answers of both runs by their digests, and holds what became of every prompt, and
no text. So the word is computed again from it alone; whoever has both runs makes the guesses again too, and gets the
same ones. A signed result has the order of reading that its key gives for these answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from steelyard.comparison.sealed_reading import check_order, read_statement, seal_statement
from steelyard.comparison.text_identity import ALPHA, TextIdentity, decided_again, reading_roots
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.signed import signed_by
from steelyard.records.record import Record
from steelyard.stats.told_apart import MARGIN, TOLERANCE
from steelyard.storage.sealed_record import record_in

__all__ = ["SEAL", "SealedIdentity", "open_identity", "seal_identity"]

SEAL: Final = layout.TEXT_IDENTITY
_PREDICATE: Final = "urn:steelyard:predicate:text-identity:v1"
_FORMAT: Final = "steelyard-text-identity/1"


class _Sealed(Record, frozen=True, kw_only=True):
    """What the statement holds; ``signer`` is the public key that signed it, empty where none did."""

    format: str
    software: str
    identity: TextIdentity
    signer: str = ""


class SealedIdentity(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    identity: TextIdentity
    signed_by: str
    trusted: bool


def seal_identity(path: Path, found: TextIdentity, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    from steelyard.util.software import software

    sealed = _Sealed(
        format=_FORMAT,
        software=software(),
        identity=found,
        signer="" if signer is None else signer.public_key.keyval["public"],
    )
    seal_statement(path, SEAL, _PREDICATE, sealed, _subjects(found), signer)


def open_identity(path: Path, require_key: Path | None = None) -> SealedIdentity:
    """Check a sealed result, and compute its word again from the guesses that it holds.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    document = read_statement(path, SEAL)
    if document.kind != _PREDICATE or document.predicate.get("format") != _FORMAT:
        raise VerificationError(f"{SEAL}: not a result of format {_FORMAT}, which this version reads")
    sealed = record_in(document.predicate, _Sealed, SEAL, "result")
    found = sealed.identity
    keyid, trusted = signed_by(document.envelope, sealed.signer, SEAL, require_key)
    if document.subjects != _subjects(found):
        raise VerificationError(f"{SEAL}: is about other answers than it says")
    check_order(SEAL, found.reading, sealed.signer, *reading_roots(*found.runs))
    if (found.alpha, found.tolerance, found.margin) != (ALPHA, float(TOLERANCE), float(MARGIN)):
        raise VerificationError(f"{SEAL}: has another level or tolerance than the rule")
    try:
        again = decided_again(found)
    except ValueError as error:
        raise VerificationError(f"{SEAL}: is what no reading gives: {error}") from None
    if again != found:
        raise VerificationError(f"{SEAL}: what it says does not follow from its guesses")
    return SealedIdentity(found, keyid, trusted)


def _subjects(found: TextIdentity) -> dict[str, str]:
    first, second = found.runs
    return {"answers": first.answers_root, "reference": second.answers_root}
