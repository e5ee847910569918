"""The sealed result of published outputs held against weights: a folder with one signed statement.

``outputs.dsse.json`` names the answers of the run and the weights by their digests, and holds the share of every
output that was read. So each word is computed again from it alone; whoever has the run and the weights computes the
shares too. A signed result has the order of reading that its key gives for these answers and weights.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from steelyard.comparison.published import ALPHA, BAR, SHOWN, PublishedOutputs, decided_again
from steelyard.comparison.sealed_reading import check_order, read_statement, seal_statement
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.signed import signed_by
from steelyard.records.record import Record
from steelyard.storage.sealed_record import record_in

__all__ = ["SEAL", "SealedOutputs", "is_outputs", "open_outputs", "seal_outputs"]

SEAL: Final = layout.OUTPUTS
_PREDICATE: Final = "urn:steelyard:predicate:published-outputs:v1"


class _Sealed(Record, frozen=True, kw_only=True):
    """What the statement holds; ``signer`` is the public key that signed it, empty where none did."""

    format: str
    software: str
    outputs: PublishedOutputs
    signer: str = ""


_FORMAT: Final = "steelyard-published-outputs/1"


class SealedOutputs(NamedTuple):
    """A sealed result that holds: whose signature it has, and whether that key is the one that was required."""

    outputs: PublishedOutputs
    signed_by: str
    trusted: bool


def is_outputs(path: Path) -> bool:
    """Whether this is the folder of such a result."""
    return os.path.lexists(path / SEAL)


def seal_outputs(path: Path, found: PublishedOutputs, signer: KeySigner | None) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    from steelyard.util.software import software

    sealed = _Sealed(
        format=_FORMAT,
        software=software(),
        outputs=found,
        signer="" if signer is None else signer.public_key.keyval["public"],
    )
    seal_statement(path, SEAL, _PREDICATE, sealed, _subjects(found), signer)


def open_outputs(path: Path, require_key: Path | None = None) -> SealedOutputs:
    """Check a sealed result, and compute its words again from the shares that it holds.

    Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
    """
    document = read_statement(path, SEAL)
    sealed = _read(document.kind, document.predicate)
    found = sealed.outputs
    keyid, trusted = signed_by(document.envelope, sealed.signer, SEAL, require_key)
    if document.subjects != _subjects(found):
        raise VerificationError(f"{SEAL}: is about other answers or weights than it says")
    if not found.rows:
        raise VerificationError(f"{SEAL}: is about no benchmark")
    check_order(SEAL, found.reading, sealed.signer, found.answers_root, found.reference.sha256)
    if (found.alpha, found.bar, found.shown) != (ALPHA, BAR, SHOWN):
        raise VerificationError(f"{SEAL}: has another level or bar than the rule")
    try:
        again = decided_again(found.rows)
    except ValueError as error:
        raise VerificationError(f"{SEAL}: is what no reading gives: {error}") from None
    if again != found.rows:
        other = next(new.task for new, old in zip(again, found.rows, strict=True) if new != old)
        raise VerificationError(f"{SEAL}: what it says of {other[:80]!r} does not follow from its shares")
    return SealedOutputs(found, keyid, trusted)


def _subjects(found: PublishedOutputs) -> dict[str, str]:
    return {"answers": found.answers_root, "reference": found.reference.sha256}


def _read(kind: str, predicate: dict[str, object]) -> _Sealed:
    if kind != _PREDICATE or predicate.get("format") != _FORMAT:
        raise VerificationError(f"{SEAL}: not a result of format {_FORMAT}, which this version reads")
    return record_in(predicate, _Sealed, SEAL, "result")
