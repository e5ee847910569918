"""From decisions to the files of a suite: all of them, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.review import (
    Change,
    append_applied,
    change_problem,
    changed_item,
    read_review,
)
from steelyard.suites.rewriting import is_fixed, keep_canary, rewrite_suite
from steelyard.suites.writing import lines_of
from steelyard.tasks.file_rows import JsonlRows
from steelyard.tasks.suite_file import (
    DROPPED,
    SAMPLES,
    SuiteRows,
    read_suite,
    suite_digest,
)
from steelyard.tasks.suite_vault import item_digest
from steelyard.util.text import one_line

__all__ = ["CHECK", "AppliedReview", "apply_review"]

CHECK = "review"  # the check that dropped.jsonl names


@dataclass(frozen=True, kw_only=True)
class AppliedReview:
    """What became of a suite: how many items were edited, dropped, and only tagged; how many are left to review.

    ``digest`` names the version that is in the files now; ``is_new_version`` where its number went up.
    """

    edited: int
    dropped: int
    marked: int
    items: int
    reviewed: int
    version: int
    is_new_version: bool
    digest: str


def apply_review(folder: Path) -> AppliedReview:
    """Change ``samples.jsonl``, ``dropped.jsonl`` and, for another version, ``suite.yaml`` as was decided.

    The version's number goes up where the old one is sealed, or an endpoint has got items of it. A crash leaves the old
    suite, or one that the next call completes. Raises InputError, and NothingKept where no item would be left; then
    nothing changes.
    """
    suite = read_suite(folder)
    rows = SuiteRows(folder / SAMPLES, suite)
    if rows.is_encrypted:
        raise InputError("is encrypted: steelyard suite encrypt FOLDER --undo lets you review it", where=folder)
    review = read_review(folder)
    items = [rows.item(place) for place in range(len(rows))]
    pending = {place: review.decided[item.id].change for place, item in enumerate(items) if review.is_pending(item)}
    for place, change in pending.items():
        if problem := change_problem(items[place], change, suite):
            raise InputError(f"item {items[place].id}: {problem}", where=folder / SAMPLES, line=rows.number_of(place))
    after = [changed_item(item, pending[place]) if place in pending else item for place, item in enumerate(items)]
    keep_canary(after, items)
    kept = [item for item in after if item is not None]
    if not kept:
        raise NothingKept("every item is dropped, so there would be no suite: keep one, or delete the folder")
    is_new_version = bool(pending) and is_fixed(folder, suite.version, suite_digest(suite, rows.digests))
    version = suite.version + is_new_version
    digests = [item_digest(item) for item in kept]
    new = suite_digest(msgspec.structs.replace(suite, version=version), digests)
    if pending:
        before = _reviewed_before(folder)
        new_dropped = [each for each in _dropped(items, pending) if each not in before]
        rewrite_suite(folder, suite, _lines(rows, after, items, folder), new_dropped, version)
        append_applied(folder, version, new)
    counts = [change.decision for change in pending.values()]
    return AppliedReview(
        edited=counts.count("edit"),
        dropped=counts.count("drop"),
        marked=counts.count("keep") + counts.count(""),
        items=len(kept),
        reviewed=review.number_reviewed(kept),
        version=version,
        is_new_version=is_new_version,
        digest=new,
    )


def _lines(rows: SuiteRows, after: list[SuiteItem | None], items: list[SuiteItem], folder: Path) -> bytes:
    """``samples.jsonl`` as it is to be; the lines of items that did not change stay byte for byte."""
    old = (folder / SAMPLES).read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found = []
    for place, item in enumerate(after):
        if item == items[place]:
            found.append(old[rows.number_of(place) - 1].rstrip(b"\r") + b"\n")
        elif item is not None:
            found.append(lines_of([item]))
    return b"".join(found)


def _dropped(items: list[SuiteItem], pending: dict[int, Change]) -> list[DroppedItem]:
    return [
        DroppedItem(check=CHECK, reason=change.reason, item=items[place])
        for place, change in pending.items()
        if change.decision == "drop"
    ]


def _reviewed_before(folder: Path) -> list[DroppedItem]:
    """What reviews dropped so far: after a crash, perhaps items that samples.jsonl still has."""
    found: list[DroppedItem] = []

    def look(row: dict[str, object], number: int) -> None:
        try:
            each = msgspec.convert(row, DroppedItem)
        except msgspec.ValidationError as error:
            raise InputError(one_line(str(error)), where=folder / DROPPED, line=number) from None
        if each.check == CHECK:
            found.append(each)

    if (folder / DROPPED).is_file():
        JsonlRows(folder / DROPPED, look)
    return found
