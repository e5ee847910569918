"""The rows of a file of the user's own questions: surveyed once, and tidied on access."""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.tasks.column_names import Columns, UnclearColumns, WantedColumns
from steelyard.tasks.file_options import MAX_LABELS
from steelyard.tasks.file_rows import FileRows, Row, place_of, row_of
from steelyard.tasks.question_images import ImageCell, check_image_cells, identity_of, image_cells
from steelyard.util.text import one_line

__all__ = ["Survey", "TidyRows"]

# What a spreadsheet shows where a formula failed, in English and German, and where a number was too long.
_EXCEL_ERROR = re.compile(r"#(N/A|NV|VALUE!|WERT!|REF!|BEZUG!|DIV/0!|NAME\?|NULL!|NUM!|ZAHL!|SPILL!|CALC!)")
# Assertions of promptfoo, in its column __expected: plain text is the right answer there, too.
_ASSERTION = re.compile(
    r"(?:not-)?(?:equals|i?contains(?:-any|-all|-json)?|regex|starts-with|is-json|javascript|python|fn|eval|file"
    r"|llm-rubric|grade|similar|factuality|levenshtein|rouge-n|bleu|webhook|cost|latency)(?:\([0-9.]{1,8}\))?:"
)
_SHORTENED = re.compile(r"\d[.,]\d{3,5}E\+\d{2}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|wie|was|wer|wo|welche[rsn]?|ich|nicht|eine?[nmrs]?|für|mit|auf|von)\b")
_ENGLISH = re.compile(r"\b(?:the|is|are|what|who|where|how|which|of|and|to|in|my|not|an?|for|with|on)\b")
_LISTED: Final = 10  # rows that a sentence names
_FEWEST_ROWS, _MOST_LABELS, _ROWS_A_LABEL = 20, 10, 4  # what looks like answers from a fixed set of labels


