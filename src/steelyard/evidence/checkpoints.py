"""Checkpoints: the length of each journal segment at every stop, signed where there is a key.

They show when records from before a stop were rewritten, and when a segment was removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical
from steelyard.evidence.chain import JournalCommitment
from steelyard.evidence.forms import has_form, is_count, is_sha256
from steelyard.evidence.keys import CryptoSigner, SSlibKey, sign_deterministic, verify_raw
from steelyard.evidence.layout import CHECKPOINTS, lines, open_regular

__all__ = ["Checkpoint", "check_checkpoints", "checkpoint_line", "checkpoint_message", "read_checkpoints", "sizes_of"]

CHECKPOINT_CONTEXT = b"steelyard-checkpoint/2\n"
SIGNATURE = re.compile(r"([0-9a-f]{128})?")
MAX_CHECKPOINTS = 100_000  # one per stop and segment: far more than any run has, few enough for memory

Checkpoint = dict[str, tuple[int, str]]  # of each segment, by its file's name: records and their Merkle root


def checkpoint_message(segments: Mapping[str, Any], at_us: int) -> bytes:
    """The bytes that a checkpoint's signature covers."""
    return CHECKPOINT_CONTEXT + canonical({"at_us": at_us, "segments": segments})


def checkpoint_line(sizes: Mapping[str, tuple[int, bytes]], at_us: int, signer: CryptoSigner | None) -> bytes:
    """One line of ``checkpoints.jsonl``, newline included: the length of every segment, and its Merkle root so far.

    ``sizes`` maps the file name of each segment to its number of lines and the root over those. Segments grow side by
    side, so a root over all records together would be no prefix of a later one: each keeps its own.
    """
    segments = {name: {"records": records, "root": root.hex()} for name, (records, root) in sizes.items()}
    message = checkpoint_message(segments, at_us)
    signature = "" if signer is None else sign_deterministic(signer, message).hex()
    return canonical({"at_us": at_us, "segments": segments, "signature": signature}) + b"\n"


def read_checkpoints(run: Path, signer: SSlibKey | None) -> list[Checkpoint]:
    """Read ``checkpoints.jsonl``.

    Raises VerificationError, naming the line, for anything that is not a checkpoint or not signed by ``signer``.
    """
    checkpoints, entries = [], 0
    with open_regular(run, CHECKPOINTS) as file:
        for number, line in enumerate(lines(file, CHECKPOINTS), 1):
            checkpoints.append(_checkpoint(line[:-1], signer, f"{CHECKPOINTS} line {number}"))
            entries += len(checkpoints[-1])
            if max(number, entries) > MAX_CHECKPOINTS:
                raise VerificationError(f"{CHECKPOINTS}: holds more than {MAX_CHECKPOINTS} checkpoints of segments")
    return checkpoints


def _checkpoint(line: bytes, signer: SSlibKey | None, where: str) -> Checkpoint:
    try:
        point = parse_canonical(line)
    except ValueError as error:
        raise VerificationError(f"{where}: {error}") from None
    if not has_form(point, {"at_us": is_count, "segments": _are_roots, "signature": _is_signature}):
        raise VerificationError(f"{where}: not a checkpoint")
    if point["signature"]:
        message = checkpoint_message(point["segments"], point["at_us"])
        if signer is None or not verify_raw(signer, message, bytes.fromhex(point["signature"])):
            raise VerificationError(f"{where}: its signature is not by the key that sealed the run")
    return {name: (segment["records"], segment["root"]) for name, segment in point["segments"].items()}


def _are_roots(value: Any) -> bool:
    form = {"records": is_count, "root": is_sha256}
    return isinstance(value, dict) and all(has_form(segment, form) for segment in value.values())


def _is_signature(value: Any) -> bool:
    return isinstance(value, str) and SIGNATURE.fullmatch(value) is not None


def sizes_of(checkpoints: list[Checkpoint]) -> dict[str, set[int]]:
    """The sizes at which the root of each segment is needed."""
    sizes: dict[str, set[int]] = {}
    for point in checkpoints:
        for name, (records, _) in point.items():
            sizes.setdefault(name, set()).add(records)
    return sizes


def check_checkpoints(checkpoints: list[Checkpoint], journal: JournalCommitment) -> None:
    """Check that every segment still begins with the records that each checkpoint saw.

    Raises VerificationError where a segment is missing or its first records have another Merkle root.
    """
    for number, point in enumerate(checkpoints, 1):
        for name, (records, root) in point.items():
            segment = journal.segments.get(name)
            if segment is None:
                raise VerificationError(f"{CHECKPOINTS} line {number}: names {name[:80]!r}, a segment that is missing")
            if segment.roots.get(records) != root:
                raise VerificationError(
                    f"{CHECKPOINTS} line {number}: not the Merkle root of the first {records} records of {name}"
                )
