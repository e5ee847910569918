"""The sealed result of published outputs held against served answers: a folder with one signed statement.

``output-texts.dsse.json`` names the answers of both runs by their digests, and holds what became of every pair, and no
text. So each word is computed again from it alone; whoever has both runs makes the guesses again too, and gets the same
ones. No order is drawn: pairs are read as the served model was asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from steelyard.comparison.published_texts import ALIKE, ALPHA, TOLERANCE, PublishedTexts, decided_again
from steelyard.comparison.sealed_reading import read_statement, seal_statement
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.signed import signed_by
from steelyard.records.record import Record
from steelyard.storage.sealed_record import record_in

__all__ = ["SEAL", "SealedTexts", "open_texts", "seal_texts"]

SEAL: Final = layout.OUTPUT_TEXTS
_PREDICATE: Final = "urn:steelyard:predicate:published-texts:v1"
_FORMAT: Final = "steelyard-published-texts/1"


class _Sealed(Record, frozen=True, kw_only=True):
    """What the statement holds; ``signer`` is the public key that signed it, empty where none did."""

    format: str
    software: str
    texts: PublishedTexts
    signer: str = ""


class SealedTexts(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    texts: PublishedTexts
    signed_by: str
    trusted: bool


def seal_texts(path: Path, found: PublishedTexts, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    from steelyard.util.software import software

    sealed = _Sealed(
        format=_FORMAT,
        software=software(),
        texts=found,
        signer="" if signer is None else signer.public_key.keyval["public"],
    )
    seal_statement(path, SEAL, _PREDICATE, sealed, _subjects(found), signer)


def open_texts(path: Path, require_key: Path | None = None) -> SealedTexts:
    """Check a sealed result, and compute its words again from what became of the pairs.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    document = read_statement(path, SEAL)
    if document.kind != _PREDICATE or document.predicate.get("format") != _FORMAT:
        raise VerificationError(f"{SEAL}: not a result of format {_FORMAT}, which this version reads")
    sealed = record_in(document.predicate, _Sealed, SEAL, "result")
    found = sealed.texts
    keyid, trusted = signed_by(document.envelope, sealed.signer, SEAL, require_key)
    if document.subjects != _subjects(found):
        raise VerificationError(f"{SEAL}: is about other answers than it says")
    if not found.rows:
        raise VerificationError(f"{SEAL}: is about no benchmark")
    if (found.alpha, found.tolerance, found.bar) != (ALPHA, TOLERANCE, ALIKE):
        raise VerificationError(f"{SEAL}: has another level, tolerance or bar than the rule")
    try:
        again = decided_again(found.rows)
    except ValueError as error:
        raise VerificationError(f"{SEAL}: is what no reading gives: {error}") from None
    if again != found.rows:
        other = next(new.task for new, old in zip(again, found.rows, strict=True) if new != old)
        raise VerificationError(f"{SEAL}: what it says of {other[:80]!r} does not follow from its pairs")
    return SealedTexts(found, keyid, trusted)


def _subjects(found: PublishedTexts) -> dict[str, str]:
    return {"answers": found.log.answers_root, "served": found.served.answers_root}
