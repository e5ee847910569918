"""The file that the page of a review saves: decisions about one version of a suite, read as a stranger's file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.records.record import Record
from steelyard.suites.review import Change, change_problem, tidied
from steelyard.tasks.suite_file import SuiteFile
from steelyard.util.text import one_line

__all__ = ["FORMAT", "MAX_NAME", "SavedReview", "read_saved_review"]

FORMAT: Final = "steelyard-review/1"
MAX_BYTES: Final = 64_000_000
MAX_NAME: Final = 80  # characters of a reviewer's name


class SavedReview(Record, frozen=True, kw_only=True):
    """What the page saves. ``suite`` is the digest of the version that the page showed."""

    format: Literal["steelyard-review/1"]
    suite: str
    reviewer: str = ""
    saved: str = ""
    changes: tuple[Change, ...]


def read_saved_review(
    path: Path, digest: str, suite: SuiteFile, items: dict[str, SuiteItem]
) -> tuple[str, list[tuple[SuiteItem, Change]]]:
    """The reviewer's name, and each item with what was decided about it.

    Raises InputError for what is no such file, for another version of the suite than the one with this digest, and for
    a change that cannot be made: then none is.
    """
    saved = _decoded(path)
    if saved.suite != digest:
        raise InputError(
            f"is about another version of the suite ({one_line(saved.suite, 16)}, and this is {digest[:16]}): nothing "
            "is applied; make a new page with steelyard suite review FOLDER --html FILE",
            where=path,
        )
    if len(saved.reviewer) > MAX_NAME:
        raise InputError(f"reviewer: at most {MAX_NAME} characters", where=path)
    _check_time(saved.saved, path)
    found: dict[str, tuple[SuiteItem, Change]] = {}
    for change in map(tidied, saved.changes):
        named = one_line(change.item, 80)
        item = items.get(change.item)
        if item is None:
            raise InputError(f"item {named!r} is not in the suite", where=path)
        if change.item in found:
            raise InputError(f"decides twice about item {named!r}", where=path)
        if problem := change_problem(item, change, suite):
            raise InputError(f"item {named}: {problem}", where=path)
        found[change.item] = item, change
    return one_line(saved.reviewer, MAX_NAME), list(found.values())


def _decoded(path: Path) -> SavedReview:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES:,} bytes: not the file of a review", where=path)
    try:
        return msgspec.json.decode(data, type=SavedReview)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = one_line(str(error), 160)
        raise InputError(f"is not a file that the page of a review saves ({reason})", where=path) from None


def _check_time(text: str, path: Path) -> None:
    try:
        if text:
            datetime.fromisoformat(text[:40])
    except ValueError:
        raise InputError("saved: not a time", where=path) from None
