"""Answers that people label by hand against a criterion, so that a judge can be held against them.

A file of answers has one JSON object a line, with ``id``, ``question``, ``answer`` and ``criterion``. The file of
labels has ``id``, ``label`` (*yes*, *no* or *unsure*) and ``labeller``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records.record import Record
from steelyard.tasks.file_rows import JsonlRows
from steelyard.util.text import one_line

__all__ = ["AnswerToLabel", "Label", "read_answers"]


class AnswerToLabel(Record, frozen=True, kw_only=True):
    """One answer. What a judge said of it is not in it, so that nobody is led by that."""

    id: str
    question: str
    answer: str
    criterion: str


class Label(Record, frozen=True, kw_only=True):
    """What one person says: whether the answer meets the criterion."""

    id: str
    label: Literal["yes", "no", "unsure"]
    labeller: str = ""


def read_answers(path: Path) -> list[AnswerToLabel]:
    """Read a file of answers strictly; raises InputError with the line."""
    found: dict[str, AnswerToLabel] = {}

    def look(row: dict[str, object], number: int) -> None:
        try:
            answer = msgspec.convert(row, AnswerToLabel)
        except msgspec.ValidationError as error:
            raise InputError(
                f"{one_line(str(error), 160)}; a line has id, question, answer and criterion", where=path, line=number
            ) from None
        if not answer.id or one_line(answer.id, 200) != answer.id:
            raise InputError("id: 1 to 200 printable characters", where=path, line=number)
        if answer.id in found:
            raise InputError(f"two lines have the id {answer.id!r}", where=path, line=number)
        if not answer.criterion.strip():
            raise InputError("criterion is empty: it says what 'yes' means", where=path, line=number)
        found[answer.id] = answer

    JsonlRows(path, look)
    if not found:
        raise InputError("has no answers", where=path)
    return list(found.values())
