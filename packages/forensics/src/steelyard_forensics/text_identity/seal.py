"""The sealed result of identity by text: a folder with one signed statement.

``text-identity.dsse.json`` names the answers of both runs by their digests, and holds what became of every prompt, and
no text. So the word is computed again from it alone; whoever has both runs makes the guesses again too, and gets the
same ones. A signed result has the order of reading that its key gives for these answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard_forensics.sealed.reading import check_order
from steelyard_forensics.sealed.result import ResultSeal, SealedResult, check_follows
from steelyard_forensics.stats.told_apart import MARGIN, TOLERANCE
from steelyard_forensics.text_identity.identity import ALPHA, TextIdentity, decided_again, reading_roots

__all__ = ["SEAL", "SealedIdentity", "open_identity", "seal_identity"]

SEAL: Final = layout.TEXT_IDENTITY


class _Sealed(SealedResult, frozen=True, kw_only=True):
    identity: TextIdentity


class SealedIdentity(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    identity: TextIdentity
    signed_by: str
    trusted: bool


def seal_identity(path: Path, found: TextIdentity, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    _FORM.seal(path, found, signer)


def open_identity(path: Path, require_key: Path | None = None) -> SealedIdentity:
    """Check a sealed result, and compute its word again from the guesses that it holds.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    opened = _FORM.open(path, require_key)
    found = opened.found
    check_order(SEAL, found.reading, opened.signer, *reading_roots(*found.runs))
    if (found.alpha, found.tolerance, found.margin) != (ALPHA, float(TOLERANCE), float(MARGIN)):
        raise VerificationError(f"{SEAL}: has another level or tolerance than the rule")
    said = "what it says does not follow from its guesses"
    check_follows(SEAL, found, lambda: decided_again(found), lambda again: said)
    return SealedIdentity(found, opened.signed_by, opened.trusted)


def _subjects(found: TextIdentity) -> dict[str, str]:
    first, second = found.runs
    return {"answers": first.answers_root, "reference": second.answers_root}


_FORM: Final = ResultSeal(
    file=SEAL,
    kind="urn:steelyard:predicate:text-identity:v1",
    format="steelyard-text-identity/1",
    record=_Sealed,
    field="identity",
    subjects=_subjects,
)
