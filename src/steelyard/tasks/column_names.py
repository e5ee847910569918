"""Which columns of a table hold question, answer and choices: by their usual names, or as the user names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.util.text import one_line

__all__ = ["Columns", "UnclearColumns", "WantedColumns", "is_german_header", "plain_name"]

# The usual names, the first of them that is there counts; case, spaces and underscores do not.
_QUESTION: Final = (
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
_ANSWER: Final = (
    "answer", "target", "expected", "expected answer", "expected output", "correct answer", "reference answer",
    "reference", "ground truth", "solution", "output", "antwort", "erwartete antwort", "richtige antwort",
    "musterantwort", "lösung", "loesung", "soll",
)  # fmt: skip
_CHOICES: Final = ("choices", "options", "auswahl", "antwortmöglichkeiten")
_IMAGES: Final = ("image", "images", "bild", "bilder")
_PERHAPS_CHOICES: Final = ("optionen", "kategorien", "categories", "labels")  # where their cells hold lists
_WHOLE_PROMPTS: Final = ("prompt", "input", "user input", "instruction", "eingabe")  # sent unchanged
_GERMAN: Final = frozenset(
    ("frage", "anfrage", "eingabe", "aufgabe", "antwort", "erwartete antwort", "richtige antwort", "musterantwort",
     "lösung", "loesung", "soll", "auswahl", "antwortmöglichkeiten", "optionen", "kategorie", "kategorien",
     "beschreibung", "betreff", "bearbeiter", "wahr", "falsch", "bild", "bilder")
)  # fmt: skip
_LETTERS: Final = re.compile(r"[A-Za-z]{1,2}")
_SHOWN: Final = 8  # names of columns in a sentence


def plain_name(name: Any) -> str:
    """A column's name without case, underscores and a closing colon."""
    return " ".join(str(name).casefold().replace("_", " ").split()).rstrip(":?")


def is_german_header(names: Iterable[Any]) -> bool:
    """Whether the names of a table's columns are German."""
    return any(plain_name(name) in _GERMAN or re.search("[äöüß]", plain_name(name)) for name in names)


class UnclearColumns(InputError):
    """Nothing says which columns hold question and answer; ``names`` are those that there are."""

    def __init__(self, message: str, names: Sequence[str], where: Path) -> None:
        super().__init__(message, where=where)
        self.names = tuple(names)


@dataclass(frozen=True)
class Columns:
    """The columns with question, answer and, perhaps, choices and images, among all that the table has."""

    question: str
    answer: str
    choices: str
    others: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def choices_key(self) -> str:
        """The key of the choices, which in a file of objects need not be in the first one."""
        return self.choices or "choices"

    @cached_property
    def image_keys(self) -> tuple[str, ...]:
        """The keys of images, which in a file of objects need not be in the first one."""
        usual = (each for each in _IMAGES[:2] if each not in (self.question, self.answer, self.choices))
        return tuple(dict.fromkeys((*self.images, *usual)))

    @property
    def is_whole_prompt(self) -> bool:
        """Whether the texts are whole prompts, by the name of their column."""
        return plain_name(self.question) in _WHOLE_PROMPTS

    def in_words(self, *, with_choices: bool) -> str:
        """Which columns are meant, where they have other names than ours, and which are not used."""
        found = [self._meant(with_choices=with_choices)]
        unused = self.others if with_choices or not self.choices else (*self.others, self.choices)
        if unused:
            names = ", ".join(repr(one_line(name, 60)) for name in unused[:_SHOWN])
            more = f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else ""
            noun = "column" if len(unused) == 1 else "columns"
            found.append(f"Not used: the {noun} {names}{more}.")
        if any(plain_name(name) in _PERHAPS_CHOICES for name in unused):
            found.append("Choices would be lists, a|b|c in each cell, or --choices a,b,c for all rows.")
        return " ".join(filter(None, found))

    def _meant(self, *, with_choices: bool) -> str:
        choices = self.choices if with_choices else ""
        if self.question in _QUESTION[:3] and self.answer in _ANSWER[:2] and choices in ("", "choices"):
            return ""
        named = {"question is": self.question, "answer is": self.answer, "choices are": choices}
        parts = [f"the {what} in the column {one_line(name, 60)!r}" for what, name in named.items() if name]
        return f"T{', '.join(parts)[1:]}."


@dataclass(frozen=True)
class WantedColumns:
    """The columns that are looked for: those that the user names, else those with a usual name."""

    question: str = ""
    answer: str = ""

    def find(self, row: dict[str, Any] | Sequence[str]) -> Columns | None:
        """The columns among the names of a header, or the keys of a first row; None where one is not there."""
        names = list(row)
        question = _wanted(names, self.question) if self.question else _usual(names, _QUESTION)
        left = [name for name in names if name != question]
        answer = _wanted(names, self.answer) if self.answer else _usual(left, _ANSWER)
        if not question or not answer or question == answer:
            return None
        left = [name for name in left if name != answer]
        choices = _usual(left, _CHOICES) or ""
        if not choices and (perhaps := _usual(left, _PERHAPS_CHOICES)):
            choices = perhaps if isinstance(row, dict) and _is_list(row[perhaps]) else ""
        images = tuple(str(name) for name in left if plain_name(name) in _IMAGES)
        others = tuple(str(name) for name in left if name and name != choices and name not in images)
        return Columns(question, answer, choices, others, images)

    def missing(self, names: Iterable[Any]) -> str:
        """What is missing among these names, and how to say it: all in one line."""
        names = [str(name) for name in names if str(name).strip()]
        has = f"it has {one_line(', '.join(names), 200)}"
        lacks = []
        for role, wanted, usual in (("question", self.question, _QUESTION), ("answer", self.answer, _ANSWER)):
            german = "Frage" if role == "question" else "Antwort"
            if wanted and _wanted(names, wanted) is None:
                lacks.append(f"has no column {wanted!r} for --{role}")
            elif not wanted and _usual(names, usual) is None:
                verb = "" if lacks and lacks[0].startswith("needs") else "needs "
                lacks.append(f"{verb}a column {usual[0]}, {usual[1]}, {usual[2]} or {german}, or --{role} COLUMN")
        return f"{', and '.join(lacks) or 'question and answer must be two columns'}; {has}"


def _usual(names: Iterable[Any], usual: Sequence[str]) -> str | None:
    """The column that has the first of the usual names."""
    by_name = {plain_name(column): column for column in reversed(list(names))}
    return next((by_name[name] for name in usual if name in by_name), None)


def _wanted(names: Sequence[Any], wanted: str) -> str | None:
    """The column of this name, in any case; else the one that Excel gives this letter."""
    if wanted in names:
        return wanted
    same = [str(name) for name in names if plain_name(name) == plain_name(wanted)]
    if len(same) == 1:
        return same[0]
    if not same and _LETTERS.fullmatch(wanted):
        place = 0
        for letter in wanted.upper():
            place = 26 * place + ord(letter) - ord("A") + 1
        return (str(names[place - 1]) or None) if place <= len(names) else None
    return None


def _is_list(cell: Any) -> bool:
    return isinstance(cell, list) or (isinstance(cell, str) and ("|" in cell or cell.lstrip().startswith("[")))
