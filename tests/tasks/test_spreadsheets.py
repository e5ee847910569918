"""Tables as Excel and its like write them: the same questions in every shape, and one line for what cannot be read."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.from_file import task_from_file
from steelyard.tasks.loaders import read_rows

HEADER = ["Nr", "Frage", "Antwort"]
ROWS = [
    ["1", "Wie heißt die Hauptstadt von Österreich?", "Wien"],
    ["2", "Nenne zwei Farben; eine davon ist rot.", "Rot, Grün"],
    ["3", 'Was heißt "grün"\nauf Englisch?', "green"],
    ["4", "Wie viel kostet es in €?", "1.234,50"],
]
EXPECTED = [(row[1], row[2]) for row in ROWS]


def written(delimiter: str, end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([HEADER, *ROWS])
    return text.getvalue()


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Leer"
    sheet = book.create_sheet("Fragen")
    for row in [HEADER, *ROWS]:
        sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    sheet.append([None, None, None])
    book.save(path)


SHAPES: dict[str, Callable[[Path], Any]] = {
    "comma.csv": lambda path: path.write_bytes(written(",").encode()),
    "comma-mark.csv": lambda path: path.write_bytes(written(",").encode("utf-8-sig")),
    "semicolon.csv": lambda path: path.write_bytes(written(";").encode("utf-8-sig")),
    "semicolon-1252.csv": lambda path: path.write_bytes(written(";").encode("cp1252")),
    "unicode.txt.csv": lambda path: path.write_bytes(written("\t").encode("utf-16")),
    "tabs.tsv": lambda path: path.write_bytes(written("\t", "\n").encode()),
    "sep.csv": lambda path: path.write_bytes(("sep=;\r\n" + written(";")).encode("cp1252")),
    "empties.csv": lambda path: path.write_bytes((written(";").replace("Antwort", "Antwort;;") + ";;;;\r\n").encode()),
    "book.xlsx": workbook,
    "list.json": lambda path: path.write_text(json.dumps([dict(zip(HEADER, row, strict=True)) for row in ROWS])),
    "data.json": lambda path: path.write_text(
        json.dumps({"version": 1, "data": [dict(zip(HEADER, row, strict=True)) for row in ROWS]})
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_questions_in_every_shape(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    SHAPES[name](path)
    task = task_from_file(path)
    samples = task.prepare("verbatim")
    found = [(sample.request.prompt, sample.target) for sample in samples]  # type: ignore[union-attr]
    assert [(question.replace("\r\n", "\n"), answer) for question, answer in found] == EXPECTED
    assert task.default_prompt == "question"
    assert "The question is in the column 'Frage', the answer is in the column 'Antwort'." in task.assumed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("semicolon-1252.csv", "Read as Windows-1252 text with semicolons between columns."),
        ("unicode.txt.csv", "Read as UTF-16 text with tabs between columns."),
        ("book.xlsx", "Read from the sheet 'Fragen' of 2."),
        ("data.json", "Read from the list 'data'."),
        ("comma.csv", ""),
    ],
)
def test_what_was_assumed_is_said(name: str, said: str, tmp_path: Path) -> None:
    SHAPES[name](tmp_path / name)
    assert task_from_file(tmp_path / name).assumed.partition("The question is")[0].strip() == said


@pytest.mark.parametrize(
    ("header", "question", "answer"),
    [
        ("prompt,expected", "prompt", "expected"),
        ("Question,Expected Answer", "Question", "Expected Answer"),
        ("input,ground_truth,answer", "input", "answer"),
        ("FRAGE,Musterantwort", "FRAGE", "Musterantwort"),
        ("user_input,reference", "user_input", "reference"),
        ("Frage:,Lösung:", "Frage:", "Lösung:"),
    ],
)
def test_usual_names(header: str, question: str, answer: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    names = header.split(",")
    path.write_text(header + "\n" + ",".join(f"cell of {name}" for name in names) + "\n", encoding="utf-8")
    (sample,) = task_from_file(path).prepare("verbatim")
    assert sample.request.prompt == f"cell of {question}"  # type: ignore[union-attr]
    assert sample.target == f"cell of {answer}"


def test_columns_that_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Betreff;Text;Kategorie\na;b;c\n")
    with pytest.raises(InputError, match=r"--question COLUMN, and a column answer, .* or Antwort, .*; it has Betreff"):
        task_from_file(path)
    (sample,) = task_from_file(path, "Text", "Kategorie").prepare("verbatim")
    assert (sample.request.prompt, sample.target) == ("b", "c")  # type: ignore[union-attr]
    for question, answer in (("text", "KATEGORIE"), ("B", "c")):  # in any case, and Excel's letters
        assert task_from_file(path, question, answer).prepare("verbatim")[0].target == "c"
    with pytest.raises(InputError, match="has no column 'Texte' for --question, and has no column 'X' for --answer"):
        task_from_file(path, "Texte", "X")


def test_cells_are_read_as_they_are_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["question", "answer"], ["a", 4.0], ["b", 2.5], ["c", datetime(2026, 11, 26)], ["d", True], [5, "e"]):
        book.active.append(row)
    book.save(tmp_path / "cells.xlsx")
    rows = read_rows(tmp_path / "cells.xlsx")
    assert [row["answer"] for row in rows] == ["4", "2.5", "2026-11-26", "TRUE", "e"]
    assert rows[-1]["question"] == "5"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", b"a;b\n\x81;2\n", "neither UTF-8, UTF-16 nor Windows-1252 text: save it in Excel as 'CSV UTF-8'"),
        ("x.csv", b"a;b\n1;2;3\n", "x.csv:2: 3 columns where the header has 2"),
        ("x.csv", b"a;a\n1;2\n", "x.csv:1: the header must name every column once"),
        ("x.csv", b'a;b\n"1;2\n', "is not CSV"),
        ("x.csv", b"a;b\n", "has no rows"),
        ("x.csv", b"a;b\n;\n", "has no rows"),
        ("x.tsv", b"", "has no rows"),
        ("x.xlsx", b"PK no", "is not an Excel workbook"),
        ("x.xls", b"\xd0\xcf", "open it in Excel and save it as .xlsx"),
        ("x.json", b"{", "is not JSON"),
        ("x.json", b"3", "must be a list of objects"),
        ("x.json", b'{"a": [], "b": []}', "must be a list of objects"),
        ("x.json", b"[]", "has no rows"),
        ("x.json", b"[1]", "must be a list of objects"),
        ("x.json", b'[{"question": "\\u0000", "answer": "a"}]', "NUL"),
        ("x.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_cannot_be_read_is_one_line(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rows(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.tasks.workbook_parts.MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (2 << 20))
    with pytest.raises(InputError, match="MiB unpacked"):
        read_rows(tmp_path / "bomb.xlsx")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["x.csv", "x.tsv", "x.json", "x.xlsx"]))
def test_no_bytes_end_in_a_traceback(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with suppress(InputError):
        assert len(read_rows(tmp_path / name)) > 0
