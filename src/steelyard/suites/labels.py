"""Answers that people label by hand against a criterion, so that a judge can be held against them.

A file of answers has one JSON object a line, with ``id``, ``question``, ``answer`` and ``criterion``, and perhaps a
``reference``, as ``steelyard judge calibrate`` writes it. A file of labels, which one person's page saves, has ``id``,
``label`` (*yes*, *no* or *unsure*) and ``labeller``. Its labels go into the file of answers: those of one person as
``label``, those of another as ``second``, with *skip* for *unsure*, and their names beside them, so that nobody counts
as two people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records.record import Record
from steelyard.suites.review_file import MAX_NAME
from steelyard.tasks.file_rows import JsonlRows
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line

__all__ = [
    "AnswerToLabel",
    "Label",
    "answers_digest",
    "apply_labels",
    "read_answers",
    "read_saved_labels",
    "same_person",
]

T = TypeVar("T", "AnswerToLabel", "Label")
_NAMED: Final[Mapping[str, str]] = {"label": "labeller", "second": "second_labeller"}
_WRITTEN: Final = {"yes": "yes", "no": "no", "unsure": "skip"}


class AnswerToLabel(Record, frozen=True, kw_only=True):
    """One answer. What a judge said of it is not in it, so that nobody is led by that.

    ``label`` and ``second`` are what two people said before, whose names stand in ``labeller`` and
    ``second_labeller``; nobody is shown them.
    """

    id: str
    question: str
    answer: str
    criterion: str
    reference: str = ""
    label: str = ""
    labeller: str = ""
    second: str = ""
    second_labeller: str = ""


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
    for number, label in found.values():
        if one_line(label.labeller, MAX_NAME) != label.labeller.strip():
            raise InputError(f"labeller: at most {MAX_NAME} printable characters", where=path, line=number)
    if len({same_person(label.labeller) for _, label in found.values()}) > 1:
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


def same_person(name: str) -> str:
    """What two names of one person have in common: neither spaces nor capitals make another one."""
    return " ".join(name.split()).casefold()


def apply_labels(path: Path, labels: Sequence[Label], name: Literal["label", "second"], labeller: str = "") -> int:
    """Put labels into the file of answers at ``path``, all or none; how many lines have one now.

    ``labeller`` names whose they are where they do not. Raises InputError for a label of an answer that is not there,
    for one that differs from what is written already, for a second set without a name or by the name of the first, and
    where the file cannot be written.
    """
    answers = {answer.id: answer for answer in read_answers(path)}
    person = _person(labels, labeller, path)
    _check_person(person, list(answers.values()), name, path)
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
        if person and row["id"] in by_id:
            row[_NAMED[name]] = person
    try:
        write_file(path, b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=path) from None
    return sum(bool(row[name]) for row in rows)


def _person(labels: Sequence[Label], given: str, path: Path) -> str:
    """Whose labels these are; raises InputError where they name another person than is given."""
    named = next((label.labeller.strip() for label in labels), "")
    if named and given and same_person(named) != same_person(given):
        raise InputError(f"the labels are of {named}, and not of {given}: leave out --reviewer", where=path)
    return named or " ".join(given.split())


def _check_person(person: str, answers: Sequence[AnswerToLabel], name: Literal["label", "second"], path: Path) -> None:
    """Raise InputError where the labels of one person would count as those of two, or two people's as one's."""
    if name == "second" and not person:
        raise InputError("the second person has no name: say who labelled, with --reviewer NAME", where=path)
    other: Literal["label", "second"] = "label" if name == "second" else "second"
    for answer in answers:
        theirs, before = getattr(answer, _NAMED[other]), getattr(answer, _NAMED[name])
        if person and getattr(answer, other) and same_person(theirs) == same_person(person):
            raise InputError(
                f"{one_line(theirs, MAX_NAME)} gave each {other} already: one person is not two labellers", where=path
            )
        if person and getattr(answer, name) and before and same_person(before) != same_person(person):
            raise InputError(
                f"{one_line(before, MAX_NAME)} gave each {name} already: --second takes the labels of a second person",
                where=path,
            )


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
