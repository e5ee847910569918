"""Anyone's own questions, from a JSONL, CSV or Parquet file, as a task."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.errors import InputError
from assay.tasks.definition import Cell, Fields, TaskDefinition
from assay.tasks.loaders import Row, read_rows
from assay.tasks.task import Task

__all__ = ["task_from_file"]

_QUESTION = ("question", "prompt", "input")
_ANSWER = ("answer", "target")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def task_from_file(path: Path) -> Task:
    """Make a task of a file with the columns question (or prompt, input), answer (or target) and, perhaps, choices.

    With choices it is multiple choice by letter, and the answer is a choice's index, letter or text. Otherwise answers
    are compared as numbers where every one is a number, else exactly. Raises InputError with the file and the row of
    the first thing that is wrong.
    """
    rows = read_rows(path)
    question, answer = _column(rows, _QUESTION, path), _column(rows, _ANSWER, path)
    has_choices = any(row.get("choices") for row in rows)
    tidy = [_tidied(row, number, question, answer, has_choices, path) for number, row in enumerate(rows, 1)]
    definition = TaskDefinition(
        id=path.stem,
        title=path.name,
        fields=Fields(target="answer", choices="choices" if has_choices else ""),
        scorer=_scorer(tidy, has_choices),
        cells=_choice_cells() if has_choices else _open_cells(),
        default_cell="letter" if has_choices else "question",
        chance=1 / max(len(row["choices"]) for row in tidy) if has_choices else 0.0,
        public=False,
    )
    return Task(definition, path, rows=tidy)


def _scorer(rows: Sequence[Row], has_choices: bool) -> dict[str, Any]:
    if has_choices:
        return {"name": "letter"}
    return {"name": "numeric" if all(_NUMBER.fullmatch(row["answer"]) for row in rows) else "exact"}


def _open_cells() -> dict[str, Cell]:
    return {
        "question": Cell(
            title="the question, as a message", prompt="{{ question }}\n\nReply with the answer alone.", chat=True
        ),
        "completion": Cell(
            title="the question, completed",
            prompt="Question: {{ question }}\nAnswer:",
            stop=("\n", "Question:"),
            max_tokens=64,
        ),
    }


def _choice_cells() -> dict[str, Cell]:
    asked = "{{ question }}\n{{ choices | lettered }}Answer:"
    return {
        "letter": Cell(title="the letter, written", prompt=asked, stop=("\n",), max_tokens=16),
        "letter_loglikelihood": Cell(
            title="the letter, by log-likelihood",
            context=asked,
            continuations="choices | letters_of | map('prefixed', ' ')",
            scorer={"name": "choice"},
        ),
    }


def _column(rows: Sequence[Row], names: Sequence[str], path: Path) -> str:
    for name in names:
        if name in rows[0]:
            return name
    raise InputError(f"needs a column {' or '.join(names)}; it has {', '.join(map(str, rows[0]))}", where=path, line=1)


def _tidied(row: Row, number: int, question: str, answer: str, has_choices: bool, path: Path) -> Row:
    """One row with exactly the keys question, answer and choices."""
    where = f"{path}: row {number}"
    asked, target = row.get(question), row.get(answer)
    if not isinstance(asked, str) or not asked.strip():
        raise InputError(f"{question} must be a text", where=where)
    if isinstance(target, bool) or not isinstance(target, (str, int, float)) or str(target).strip() in ("", "nan"):
        raise InputError(f"{answer} must be a text or a number", where=where)
    if not has_choices:
        return {"question": asked, "answer": str(target)}
    choices = _choices(row.get("choices"), where)
    return {"question": asked, "answer": _index(target, choices, where), "choices": choices}


def _choices(value: Any, where: str) -> list[str]:
    if isinstance(value, str):  # a CSV cell holds the list as JSON, or split by |
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split("|")
        except (ValueError, RecursionError):
            raise InputError("choices is not a JSON list", where=where) from None
    if not isinstance(value, list) or not 2 <= len(value) <= len(_LETTERS):
        raise InputError(f"choices must be a list of 2 to {len(_LETTERS)} texts", where=where)
    choices = [str(choice).strip() for choice in value if isinstance(choice, (str, int, float))]
    if len(choices) != len(value) or not all(choices):
        raise InputError("every choice must be a text", where=where)
    return choices


def _index(target: Any, choices: list[str], where: str) -> str:
    """The answer's index: the text of a choice means that choice, before an index or a letter does."""
    text = str(target).strip()
    if isinstance(target, str) and choices.count(text) == 1:
        return str(choices.index(text))
    if text.isascii() and text.isdigit() and int(text[:6]) < len(choices):
        return str(int(text))
    if len(text) == 1 and text.upper() in _LETTERS[: len(choices)]:
        return str(_LETTERS.index(text.upper()))
    raise InputError(f"answer {text[:40]!r} is no text, index or letter of a choice", where=where)
