"""A user's own questions, from a file as spreadsheets and programs write it, as a task."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from steelyard.errors import InputError
from steelyard.tasks.definition import Fields, PromptFormat, TaskDefinition
from steelyard.tasks.loaders import Row, read_rows
from steelyard.tasks.task import Task
from steelyard.util.text import one_line

__all__ = ["task_from_file"]

# The usual names of the two columns, the first of them that is there counts; case, spaces and underscores do not.
_QUESTION = (
    "question",
    "prompt",
    "input",
    "query",
    "user input",
    "instruction",
    "frage",
    "anfrage",
    "eingabe",
    "aufgabe",
)
_ANSWER = (
    "answer", "target", "expected", "expected answer", "expected output", "correct answer", "reference answer",
    "reference", "ground truth", "solution", "output", "antwort", "erwartete antwort", "richtige antwort",
    "musterantwort", "lösung", "loesung", "soll",
)  # fmt: skip
_CHOICES = ("choices", "options", "auswahl", "antwortmöglichkeiten")
_WHOLE_PROMPTS = ("prompt", "input", "user input", "instruction", "eingabe")  # sent unchanged
# What a spreadsheet shows where a formula failed, in English and German, and where a number was too long.
_EXCEL_ERROR = re.compile(r"#(N/A|NV|VALUE!|WERT!|REF!|BEZUG!|DIV/0!|NAME\?|NULL!|NUM!|ZAHL!|SPILL!|CALC!)")
_SHORTENED = re.compile(r"\d[.,]\d{3,5}E\+\d{2}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def task_from_file(path: Path, question: str = "", answer: str = "") -> Task:
    """Make a task of a file with the columns question (or prompt, input), answer (or target) and, perhaps, choices.

    Other usual names are known, in English and German; ``question`` and ``answer`` name the columns where theirs are
    none. What was assumed to read the file is in :attr:`~steelyard.tasks.task.Task.assumed`.

    With choices it is multiple choice by letter, and the answer is a choice's index, letter or text. Otherwise the
    scorer ``answer`` compares answers as numbers where the target is one, else as texts. A ``prompt`` or ``input`` is a
    whole prompt and is sent unchanged, while a ``question`` gets a line that asks for the answer alone. Raises
    InputError with the file and the row of the first error.
    """
    survey = _Survey(path, question, answer)
    rows = read_rows(path, survey.look)
    survey.check()
    has_choices = survey.has_choices
    definition = TaskDefinition(
        id=path.stem,
        title=path.name,
        fields=Fields(target="answer", choices="choices" if has_choices else ""),
        scorer={"name": "letter" if has_choices else "answer"},
        prompts=_choice_prompts() if has_choices else _open_prompts(),
        default_prompt="letter" if has_choices else "verbatim" if survey.columns.is_whole_prompt else "question",
        chance=1 / survey.most_choices if has_choices else 0.0,
        public=False,
    )
    assumed = filter(None, (getattr(rows, "assumed", ""), survey.columns.assumed, survey.doubts))
    tidy = _TidyRows(rows, survey.columns, has_choices, path)
    return Task(definition, path, rows=tidy, assumed=" ".join(assumed))


@dataclass(frozen=True)
class _Columns:
    """The names of the columns with question, answer and, perhaps, choices."""

    question: str
    answer: str
    choices: str

    @property
    def is_whole_prompt(self) -> bool:
        """Whether the texts are whole prompts, by the name of their column."""
        return _plain(self.question) in _WHOLE_PROMPTS

    @property
    def assumed(self) -> str:
        """Which columns are meant, where they have other names than ours."""
        if self.question in _QUESTION[:3] and self.answer in _ANSWER[:2] and self.choices == "choices":
            return ""
        named = {
            "question is": self.question,
            "answer is": self.answer,
            "choices are": self.choices.removeprefix("choices"),
        }
        parts = [f"the {what} in the column {one_line(name, 60)!r}" for what, name in named.items() if name]
        return f"T{', '.join(parts)[1:]}."


class _Survey:
    """The result of one pass over a file: its columns, and whether it has choices.

    Whether it has choices is known only after the last row, so the first error of either reading is kept until then.
    """

    def __init__(self, path: Path, question: str, answer: str) -> None:
        self._path, self._question, self._answer = path, question, answer
        self._number = 0
        self._faults: dict[bool, InputError] = {}
        self.has_choices = False
        self.most_choices = 0
        self._asked: dict[int, tuple[int, int]] = {}  # hash of a question → that of its answer, and its row
        self._doubts: dict[str, str] = {}

    def look(self, row: Row) -> None:
        """Read the next row; raises InputError if the first one lacks the columns."""
        self._number += 1
        if self._number == 1:
            self.columns = _Columns(
                question=_column(row, self._question, "question", _QUESTION, self._path),
                answer=_column(row, self._answer, "answer", _ANSWER, self._path),
                choices=_named(row, _CHOICES) or "choices",
            )
        self.has_choices = self.has_choices or bool(row.get(self.columns.choices))
        self._tidied(row, has_choices=False)
        self._doubt(row)
        if chosen := self._tidied(row, has_choices=True):
            self.most_choices = max(self.most_choices, len(chosen["choices"]))

    def _tidied(self, row: Row, *, has_choices: bool) -> Row | None:
        if has_choices in self._faults:
            return None
        try:
            return _tidied(row, self._number, self.columns, has_choices, self._path)
        except InputError as fault:
            self._faults[has_choices] = fault
            return None

    def _doubt(self, row: Row) -> None:
        """Keep what may have gone wrong in the file before it came here; the first of each kind."""
        asked, target = hash(str(row.get(self.columns.question)).strip()), str(row.get(self.columns.answer)).strip()
        if _SHORTENED.fullmatch(target):
            said = f"Row {self._number} has the answer {target}: a long number that a spreadsheet shortened?"
            self._doubts.setdefault("shortened", said)
        before = self._asked.setdefault(asked, (hash(target), self._number))
        if before[0] != hash(target):
            said = f"Rows {before[1]} and {self._number} ask the same and have different answers."
            self._doubts.setdefault("twice", said)

    @property
    def doubts(self) -> str:
        """Sentences on rows that a person should look at."""
        return " ".join(self._doubts.values())

    def check(self) -> None:
        """Raise the first InputError of the file, read with choices or without."""
        if self.has_choices in self._faults:
            raise self._faults[self.has_choices]


class _TidyRows(Sequence[Row]):
    """Rows with exactly the keys question, answer and choices, tidied on access."""

    def __init__(self, rows: Sequence[Row], columns: _Columns, has_choices: bool, path: Path) -> None:
        self._rows, self._columns, self._has_choices, self._path = rows, columns, has_choices, path

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        return _tidied(self._rows[number], number + 1, self._columns, self._has_choices, self._path)


def _open_prompts() -> dict[str, PromptFormat]:
    return {
        "question": PromptFormat(
            title="the question, as a message", prompt="{{ question }}\n\nReply with the answer alone.", chat=True
        ),
        "verbatim": PromptFormat(title="the text unchanged, as a message", prompt="{{ question }}", chat=True),
        "completion": PromptFormat(
            title="the question, completed",
            prompt="Question: {{ question }}\nAnswer:",
            stop=("\n", "Question:"),
            max_tokens=64,
        ),
    }


def _choice_prompts() -> dict[str, PromptFormat]:
    asked = "{{ question }}\n{{ choices | lettered }}Answer:"
    return {
        "letter": PromptFormat(title="the letter, written", prompt=asked, stop=("\n",), max_tokens=16),
        "letter_loglikelihood": PromptFormat(
            title="the letter, by log-likelihood",
            context=asked,
            continuations="choices | letters_of | map('prefixed', ' ')",
            scorer={"name": "choice"},
        ),
    }


def _plain(name: str) -> str:
    return " ".join(str(name).casefold().replace("_", " ").split()).rstrip(":?")


def _named(row: Row, names: Sequence[str]) -> str | None:
    """The column that has the first of these names."""
    by_name = {_plain(column): column for column in reversed(row)}
    return next((by_name[name] for name in names if name in by_name), None)


def _column(row: Row, wanted: str, role: str, names: Sequence[str], path: Path) -> str:
    """The column that the user ``wanted``, or that has a usual name."""
    columns = one_line(", ".join(map(str, row)), 200)
    if wanted:
        if wanted in row:
            return wanted
        raise InputError(f"has no column {wanted!r} for --{role}; it has {columns}", where=path, line=1)
    found = _named(row, names)
    if found is None:
        raise InputError(
            f"needs a column {' or '.join(names[:3])}, or --{role} COLUMN; it has {columns}", where=path, line=1
        )
    return found


def _tidied(row: Row, number: int, columns: _Columns, has_choices: bool, path: Path) -> Row:
    """One row with exactly the keys question, answer and choices."""
    where = f"{path}: row {number}"
    asked, target = row.get(columns.question), row.get(columns.answer)
    if not isinstance(asked, str) or not asked.strip():
        raise InputError(f"{columns.question} must be a text", where=where)
    if isinstance(target, bool) or not isinstance(target, (str, int, float)) or str(target).strip() in ("", "nan"):
        raise InputError(f"{columns.answer} must be a text or a number", where=where)
    for name, text in ((columns.question, asked), (columns.answer, str(target))):
        if _EXCEL_ERROR.fullmatch(text.strip()):
            raise InputError(
                f"{name} is {text.strip()}, an error of the spreadsheet: fix its formula there", where=where
            )
    if not has_choices:
        return {"question": asked, "answer": str(target)}
    choices = _choices(row.get(columns.choices), where)
    return {"question": asked, "answer": _index(target, choices, where), "choices": choices}


def _choices(value: Any, where: str) -> list[str]:
    if isinstance(value, str):  # a CSV field has the list as JSON, or separated by |
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
    """The answer's index: the text of a choice takes precedence over an index or a letter."""
    text = str(target).strip()
    if isinstance(target, str) and choices.count(text) == 1:
        return str(choices.index(text))
    if text.isascii() and text.isdigit() and int(text[:6]) < len(choices):
        return str(int(text))
    if len(text) == 1 and text.upper() in _LETTERS[: len(choices)]:
        return str(_LETTERS.index(text.upper()))
    raise InputError(f"answer {text[:40]!r} is not the text, index or letter of a choice", where=where)
