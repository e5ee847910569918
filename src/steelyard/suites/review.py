"""What people decided about the items of a suite: ``review.jsonl`` in its folder, which is only appended to.

A decision names the item as it was when it was seen, and as it is to become, by their digests. So nobody's decision
counts for an item that was changed by other means afterwards: such an item is not reviewed. What was applied to
``samples.jsonl`` is on record too, so that an item which was dropped and put back by hand stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import SuiteItem
from steelyard.records.record import Record
from steelyard.tasks.file_rows import JsonlRows
from steelyard.tasks.suite_file import SuiteFile
from steelyard.tasks.suite_vault import item_digest
from steelyard.util.append_file import append_lines
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line

__all__ = [
    "MAX_REASON",
    "MAX_TAG",
    "MAX_TAGS",
    "MAX_TEXT",
    "REASONS",
    "REVIEW",
    "Change",
    "Decided",
    "Reviewed",
    "append_applied",
    "append_changes",
    "change_problem",
    "changed_item",
    "forget_texts",
    "read_review",
    "seen_digest",
    "tidied",
]

REVIEW: Final = "review.jsonl"
REASONS: Final = (
    "The answer is wrong.",
    "The question is unclear.",
    "Nothing shown here answers it.",
    "It holds personal data.",
    "Nobody would ask this.",
)
MAX_TEXT: Final = 100_000  # characters of a question or an answer that a reviewer writes
MAX_REASON: Final = 500
MAX_TAG: Final = 60
MAX_TAGS: Final = 20


class Change(Record, frozen=True, kw_only=True):
    """What a person decided about one item. What is None stays as it is.

    Without a ``decision`` only tags and difficulty are set, and the item is still to be reviewed. *edit* keeps the
    item with another question or answer.
    """

    item: str
    decision: Literal["", "keep", "edit", "drop"] = ""
    question: str | None = None
    answer: str | None = None
    reason: str = ""
    tags: tuple[str, ...] | None = None
    difficulty: Literal["", "easy", "hard"] | None = None


class Decided(Record, frozen=True, kw_only=True, tag="decided", tag_field="kind"):
    """One line of ``review.jsonl``: a change, who decided it and when, and the digests of the item before and after.

    ``after`` is empty for an item that is dropped.
    """

    at: str
    by: str = ""
    before: str
    after: str = ""
    change: Change


class Applied(Record, frozen=True, kw_only=True, tag="applied", tag_field="kind"):
    """One line of ``review.jsonl``: what was decided above is in the files, as this version of the suite."""

    at: str
    version: int
    suite: str


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """The last decision on each item; ``applied`` names the items whose decision is in the files."""

    decided: dict[str, Decided] = field(default_factory=dict)
    applied: frozenset[str] = frozenset()

    def change_of(self, item: SuiteItem) -> Change | None:
        """The last decision on the item as it is now; None where there is none."""
        found, digest = self.decided.get(item.id), seen_digest(item)
        if found is None or not (digest == found.after or (digest == found.before and item.id not in self.applied)):
            return None
        return found.change

    def is_pending(self, item: SuiteItem) -> bool:
        """Whether a decision changes the item as it is now, and is not in the files."""
        found = self.decided.get(item.id)
        is_open = found is not None and item.id not in self.applied and found.after != found.before
        return is_open and found is not None and found.before == seen_digest(item)

    def number_reviewed(self, items: Iterable[SuiteItem]) -> int:
        """How many of these items somebody kept, edited or dropped."""
        return sum(bool(change and change.decision) for change in map(self.change_of, items))


def seen_digest(item: SuiteItem) -> str:
    """The SHA-256 of what a reviewer sees of an item: all but its canary, which may move to another one."""
    return item_digest(msgspec.structs.replace(item, canary=""))


def changed_item(item: SuiteItem, change: Change) -> SuiteItem | None:
    """The item after the change; None where it is dropped."""
    if change.decision == "drop":
        return None
    return msgspec.structs.replace(
        item,
        question=item.question if change.question is None else change.question,
        answer=item.answer if change.answer is None else change.answer,
        tags=item.tags if change.tags is None else change.tags,
        difficulty=item.difficulty if change.difficulty is None else change.difficulty,
    )


def tidied(change: Change) -> Change:
    """The change with reason and tags as they can be shown: what is invisible here becomes U+FFFD.

    A browser knows characters that this Python does not, and nobody's review is refused for one of them.
    """
    tags = None if change.tags is None else tuple(dict.fromkeys(_shown(tag, MAX_TAG) for tag in change.tags))
    return msgspec.structs.replace(change, reason=_shown(change.reason, MAX_REASON), tags=tags)


def _shown(text: str, limit: int) -> str:
    """One printable line; a text that is too long stays, and is refused."""
    return text if len(text) > limit else one_line(text, limit)


def change_problem(item: SuiteItem, change: Change, suite: SuiteFile) -> str:
    """Why a change cannot be made, in one clause; empty where it can."""
    is_edit = change.question is not None or change.answer is not None
    if is_edit != (change.decision == "edit"):
        return "another question or answer is the decision 'edit', and only that"
    if bool(change.reason.strip()) != (change.decision == "drop"):
        return "a dropped item has a reason, and only that"
    if one_line(change.reason, MAX_REASON) != change.reason:
        return f"a reason is one line of printable text, at most {MAX_REASON} characters"
    if (problem := _tags_problem(change.tags or ())) or not is_edit:
        return problem
    return _text_problem(item, change, suite)


def _tags_problem(tags: Sequence[str]) -> str:
    if len(tags) > MAX_TAGS or len(set(tags)) != len(tags):
        return f"at most {MAX_TAGS} different tags"
    if any(not tag or "," in tag or one_line(tag, MAX_TAG) != tag for tag in tags):
        return f"a tag is printable text without a comma, at most {MAX_TAG} characters"
    return ""


def _text_problem(item: SuiteItem, change: Change, suite: SuiteFile) -> str:
    for name, text in (("question", change.question), ("answer", change.answer)):
        if text is not None and (len(text) > MAX_TEXT or "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            return f"the {name} is at most {MAX_TEXT:,} characters, none of them NUL or half a character"
    if change.question is not None and not change.question.strip():
        return "the question is empty: drop the item instead"
    if change.answer is None:
        return ""
    if item.answer.strip() and not change.answer.strip():
        return "the answer is empty: drop the item instead"
    if item.choices and change.answer not in item.choices:
        return "the answer is not one of the choices"
    labels = [label.casefold() for label in suite.choices]
    if labels and not item.choices and " ".join(change.answer.split()).casefold() not in labels:
        return f"the answer is none of the suite's choices: {', '.join(suite.choices)}"
    return ""


def append_changes(folder: Path, changes: Sequence[tuple[SuiteItem, Change]], by: str) -> list[Decided]:
    """Put decisions on record, in one write that reaches the disk; raises InputError where that cannot be done."""
    now = _now()
    found = []
    for item, change in changes:
        after = changed_item(item, change)
        digests = {"before": seen_digest(item), "after": "" if after is None else seen_digest(after)}
        found.append(Decided(at=now, by=by, change=change, **digests))
    _append(folder, found)
    return found


def append_applied(folder: Path, version: int, suite: str) -> None:
    """Put on record that everything decided so far is in the files; raises InputError."""
    _append(folder, [Applied(at=_now(), version=version, suite=suite)])


def forget_texts(folder: Path, items: Iterable[SuiteItem]) -> None:
    """Take the texts out of the record and leave who decided what and when, for a suite that is to be encrypted.

    Raises InputError where a decision is not in the files yet, since it would be lost.
    """
    if not (folder / REVIEW).exists():
        return
    review = read_review(folder)
    if any(map(review.is_pending, items)):
        raise InputError(
            "decisions of a review are not in the suite's files yet: end the review first (steelyard suite review "
            "FOLDER, then q)",
            where=folder / REVIEW,
        )
    lines: list[Decided | Applied] = []
    for line in _lines_of(folder / REVIEW):
        if isinstance(line, Decided):
            bare = Change(item=line.change.item, decision=line.change.decision)
            line = msgspec.structs.replace(line, change=bare)
        lines.append(line)
    try:
        write_file(folder / REVIEW, b"".join(canonical(without_defaults(line)) + b"\n" for line in lines), 0o600)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=folder / REVIEW) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _append(folder: Path, lines: Sequence[Decided | Applied]) -> None:
    try:
        append_lines(folder / REVIEW, b"".join(canonical(without_defaults(line)) + b"\n" for line in lines))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=folder / REVIEW) from None


def read_review(folder: Path) -> Reviewed:
    """The decisions so far; raises InputError with the line for what is no such record."""
    path = folder / REVIEW
    decided: dict[str, Decided] = {}
    applied: set[str] = set()
    for line in _lines_of(path) if path.is_file() else ():
        if isinstance(line, Applied):
            applied.update(decided)
        else:
            decided[line.change.item] = line
            applied.discard(line.change.item)
    return Reviewed(decided=decided, applied=frozenset(applied))


def _lines_of(path: Path) -> list[Decided | Applied]:
    found: list[Decided | Applied] = []

    def look(row: dict[str, object], number: int) -> None:
        try:
            found.append(msgspec.convert(row, Decided | Applied))
        except msgspec.ValidationError as error:
            raise InputError(f"is no record of a review ({error}): delete that line", where=path, line=number) from None

    JsonlRows(path, look, is_log=True)
    return found
