"""Who has seen which item of a suite: ``exposures.jsonl`` in its folder, which is appended to and never rewritten.

Asking an endpoint is releasing to it. A run that begins is counted with all items that it may ask; when it ended, with
those that it sent. A run whose end is not on record (a crash) keeps counting with all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records.record import Record
from steelyard.tasks.file_rows import JsonlRows
from steelyard.util.append_file import append_lines

__all__ = ["EXPOSURES", "Exposure", "append_exposures", "exposed_items", "read_exposures", "seen_among"]

EXPOSURES: Final = "exposures.jsonl"


class Exposure(Record, frozen=True, kw_only=True):
    """Items of one version of a suite that one recipient got in one run, or may get (``state`` *begun*).

    ``run`` is the SHA-256 of its plan, ``suite`` the digest of the version, ``recipient`` the address of an endpoint.
    """

    at: str
    run: str
    suite: str
    recipient: str
    state: Literal["begun", "ended"]
    items: tuple[str, ...]


def append_exposures(
    folder: Path,
    run: str,
    suite: str,
    state: Literal["begun", "ended"],
    items_by_recipient: Mapping[str, Collection[str]],
) -> None:
    """Put on record what recipients get, in one write that reaches the disk.

    Raises InputError where the folder cannot be written: then nothing may be sent.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [
        Exposure(at=now, run=run, suite=suite, recipient=recipient, state=state, items=tuple(sorted(items)))
        for recipient, items in sorted(items_by_recipient.items())
    ]
    if not lines:
        return
    data = b"".join(canonical(without_defaults(line)) + b"\n" for line in lines)
    path = folder / EXPOSURES
    try:
        append_lines(path, data)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror}), so that it would not be on record who saw the suite", where=path
        ) from None


def read_exposures(folder: Path) -> list[Exposure]:
    """The record so far, in its order; raises InputError with the line for what is no such record."""
    path = folder / EXPOSURES
    if not path.is_file():
        return []
    found: list[Exposure] = []

    def look(row: dict[str, object], number: int) -> None:
        try:
            found.append(msgspec.convert(row, Exposure))
        except msgspec.ValidationError as error:
            raise InputError(f"is no record of an exposure: {error}", where=path, line=number) from None

    JsonlRows(path, look, is_log=True)
    return found


def exposed_items(exposures: list[Exposure]) -> dict[str, dict[str, int]]:
    """By recipient and item, in how many runs it was sent, or may have been sent."""
    runs: dict[tuple[str, str], Exposure] = {}
    for each in exposures:
        before = runs.get((each.run, each.recipient))
        if before is None or before.state == "begun" or each.state == "ended":
            runs[each.run, each.recipient] = each
    found: dict[str, dict[str, int]] = {}
    for (_, recipient), each in runs.items():
        counts = found.setdefault(recipient, {})
        for item in each.items:
            counts[item] = counts.get(item, 0) + 1
    return found


def seen_among(kept: Collection[str], exposures: list[Exposure]) -> dict[str, int]:
    """How many of these items each recipient has seen already; without those that have seen none."""
    found = {recipient: len(counts.keys() & set(kept)) for recipient, counts in exposed_items(exposures).items()}
    return {recipient: number for recipient, number in sorted(found.items()) if number}
