"""The file that people label: one line for each answer and criterion, as JSON or as a table.

``NAME.labels.jsonl`` beside the judge's run ``NAME``, each on one line::

    {"id": "…", "question": "…", "answer": "…", "reference": "…", "criterion": "…",
     "label": "", "second": ""}

A person writes ``yes`` or ``no`` as the ``label``, or ``skip`` where it cannot be said; a second person's labels go
into ``second``. What the judge said is not in the file. The same columns in ``NAME.labels.csv`` suit a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records import JudgedKey
from steelyard.records.record import Record

__all__ = ["COLUMNS", "GoldItem", "Labelled", "gold_keys", "item_name", "labels_text", "read_labels"]

MAX_BYTES: Final = 256_000_000
COLUMNS: Final = ("id", "question", "answer", "reference", "criterion", "label", "second")
Word = Literal["yes", "no", "skip", ""]


class GoldItem(Record, frozen=True, kw_only=True):
    """One line: an answer and a criterion, with the labels of one or two people."""

    id: str
    question: str = ""
    answer: str = ""
    reference: str = ""
    criterion: str = ""
    label: Word = ""
    second: Word = ""


class Labelled(Record, frozen=True, kw_only=True):
    """The labels of one answer on one criterion: 1, 0, or None where a person gave none."""

    first: float | None
    second: float | None = None


def item_name(key: JudgedKey) -> str:
    """The id of a line: 16 hexadecimal digits of what it is about, so that it shows no verdict and no place."""
    return sha256(f"{key.sample}\n{key.repeat}\n{key.criterion}".encode()).hexdigest()[:16]


def gold_keys(placed: Sequence[tuple[int, JudgedKey, float | None]], answers: int) -> list[JudgedKey]:
    """The keys of the first ``answers`` answers in the committed order of the judge's run, with all their criteria.

    That order is sealed before the judge is asked, so nobody chooses what is labelled.
    """
    ordered = [key for _, key, _ in sorted(placed, key=lambda each: each[0]) if not key.arm and not key.seat]
    chosen = list(dict.fromkeys((key.sample, key.repeat) for key in ordered))[:answers]
    by_answer: dict[tuple[str, int], list[JudgedKey]] = {each: [] for each in chosen}
    for key in ordered:
        if (key.sample, key.repeat) in by_answer:
            by_answer[key.sample, key.repeat].append(key)
    return [key for keys in by_answer.values() for key in sorted(keys, key=lambda each: each.criterion)]


def labels_text(items: Sequence[GoldItem], suffix: str) -> str:
    """The file's text, for a name that ends in ``.jsonl`` or ``.csv``."""
    rows = [{name: getattr(item, name) for name in COLUMNS} for item in items]
    if suffix != ".csv":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file = io.StringIO()
    table = csv.DictWriter(file, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def read_labels(path: Path, wanted: Sequence[JudgedKey]) -> dict[JudgedKey, Labelled]:
    """Read a file of labels, in the order of ``wanted``; raises InputError with file and line.

    Its lines are a beginning of ``wanted``, in any order: a line more or less would be a choice of what is labelled.
    Lines at the end of that order without any label were not reached yet, and are left out.
    """
    found = _by_name(path)
    names = [item_name(key) for key in wanted]
    unknown = [name for name in found if name not in set(names)]
    if unknown:
        line = list(found).index(unknown[0]) + (2 if path.suffix == ".csv" else 1)
        raise InputError(f"id {unknown[0][:40]!r} was not drawn from this run", where=path, line=line)
    drawn = names[: len(found)]
    if missing := [name for name in drawn if name not in found]:
        raise InputError(f"the line with the id {missing[0]!r} is missing: what is drawn is not chosen", where=path)
    labels = [Labelled(first=_value(found[name].label), second=_value(found[name].second)) for name in drawn]
    reached = max((n for n, name in enumerate(drawn, 1) if found[name].label or found[name].second), default=0)
    return dict(zip(wanted[:reached], labels[:reached], strict=True))


def _value(word: Word) -> float | None:
    return {"yes": 1.0, "no": 0.0}.get(word)


def _by_name(path: Path) -> dict[str, GoldItem]:
    found: dict[str, GoldItem] = {}
    for number, row in enumerate(_rows(path), 2 if path.suffix == ".csv" else 1):
        try:
            item = msgspec.convert({key: value for key, value in row.items() if value is not None}, GoldItem)
        except msgspec.ValidationError as error:
            why = "labels are yes, no or skip" if "label" in str(error) or "second" in str(error) else str(error)
            raise InputError(why, where=path, line=number) from None
        if item.id in found:
            raise InputError(f"two lines have the id {item.id[:40]!r}", where=path, line=number)
        found[item.id] = item
    return found


def _rows(path: Path) -> list[Mapping[str, object]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES:,} bytes: no file of labels", where=path)
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if path.suffix == ".csv":
        return [_tidy(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InputError("is no JSON object", where=path, line=number)
        rows.append(_tidy(row))
    return rows


def _tidy(row: Mapping[str, object]) -> dict[str, object]:
    """A row whose labels may be written as people do: ``Yes``, with a space behind."""
    tidy = {str(key): value for key, value in row.items()}
    for name in ("label", "second"):
        value = tidy.get(name)
        tidy[name] = value.strip().lower() if isinstance(value, str) else value if value is not None else ""
    return tidy
