"""What people label, and their labels read back: the lines of :mod:`steelyard.suites.labels`, or a table.

Beside the judge's run ``NAME`` there is ``NAME.answers.jsonl``, what is to be labelled; one person's labels go into it
as ``label``, another one's as ``second``: *yes*, *no*, or *skip* where it cannot be said, with their names as
``labeller`` and ``second_labeller``, since nobody counts as two people. The file that a labeller's page saves (``id``,
``label``, ``labeller``) does too, as ``NAME.labels-ada.jsonl``, or a table, ``NAME.labels.csv``.
What the judge said is in none of them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import msgspec

from steelyard.errors import InputError
from steelyard.judging.items import text_digest
from steelyard.records import JudgedKey
from steelyard.records.record import Record
from steelyard.suites.labels import AnswerToLabel, same_person
from steelyard.util.table_cell import cell_text, text_cell
from steelyard.util.text import one_line

__all__ = ["COLUMNS", "MIN_LABELS", "Labelled", "answers_text", "gold_keys", "item_name", "read_labels", "table_text"]

MIN_LABELS: Final = 20
"""Labelled answers below which a judge counts as uncalibrated."""

MAX_BYTES: Final = 256_000_000
COLUMNS: Final = ("id", "question", "answer", "reference", "criterion", "label", "second")
SECOND: Final = "the second person"  # whose labels stand beside the first one's in a line
_NAMELESS: Final = frozenset(("", SECOND))
_VALUES: Final[Mapping[str, float | None]] = {"yes": 1.0, "no": 0.0, "unsure": None, "skip": None, "": None}


class Labelled(Record, frozen=True, kw_only=True):
    """The labels of one answer on one criterion: 1, 0, or None where a person gave none."""

    first: float | None
    second: float | None = None


def item_name(key: JudgedKey, of: str) -> str:
    """The id of a line: 16 hexadecimal digits of what it is about, so that it shows no verdict and no place.

    ``of`` is the digest of the judged run's seal and of the rubric. With it and the answer's text in it, what people
    say of one answer counts for that answer alone, whichever judge scores it, and never for another run's answer to the
    same question.
    """
    about = f"{of}\n{key.text}\n{key.sample}\n{key.repeat}\n{key.criterion}"
    about += f"\n{key.role}" if key.role else ""
    return sha256(about.encode()).hexdigest()[:16]


class Placed(Protocol):
    """What a judge was asked about, at its place in the committed order of the judge's run."""

    @property
    def position(self) -> int:
        """The place."""

    @property
    def key(self) -> JudgedKey:
        """What it is about."""


def gold_keys(placed: Sequence[Placed], answers: int) -> list[JudgedKey]:
    """The keys of the first ``answers`` answers in the committed order of the judge's run, with all their criteria.

    That order is sealed before the judge is asked, so nobody chooses what is labelled.
    """
    keys = (each.key for each in sorted(placed, key=lambda each: each.position))
    ordered = [key for key in keys if not key.arm and not key.seat]
    chosen = list(dict.fromkeys(key.answer for key in ordered))[:answers]
    by_answer: dict[tuple[str, int, str], list[JudgedKey]] = {each: [] for each in chosen}
    for key in ordered:
        if key.answer in by_answer:
            by_answer[key.answer].append(key)
    return [key for keys in by_answer.values() for key in sorted(keys, key=lambda each: each.criterion)]


def answers_text(answers: Sequence[AnswerToLabel]) -> str:
    """The file of what is to be labelled, one JSON object a line."""
    empty = ("reference", "label", "labeller", "second", "second_labeller")
    rows = (msgspec.to_builtins(answer) for answer in answers)
    brief = ({key: value for key, value in row.items() if value or key not in empty} for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in brief)


def table_text(answers: Sequence[AnswerToLabel]) -> str:
    """The same as a table (CSV), with columns for the labels of two people.

    The tested model wrote the answers, and people open the table in a spreadsheet: no cell is a formula.
    """
    file = io.StringIO()
    table = csv.DictWriter(file, COLUMNS)
    table.writeheader()
    rows = (msgspec.to_builtins(answer) for answer in answers)
    table.writerows({name: text_cell(row[name]) for name in COLUMNS} for row in rows)
    return file.getvalue()


