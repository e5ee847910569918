"""The sealed result of published outputs held against served answers: a folder with one signed statement.

``output-texts.dsse.json`` names the answers of both runs by their digests, and holds what became of every pair, and no
text. So each word is computed again from it alone; whoever has both runs makes the guesses again too, and gets the same
ones. No order is drawn: pairs are read as the served model was asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard_forensics.published.texts import ALIKE, ALPHA, TOLERANCE, PublishedTexts, TextsRow, decided_again
from steelyard_forensics.sealed.result import ResultSeal, SealedResult, check_follows

__all__ = ["SEAL", "SealedTexts", "open_texts", "seal_texts"]

SEAL: Final = layout.OUTPUT_TEXTS


class _Sealed(SealedResult, frozen=True, kw_only=True):
    texts: PublishedTexts


class SealedTexts(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    texts: PublishedTexts
    signed_by: str
    trusted: bool


def seal_texts(path: Path, found: PublishedTexts, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    _FORM.seal(path, found, signer)


def open_texts(path: Path, require_key: Path | None = None) -> SealedTexts:
    """Check a sealed result, and compute its words again from what became of the pairs.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    opened = _FORM.open(path, require_key)
    found = opened.found
    if not found.rows:
        raise VerificationError(f"{SEAL}: is about no benchmark")
    if (found.alpha, found.tolerance, found.bar) != (ALPHA, TOLERANCE, ALIKE):
        raise VerificationError(f"{SEAL}: has another level, tolerance or bar than the rule")

    def other(again: tuple[TextsRow, ...]) -> str:
        task = next(new.task for new, old in zip(again, found.rows, strict=True) if new != old)
        return f"what it says of {task[:80]!r} does not follow from its pairs"

    check_follows(SEAL, found.rows, lambda: decided_again(found.rows), other)
    return SealedTexts(found, opened.signed_by, opened.trusted)


def _subjects(found: PublishedTexts) -> dict[str, str]:
    return {"answers": found.log.answers_root, "served": found.served.answers_root}


_FORM: Final = ResultSeal(
    file=SEAL,
    kind="urn:steelyard:predicate:published-texts:v1",
    format="steelyard-published-texts/1",
    record=_Sealed,
    field="texts",
    subjects=_subjects,
)
