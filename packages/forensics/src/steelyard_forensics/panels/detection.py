"""The sealed result of a test over finished runs: a folder with one signed statement and the extracts that it rests on.

``detection.dsse.json`` names the SHA-256 of every other file, and holds what was read, under which settings, and what
it came to (:class:`steelyard_forensics.panels.record.Detection`). So the folder verifies alone: the test is computed
again from ``tested/`` and ``panel/``. That the extracts are those of the sealed runs they name is checked by whoever
has these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex, without_defaults
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, open_envelope, seal, statement
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.signed import signed_by
from steelyard.storage.run_folder import check_new_folder, check_outside_runs
from steelyard.storage.sealed_record import record_in
from steelyard.util.atomic_file import write_file
from steelyard_forensics.panels.extracts import MAX_EXTRACT_BYTES, read_extract
from steelyard_forensics.panels.record import Detection, ReadRun
from steelyard_forensics.panels.twin_gap import Scores

__all__ = [
    "FORMAT",
    "PANEL_EXTRACTS",
    "SEAL",
    "TESTED_EXTRACTS",
    "Opened",
    "is_detection",
    "open_detection",
    "seal_detection",
]

SEAL: Final = layout.DETECTION
FORMAT: Final = "steelyard-detection/1"
_PREDICATE: Final = "urn:steelyard:predicate:detection:v1"
TESTED_EXTRACTS: Final = "tested/"
PANEL_EXTRACTS: Final = "panel/"
_EXTRACT: Final = re.compile(r"(tested|panel)/[0-9a-f]{16}\.jsonl")


class Opened(msgspec.Struct, frozen=True):
    """A sealed result that holds as far as digests and signature go: with the scores of each run, by its extract."""

    path: Path
    detection: Detection
    scores: dict[str, Scores]
    signed_by: str
    trusted: bool


def is_detection(path: Path) -> bool:
    """Whether this is the folder of a sealed result."""
    return os.path.lexists(path / SEAL)


def seal_detection(path: Path, detection: Detection, extracts: Mapping[str, bytes], signer: KeySigner | None) -> None:
    """Write the folder: the extracts by their names, then the seal. Raises InputError where it is there already."""
    check_new_folder(path)
    check_outside_runs(path)
    for folder in (TESTED_EXTRACTS, PANEL_EXTRACTS):
        (path / folder).mkdir(parents=True, exist_ok=True)
    for name, data in extracts.items():
        write_file(path / name, data)
    document = statement(
        {name: sha256_hex(data) for name, data in extracts.items()}, _PREDICATE, without_defaults(detection)
    )
    write_file(path / SEAL, seal(document, signer))


def open_detection(path: Path, require_key: Path | None = None) -> Opened:
    """Check that nothing was changed, removed or added since it was sealed, and read it.

    Raises VerificationError naming the first thing that does not hold, in this order: seal, signature, files, digests,
    lines of extracts. Raises InputError where ``path`` is no such folder or ``require_key`` no key.
    """
    if not is_detection(path):
        raise InputError(f"is not the folder of a sealed result: there is no {SEAL} in it", where=path)
    document, envelope = open_envelope(layout.read_bounded(path, SEAL, MAX_ENVELOPE_BYTES), SEAL)
    detection = _read(document["predicateType"], document["predicate"])
    signer, trusted = signed_by(envelope, detection.signer, SEAL, require_key)
    subjects = {each["name"]: each["digest"]["sha256"] for each in document["subject"]}
    _check_files(path, subjects)
    scores = {name: _scores_of(path, run, subjects) for name, run in _runs(detection, subjects).items()}
    return Opened(path, detection, scores, signer, trusted)


def _read(kind: str, predicate: dict[str, object]) -> Detection:
    if kind != _PREDICATE or predicate.get("format") != FORMAT:
        raise VerificationError(f"{SEAL}: not a result of format {FORMAT}, which this version reads")
    return record_in(predicate, Detection, SEAL, "result")


def _runs(detection: Detection, subjects: Mapping[str, str]) -> dict[str, ReadRun]:
    """The runs by the file of their extract; the seal names no other files."""
    found: dict[str, ReadRun] = {}
    for folder, runs in ((TESTED_EXTRACTS, detection.tested), (PANEL_EXTRACTS, detection.read)):
        for run in runs:
            name = f"{folder}{run.bundle[:16]}.jsonl"
            if run.extract != name or name in found or subjects.get(name) != run.sha256:
                raise VerificationError(f"{SEAL}: names {run.extract[:60]!r} otherwise than the run that it is of")
            found[name] = run
    if found.keys() != subjects.keys():
        raise VerificationError(f"{SEAL}: has the digest of a file that no run is of")
    return found


def _check_files(path: Path, subjects: Mapping[str, str]) -> None:
    for name in subjects:
        if not _EXTRACT.fullmatch(name):
            raise VerificationError(f"{SEAL}: names a file that does not belong to a result: {name[:60]!r}")
    for place in sorted(path.rglob("*")):
        name = place.relative_to(path).as_posix()
        if place.is_symlink():
            raise VerificationError(f"{name}: a link: a sealed result holds regular files only")
        if place.is_dir() and f"{name}/" in (TESTED_EXTRACTS, PANEL_EXTRACTS):
            continue
        if name != SEAL and name not in subjects:
            raise VerificationError(f"{name}: was added: the seal does not name it")


def _scores_of(path: Path, run: ReadRun, subjects: Mapping[str, str]) -> Scores:
    data = layout.read_bounded(path, run.extract, MAX_EXTRACT_BYTES)
    if sha256_hex(data) != subjects[run.extract]:
        raise VerificationError(f"{run.extract}: was changed: its SHA-256 is not the one sealed")
    return read_extract(data, run.sides, run.extract)