def read_labels(paths: Sequence[Path], wanted: Sequence[JudgedKey], of: str) -> dict[JudgedKey, Labelled]:
    """Read files of labels, in the order of ``wanted``; raises InputError with file and line.

    Labels of other answers than those of the run and rubric ``of`` (:func:`item_name`) are an error, also where the
    id is right and the answer beside it is not the judged one. ``wanted`` is everything that could be drawn. Of each
    model's answers all up to the last one that a file has, labelled or not, count as drawn: what has no label among
    them is counted both ways, so that neither leaving one out nor stopping when it suits chooses anything.
    """
    names = {item_name(key, of): key for key in wanted}
    by_person: dict[str, dict[str, float | None]] = {}
    for path in paths:
        for number, row in _rows(path):
            for name, person, value in _labels(row, path, number):
                if name not in names:
                    raise InputError(
                        f"id {one_line(name, 40)!r} was not drawn from this run: it is of another run's answers, or of "
                        "an earlier run of this name; move the file away, and draw anew",
                        where=path,
                        line=number,
                    )
                _check_answer(row, names[name], path, number)
                labels = by_person.setdefault(person, {})
                if labels.get(name) not in (None, value):
                    who = one_line(person, 40) or "one person"
                    raise InputError(f"another label of {who} for this id", where=path, line=number)
                labels[name] = value
    people = _people(by_person)
    if len(people) > 2:
        raise InputError(f"two people label at most, and here are {len(people)}", where=paths[0])
    drawn = {name for labels in by_person.values() for name in labels}
    return _in_order(list(names), names, people, drawn)


def _people(by_person: Mapping[str, Mapping[str, float | None]]) -> list[Mapping[str, float | None]]:
    """The labels of each person. A nameless set that says what a named person says, and no more, is that person's."""
    given = {name: labels for name, labels in by_person.items() if any(each is not None for each in labels.values())}
    named = [labels for name, labels in given.items() if name not in _NAMELESS]
    return [
        labels
        for name, labels in given.items()
        if name not in _NAMELESS or not any(labels.items() <= each.items() for each in named)
    ]


def _check_answer(row: Mapping[str, object], key: JudgedKey, path: Path, number: int) -> None:
    """Raise InputError where a line shows another answer than was judged; a spreadsheet may have changed a table's."""
    shown = row.get("answer")
    if path.suffix != ".csv" and shown is not None and (not isinstance(shown, str) or text_digest(shown) != key.text):
        raise InputError("its answer is not the one that was judged: draw anew", where=path, line=number)


def _in_order(
    order: list[str], names: Mapping[str, JudgedKey], people: Sequence[Mapping[str, float | None]], drawn: Set[str]
) -> dict[JudgedKey, Labelled]:
    first, second = (*people, {}, {})[:2]
    last = {names[name].role: place for place, name in enumerate(order) if name in drawn}
    return {
        names[name]: Labelled(first=first.get(name), second=second.get(name))
        for place, name in enumerate(order)
        if place <= last.get(names[name].role, -1)
    }


def _labels(row: Mapping[str, object], path: Path, number: int) -> Iterator[tuple[str, str, float | None]]:
    """The id, the person and the label of each label in one row."""
    name, person, other = row.get("id"), row.get("labeller") or "", row.get("second_labeller") or ""
    if not isinstance(name, str) or not isinstance(person, str) or not isinstance(other, str):
        raise InputError("a line has the texts id and label, and perhaps second or labeller", where=path, line=number)
    if row.get("label") and row.get("second") and person and same_person(person) == same_person(other):
        raise InputError(f"both labels are of {one_line(person, 40)}: one person is not two", where=path, line=number)
    for key, who in (("label", same_person(person)), ("second", same_person(other) or SECOND)):
        word = row.get(key) or ""
        plain = word.strip().casefold() if isinstance(word, str) else str(word)
        if plain not in _VALUES:
            raise InputError(f"{key} {one_line(plain, 40)!r}: write yes, no or skip", where=path, line=number)
        if plain:
            yield name.strip(), who, _VALUES[plain]
    if name.strip() and not (row.get("label") or row.get("second")):
        yield name.strip(), same_person(person), None


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The rows of a file with their numbers, from 1; of a table the first is the line below the header."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES:,} bytes: no file of labels", where=path)
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if path.suffix == ".csv":
        dialect = "excel" if text.partition("\n")[0].count(",") else _semicolons()
        for number, cells in enumerate(csv.DictReader(io.StringIO(text, newline=""), dialect=dialect), 1):
            yield number, {name: cell_text(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InputError("is no JSON object", where=path, line=number)
        yield number, row


def _semicolons() -> type[csv.Dialect]:
    """How spreadsheets save a table where the comma is a decimal sign."""

    class Semicolons(csv.excel):
        delimiter = ";"

    return Semicolons
