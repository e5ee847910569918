"""A result in one signed statement: a folder with a seal and nothing else, and the order of reading that it names.

What is in it is another module's: published outputs, and identity by text, whose words follow from what they hold.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, open_envelope, seal, statement
from steelyard.evidence.keys import KeySigner, public_key
from steelyard.evidence.order import Prover, reading_output
from steelyard.records.record import Record
from steelyard.storage.run_folder import check_new_folder, check_outside_runs
from steelyard.util.atomic_file import write_file
from steelyard_forensics.sealed.rows import Reading

__all__ = ["Statement", "check_new", "check_order", "drawn_reading", "read_statement", "seal_statement"]


class Statement(NamedTuple):
    """A sealed statement as it was read: its kind, what it says, the digests of what it is about, its envelope."""

    kind: str
    predicate: dict[str, Any]
    subjects: dict[str, str]
    envelope: Any


def check_new(path: Path) -> None:
    """Raise InputError for a folder that is not empty, and for one inside that of a run."""
    check_new_folder(path)
    check_outside_runs(path)


def seal_statement(
    path: Path, file: str, kind: str, sealed: Record, subjects: Mapping[str, str], signer: KeySigner | None
) -> None:
    """Write the folder. Raises InputError where there is something already, or it cannot be written."""
    check_new(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_file(path / file, seal(statement(dict(subjects), kind, without_defaults(sealed)), signer))
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=path) from None


def read_statement(path: Path, file: str) -> Statement:
    """Read the folder's seal; its signature is not checked yet.

    Raises InputError where there is none, VerificationError for a further file and for what is no statement.
    """
    if not os.path.lexists(path / file):
        raise InputError(f"is not the folder of a sealed result: there is no {file} in it", where=path)
    if added := sorted(each.name for each in path.iterdir() if each.name != file):
        raise VerificationError(f"{added[0]}: was added: the seal does not name it")
    document, envelope = open_envelope(layout.read_bounded(path, file, MAX_ENVELOPE_BYTES), file)
    subjects = {each["name"]: each["digest"]["sha256"] for each in document["subject"]}
    return Statement(document["predicateType"], document["predicate"], subjects, envelope)


def drawn_reading(signer: KeySigner | None, answers: str, reference: str) -> Reading:
    """The order of reading that a key gives for two digests; without a key one that is drawn."""
    import secrets

    if signer is None:
        return Reading(secret=secrets.token_hex(32))
    proof, secret = Prover(signer).reading(answers, reference)
    return Reading(secret=secret, proof=proof)


def check_order(file: str, reading: Reading, signer: str, answers: str, reference: str) -> None:
    """Raise VerificationError unless the order of reading is that of the key, or is said to be drawn without one."""
    if bool(signer) != bool(reading.proof):
        raise VerificationError(f"{file}: its order of reading does not go with its signature")
    if signer and reading_output(public_key(signer), answers, reference, reading.proof) != reading.secret:
        raise VerificationError(f"{file}: its order of reading is not the one that its key gives")