class Survey:
    """The result of one pass over a file: its columns, its empty rows, and whether it has choices.

    Whether it has choices is known only after the last row, so the first error of either reading is kept until then.
    """

    def __init__(self, path: Path, options: FileOptions) -> None:
        self._path, self._options = path, options
        self._wanted = WantedColumns(options.question, options.answer)
        self._faults: dict[bool, InputError] = {}
        self._seen = 0
        self._empty: dict[str, list[int]] = {"question": [], "answer": []}  # numbers of rows without it
        self._dropped: set[int] = set()
        self._has_column = False
        self.has_images = False
        self.most_choices = len(options.choices)
        self._asked: dict[
            int, tuple[int, int]
        ] = {}  # hash of a question and its images → that of its answer, and its row
        self._labels: set[str] | None = set()
        self._doubts: dict[str, str] = {}
        self._german = 0  # rows that are German rather than English

    @property
    def has_choices(self) -> bool:
        """Whether a right answer is one of several choices: of a column, or the user's."""
        return self._has_column or bool(self._options.choices)

    def look(self, row: Row, number: int) -> None:
        """Read the next row; raises InputError if the first one lacks the columns."""
        if not self._seen:
            self.columns = self._columns(row)
        place, self._seen = self._seen, self._seen + 1
        lacks = [role for role in self._empty if _is_empty(row.get(getattr(self.columns, role)))]
        if lacks:
            self._empty[lacks[0]].append(number)
            self._dropped.add(place)
            return
        self._has_column = self._has_column or bool(row.get(self.columns.choices_key))
        images = image_cells(row, self.columns, self._path, number)
        if images:
            check_image_cells(images, self._path.parent, place_of(self._path, number))
            self.has_images = True
        self._tidied(row, number, has_choices=bool(self._options.choices))
        if not self._options.choices and (chosen := self._tidied(row, number, has_choices=True)):
            self.most_choices = max(self.most_choices, len(chosen["choices"]))
        self._doubt(row, number, images)

    def _columns(self, row: Row) -> Columns:
        found = self._wanted.find(row)
        if found is None:
            raise UnclearColumns(self._wanted.missing(row), [str(name) for name in row], self._path)
        if self._options.choices and found.choices:
            return Columns(found.question, found.answer, "", (*found.others, found.choices), found.images)
        return found

    def _tidied(self, row: Row, number: int, *, has_choices: bool) -> Row | None:
        if has_choices in self._faults:
            return None
        try:
            return _tidied(row, self.columns, has_choices, self._options, place_of(self._path, number))
        except InputError as fault:
            self._faults[has_choices] = fault
            return None

    def _doubt(self, row: Row, number: int, images: Sequence[ImageCell]) -> None:
        """Keep what may have gone wrong in the file before it came here; the first of each kind."""
        text, target = str(row[self.columns.question]).strip(), str(row[self.columns.answer]).strip()
        words = text[:2000].casefold()
        self._german += len(_GERMAN.findall(words)) > len(_ENGLISH.findall(words))
        self._german -= len(_GERMAN.findall(words)) < len(_ENGLISH.findall(words))
        if self._labels is not None:
            self._labels.add(target)
            if len(self._labels) > _MOST_LABELS or len(target) > 40:
                self._labels = None
        if _SHORTENED.fullmatch(target):
            said = f"{self._noun} {number} has the answer {target}: a long number that a spreadsheet shortened?"
            self._doubts.setdefault("shortened", said)
        asked = hash((text, *(identity_of(cell) for _, cell in images))) if images else hash(text)
        before = self._asked.setdefault(asked, (hash(target), number))
        if before[0] != hash(target):
            said = f"{self._noun}s {before[1]} and {number} ask the same and have different answers."
            self._doubts.setdefault("twice", said)

    @property
    def _noun(self) -> str:
        return "Row" if place_of(self._path, 1) == row_of(self._path, 1) else "Line"

    @property
    def is_german(self) -> bool:
        """Whether the questions are German; with an instruction, whether that is."""
        words = self._options.instruction.casefold()
        said = len(_GERMAN.findall(words)) - len(_ENGLISH.findall(words))
        return (said or self._german) > 0

    @property
    def images_in_words(self) -> str:
        """Which columns name files that are sent; empty for none."""
        if not self.has_images:
            return ""
        names = " and ".join(repr(one_line(name, 60)) for name in self.columns.images) or "'image' or 'images'"
        return f"Shown before its question: each file that a row names under {names}."

    @property
    def doubts(self) -> str:
        """Sentences on rows that were left out, and on rows that a person should look at."""
        found = [*self._doubts.values()]
        if self._dropped:
            numbers = sorted(number for each in self._empty.values() for number in each)
            left_out = "1 row" if len(numbers) == 1 else f"{len(numbers):,} rows"
            found.insert(0, f"Left out: {left_out} without question or answer ({_listed(numbers)}).")
        return " ".join(found)

    @property
    def left_out(self) -> dict[str, list[int]]:
        """The numbers of rows that lack a question, and of those that lack an answer."""
        return self._empty

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that all answers are among, where they are few; empty otherwise."""
        rows, labels = self._seen - len(self._dropped), self._labels or set()
        are_few = len(labels) >= 2 and rows >= max(_FEWEST_ROWS, _ROWS_A_LABEL * len(labels))
        are_texts = all(any(letter.isalpha() for letter in label) for label in labels)
        return tuple(sorted(labels)) if are_few and are_texts and not self.has_choices else ()

    def check(self) -> None:
        """Raise the InputError on all rows without question or answer, else the first one of another kind."""
        if self._dropped and not self._options.skip_empty:
            noun = self._noun.lower()
            lacks = []
            for role, numbers in self._empty.items():
                if numbers:
                    rows = f"{noun} {numbers[0]} has" if len(numbers) == 1 else f"{noun}s {_listed(numbers)} have"
                    lacks.append(f"{rows} no {role} (column {getattr(self.columns, role)!r})")
            raise InputError(f"{', '.join(lacks)}: fill in, or leave out with --skip-empty", where=self._path)
        if len(self._dropped) == self._seen:
            raise InputError("has no rows with question and answer", where=self._path)
        if self.has_choices in self._faults:
            raise self._faults[self.has_choices]

    def tidied(self, rows: FileRows) -> TidyRows:
        """The rows that are asked."""
        kept = array("I", (place for place in range(self._seen) if place not in self._dropped))
        return TidyRows(rows, kept, self.columns, self.has_choices, self._options, self._path)


def _listed(numbers: Sequence[int]) -> str:
    named = [str(number) for number in numbers[:_LISTED]]
    if len(numbers) > _LISTED:
        return f"{', '.join(named)} and {len(numbers) - _LISTED:,} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


class TidyRows(FileRows):
    """Rows with exactly the keys question, answer, choices, instruction and images, tidied on access."""

    def __init__(
        self,
        rows: FileRows,
        kept: Sequence[int],
        columns: Columns,
        has_choices: bool,
        options: FileOptions,
        path: Path,
    ) -> None:
        self._rows, self._kept, self._columns, self._has_choices = rows, kept, columns, has_choices
        self._options, self._path = options, path

    def __len__(self) -> int:
        return len(self._kept)

    def number_of(self, place: int) -> int:
        """The number of the row at this place, as :meth:`steelyard.tasks.file_rows.FileRows.number_of`."""
        return self._rows.number_of(self._kept[place])

    def untidied(self, place: int) -> Row:
        """The row at this place with all columns of the file, as they are there."""
        return self._rows[self._kept[place]]

    def _row(self, number: int) -> Row:
        where, row = place_of(self._path, self.number_of(number)), self._rows[self._kept[number]]
        images = [cell for _, cell in image_cells(row, self._columns, self._path, self.number_of(number))]
        return _tidied(row, self._columns, self._has_choices, self._options, where) | {"images": images}


def _is_empty(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and value.strip() in ("", "nan"))


def _tidied(row: Row, columns: Columns, has_choices: bool, options: FileOptions, where: str) -> Row:
    """One row with exactly the keys question, answer, choices and instruction."""
    asked, target = row.get(columns.question), row.get(columns.answer)
    if not isinstance(asked, str) or not asked.strip():
        raise InputError(f"{columns.question} must be a text", where=where)
    if isinstance(target, bool) or not isinstance(target, (str, int, float)):
        raise InputError(f"{columns.answer} must be a text or a number", where=where)
    for name, text in ((columns.question, asked), (columns.answer, str(target))):
        if _EXCEL_ERROR.fullmatch(text.strip()):
            raise InputError(
                f"{name} is {text.strip()}, an error of the spreadsheet: fix its formula there", where=where
            )
    tidy: Row = {"question": asked, "instruction": options.instruction}
    if columns.answer.startswith("__expected") and (assertion := _ASSERTION.match(str(target).strip())):
        raise InputError(
            f"{columns.answer} is {str(target).strip()[:40]!r}, an assertion of promptfoo: write the right answer "
            f"alone, without {assertion[0]!r}, and choose how it is compared with --scorer",
            where=where,
        )
    if not has_choices:
        return {**tidy, "answer": str(target)}
    if options.choices:
        return {**tidy, "answer": _label(target, options.choices, where), "choices": list(options.choices)}
    choices = _choices(row.get(columns.choices_key), where)
    return {**tidy, "answer": _index(target, choices, where), "choices": choices}


def _label(target: Any, labels: Sequence[str], where: str) -> str:
    """The index of the label that an answer is, in any case."""
    plain = [label.casefold() for label in labels]
    text = " ".join(str(target).split()).casefold()
    if text not in plain:
        raise InputError(f"answer {str(target)[:40]!r} is none of --choices: {', '.join(labels)[:200]}", where=where)
    return str(plain.index(text))


def _choices(value: Any, where: str) -> list[str]:
    if isinstance(value, str):  # a CSV field has the list as JSON, or separated by |
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split("|")
        except (ValueError, RecursionError):
            raise InputError("choices is not a JSON list", where=where) from None
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LABELS:
        raise InputError(f"choices must be a list of 2 to {MAX_LABELS} texts, such as a|b|c", where=where)
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
