"""The sealed result of published outputs held against weights: a folder with one signed statement.

``outputs.dsse.json`` names the answers of the run and the weights by their digests, and holds the share of every
output that was read. So each word is computed again from it alone; whoever has the run and the weights computes the
shares too. A signed result has the order of reading that its key gives for these answers and weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard_forensics.published.bets import ALPHA, BAR, SHOWN
from steelyard_forensics.published.outputs import PublishedOutputs, decided_again
from steelyard_forensics.sealed.reading import check_order
from steelyard_forensics.sealed.result import ResultSeal, SealedResult, check_follows
from steelyard_forensics.sealed.rows import PublishedRow

__all__ = ["SEAL", "SealedOutputs", "open_outputs", "seal_outputs"]

SEAL: Final = layout.OUTPUTS


class _Sealed(SealedResult, frozen=True, kw_only=True):
    outputs: PublishedOutputs


class SealedOutputs(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    outputs: PublishedOutputs
    signed_by: str
    trusted: bool


def seal_outputs(path: Path, found: PublishedOutputs, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    _FORM.seal(path, found, signer)


def open_outputs(path: Path, require_key: Path | None = None) -> SealedOutputs:
    """Check a sealed result, and compute its words again from the shares that it holds.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    opened = _FORM.open(path, require_key)
    found = opened.found
    if not found.rows:
        raise VerificationError(f"{SEAL}: is about no benchmark")
    check_order(SEAL, found.reading, opened.signer, found.answers_root, found.reference.sha256)
    if (found.alpha, found.bar, found.shown) != (ALPHA, BAR, SHOWN):
        raise VerificationError(f"{SEAL}: has another level or bar than the rule of this version")

    def other(again: tuple[PublishedRow, ...]) -> str:
        task = next(new.task for new, old in zip(again, found.rows, strict=True) if new != old)
        return f"what it says of {task[:80]!r} does not follow from its shares"

    check_follows(SEAL, found.rows, lambda: decided_again(found.rows), other)
    return SealedOutputs(found, opened.signed_by, opened.trusted)


def _subjects(found: PublishedOutputs) -> dict[str, str]:
    return {"answers": found.answers_root, "reference": found.reference.sha256}


_FORM: Final = ResultSeal(
    file=SEAL,
    kind="urn:steelyard:predicate:published-outputs:v1",
    format="steelyard-published-outputs/1",
    record=_Sealed,
    field="outputs",
    subjects=_subjects,
)
