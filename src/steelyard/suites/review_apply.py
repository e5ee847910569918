"""From decisions to the files of a suite: all of them, or none."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import read_exposures
from steelyard.suites.review import (
    Change,
    append_applied,
    change_problem,
    changed_item,
    read_review,
)
from steelyard.suites.writing import lines_of
from steelyard.tasks.definition_file import read_strictly
from steelyard.tasks.file_rows import JsonlRows
from steelyard.tasks.suite_file import (
    DROPPED,
    SAMPLES,
    SUITE,
    SuiteFile,
    SuiteRows,
    read_suite,
    suite_digest,
)
from steelyard.tasks.suite_seal import seal_path
from steelyard.tasks.suite_vault import item_digest
from steelyard.util.atomic_file import whole_file
from steelyard.util.text import one_line

__all__ = ["CHECK", "AppliedReview", "apply_review"]

CHECK = "review"  # the check that dropped.jsonl names
_VERSION = re.compile(r"^version:[ \t]*[0-9]+", re.MULTILINE)
_NAME = re.compile(r"^suite:.*$", re.MULTILINE)


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
    _keep_canary(after, items)
    kept = [item for item in after if item is not None]
    if not kept:
        raise NothingKept("every item is dropped, so there would be no suite: keep one, or delete the folder")
    is_new_version = bool(pending) and _is_fixed(folder, suite.version, suite_digest(suite, rows.digests))
    version = suite.version + is_new_version
    digests = [item_digest(item) for item in kept]
    new = suite_digest(msgspec.structs.replace(suite, version=version), digests)
    if pending:
        _write(folder, suite, _lines(rows, after, items, folder), _dropped(items, pending), version)
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


def _is_fixed(folder: Path, version: int, digest: str) -> bool:
    """Whether the version is sealed, or an endpoint has got items of it."""
    return seal_path(folder, version).exists() or any(each.suite == digest for each in read_exposures(folder))


def _keep_canary(after: list[SuiteItem | None], items: list[SuiteItem]) -> None:
    """Move the canary of items that are dropped to the first one that stays."""
    lost = next((old.canary for old, new in zip(items, after, strict=True) if old.canary and new is None), "")
    if not lost or any(item.canary for item in after if item is not None):
        return
    for place, item in enumerate(after):
        if item is not None:
            after[place] = msgspec.structs.replace(item, canary=lost)
            return


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


def _write(folder: Path, suite: SuiteFile, samples: bytes, dropped: list[DroppedItem], version: int) -> None:
    """Write the files; that with the items gets its name last, so that what it misses is in the other ones already."""
    before = _bytes_of(folder / DROPPED)
    new = [each for each in dropped if each not in _reviewed_before(folder)]
    try:
        with ExitStack() as files:  # each file is whole on the disk before the first gets its name
            _put(files, folder / SAMPLES, samples)
            if version != suite.version:
                _put(files, folder / SUITE, _with_version(folder / SUITE, version))
            if new:
                ended = before if not before or before.endswith(b"\n") else before + b"\n"
                _put(files, folder / DROPPED, ended + lines_of(new))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); the suite is as it was", where=folder) from None


def _put(files: ExitStack, path: Path, data: bytes) -> None:
    file = files.enter_context(whole_file(path))
    file.write(data)
    file.flush()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


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


def _with_version(path: Path, version: int) -> bytes:
    """``suite.yaml`` with another number of its version; all else stays as people wrote it."""
    text = path.read_bytes().decode()
    if _VERSION.search(text):
        changed = _VERSION.sub(f"version: {version}", text, count=1)
    else:
        changed = _NAME.sub(lambda line: f"{line[0].rstrip()}\nversion: {version}", text, count=1)
    check = path.with_name(path.name + ".check")
    try:
        check.write_bytes(changed.encode())
        if msgspec.structs.replace(read_strictly(path, SuiteFile), version=version) == read_strictly(check, SuiteFile):
            return changed.encode()
    except InputError:
        pass
    finally:
        check.unlink(missing_ok=True)
    raise InputError(f"set 'version: {version}' there first, on a line of its own", where=path)
