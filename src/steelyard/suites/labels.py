"""Answers that people label by hand against a criterion, so that a judge can be held against them.

A file of answers has one JSON object a line, with ``id``, ``question``, ``answer`` and ``criterion``, and perhaps a
``reference``, as ``steelyard judge calibrate`` writes it. A file of labels, which one person's page saves, has ``id``,
``label`` (*yes*, *no* or *unsure*) and ``labeller``. Its labels go into the file of answers: those of one person as
``label``, those of another as ``second``, with *skip* for *unsure*.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records.record import Record
from steelyard.tasks.file_rows import JsonlRows
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line

__all__ = ["AnswerToLabel", "Label", "answers_digest", "apply_labels", "read_answers", "read_saved_labels"]

T = TypeVar("T", "AnswerToLabel", "Label")
_WRITTEN: Final = {"yes": "yes", "no": "no", "unsure": "skip"}


class AnswerToLabel(Record, frozen=True, kw_only=True):
    """One answer. What a judge said of it is not in it, so that nobody is led by that.

    ``label`` and ``second`` are what two people said before; nobody is shown them.
    """

    id: str
    question: str
    answer: str
    criterion: str
    reference: str = ""
    label: str = ""
    second: str = ""


class Label(Record, frozen=True, kw_only=True):
    """What one person says: whether the answer meets the criterion."""

    id: str
    label: Literal["yes", "no", "unsure"]
    labeller: str = ""


def read_answers(path: Path) -> list[AnswerToLabel]:
    """Read a file of answers strictly; raises InputError with the line."""
    found = _read(path, AnswerToLabel, "a line has id, question, answer and criterion")
    for number, answer in found.values():
        if not answer.criterion.strip():
            raise InputError("criterion is empty: it says what 'yes' means", where=path, line=number)
    if not found:
        raise InputError("has no answers", where=path)
    return [answer for _, answer in found.values()]


def read_saved_labels(path: Path) -> list[Label]:
    """Read the labels that one person's page saved; raises InputError with the line."""
    found = _read(path, Label, "a line has id, label (yes, no or unsure) and labeller")
    if len({label.labeller for _, label in found.values()}) > 1:
        raise InputError("has labels of several people: give one person's file after the other", where=path)
    return [label for _, label in found.values()]


def _read(path: Path, kind: type[T], form: str) -> dict[str, tuple[int, T]]:
    """The records of a file by their ids, with the numbers of their lines."""
    found: dict[str, tuple[int, T]] = {}

    def look(row: dict[str, object], number: int) -> None:
        try:
            record = msgspec.convert(row, kind)
        except msgspec.ValidationError as error:
            raise InputError(f"{one_line(str(error), 160)}; {form}", where=path, line=number) from None
        if not record.id or one_line(record.id, 200) != record.id:
            raise InputError("id: 1 to 200 printable characters", where=path, line=number)
        if record.id in found:
            raise InputError(f"two lines have the id {record.id!r}", where=path, line=number)
        found[record.id] = number, record

    JsonlRows(path, look)
    return found


def answers_digest(answers: Sequence[AnswerToLabel]) -> str:
    """The SHA-256 of what people see of answers: it stays when labels are put into the file."""
    seen = [[each.id, each.question, each.answer, each.reference, each.criterion] for each in answers]
    return sha256(json.dumps(seen).encode()).hexdigest()


def apply_labels(path: Path, labels: Sequence[Label], name: Literal["label", "second"]) -> int:
    """Put labels into the file of answers at ``path``, all or none; how many lines have one now.

    Raises InputError for a label of an answer that is not there, for one that differs from what is written already,
    and where the file cannot be written.
    """
    answers = {answer.id: answer for answer in read_answers(path)}
    by_id = {label.id: _WRITTEN[label.label] for label in labels}
    for key, label in by_id.items():
        if key not in answers:
            raise InputError(f"there is no answer with the id {key!r}: the labels are of another file", where=path)
        before = str(getattr(answers[key], name))
        if before not in ("", label):
            raise InputError(
                f"{key} has another {name} already ({one_line(before, 20)}): --second takes the labels of a second "
                "person; to change a label, edit the line",
                where=path,
            )
    rows: list[dict[str, Any]] = [msgspec.json.decode(line) for line in _lines(path)]
    for row in rows:
        row[name] = by_id.get(row["id"], row.get(name, ""))
    try:
        write_file(path, b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=path) from None
    return sum(bool(row[name]) for row in rows)


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
