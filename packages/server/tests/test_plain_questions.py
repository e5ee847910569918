"""A table becomes lines that ask exactly what the table asks, and hold nothing else of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.tasks.from_file import task_from_file
from steelyard_server.suites.plain_questions import questions_in_lines

GERMAN = (
    'Nr;Frage;Antwort;Kunde\r\n1;Wie heißt die Hauptstadt?;Berlin;Müller\r\n2;"Stadt; Land""mit""\r\nZeile?";Ä;X\r\n'
)


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def asked(path: Path) -> list[tuple[str, str]]:
    task = task_from_file(path)
    return [(sample.target, repr(sample.request)) for sample in task.prepare(task.definition.default_prompt)]


def check_same(table: Path, folder: Path) -> tuple[str, str]:
    """That the lines of a table ask what it asks; returns the lines and what was assumed."""
    text, said = questions_in_lines(table)
    lines = written(folder, f"{table.stem}.jsonl", text.encode())
    assert asked(lines) == asked(table)
    return text, said


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "Read as semicolons"),
        ("utf-8-sig", "Read as semicolons"),
        ("cp1252", "Read as Windows-1252 text with semicolons"),
        ("utf-16", "Read as UTF-16 text with semicolons"),
    ],
)
def test_a_german_table_is_read_as_on_the_command_line(tmp_path: Path, encoding: str, said: str) -> None:
    text, assumed = check_same(written(tmp_path, "tickets.csv", GERMAN.encode(encoding)), tmp_path)
    first, second = map(json.loads, text.splitlines())
    assert first == {"Frage": "Wie heißt die Hauptstadt?", "Antwort": "Berlin"}
    assert second["Frage"] == 'Stadt; Land"mit"\r\nZeile?'
    assert "Müller" not in text
    assert said in assumed
    assert "Not sent: the columns 'Nr', 'Kunde'." in assumed


def test_tables_of_every_kind_ask_the_same(tmp_path: Path) -> None:
    tab = written(tmp_path, "a.tsv", b"question\tanswer\nWhat?\t4\n")
    choices = written(tmp_path, "b.csv", b"question,choices,answer\nWhich?,red|green,B\n")
    prompt = written(tmp_path, "c.csv", b"prompt,target\nSay yes,yes\n")
    listed = written(tmp_path, "d.json", json.dumps([{"question": "Q", "answer": 4.0, "x": {}}]).encode())
    for table, line in (
        (tab, {"question": "What?", "answer": "4"}),
        (choices, {"question": "Which?", "answer": "B", "choices": "red|green"}),
        (prompt, {"prompt": "Say yes", "target": "yes"}),
        (listed, {"question": "Q", "answer": 4.0}),
    ):
        text, _ = check_same(table, tmp_path)
        assert json.loads(text) == line


def test_columns_that_are_named_go_by_our_names(tmp_path: Path) -> None:
    table = written(tmp_path, "t.csv", b"Text,Label,prompt\nIs it?,yes,\n,,x\nWhat?,no,\n")
    text, said = questions_in_lines(table, FileOptions(question="Text", answer="B", skip_empty=True))
    assert [json.loads(line) for line in text.splitlines()] == [
        {"question": "Is it?", "answer": "yes"},
        {"question": "What?", "answer": "no"},
    ]
    assert "Left out: 1 row without question or answer (3)." in said
    by_name = task_from_file(table, "Text", "B", skip_empty=True)
    lines = task_from_file(written(tmp_path, "t.jsonl", text.encode()))
    assert by_name.definition.default_prompt == lines.definition.default_prompt


def test_lists_under_another_name_are_choices(tmp_path: Path) -> None:
    row = {"prompt": "Which?", "categories": ["red", "green"], "target": 1}
    text, _ = check_same(written(tmp_path, "t.json", json.dumps([row]).encode()), tmp_path)
    assert json.loads(text) == row


def test_a_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("Our tickets",), ("Frage", "Antwort", "Kunde"), ("Wie viele?", 3, "Müller")):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    text, said = check_same(tmp_path / "t.xlsx", tmp_path)
    assert json.loads(text) == {"Frage": "Wie viele?", "Antwort": "3"}
    assert "The header is row 2" in said


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=5))
def test_any_text_in_a_cell_stays_text(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("any")
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)
    table = folder / "any.csv"
    table.write_bytes(("question,answer\r\n" + quoted).encode("utf-8", "surrogatepass"))
    try:
        text, _ = questions_in_lines(table)
    except InputError:
        return
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    assert [(each["question"], each["answer"]) for each in found] == [row for row in rows if any(map(str.strip, row))]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n", "needs a column question"),
        (b"question,answer\nWhat?,\n", "line 2 has no answer"),
        (b"question,answer\n", "has no rows"),
        (b'question,answer\n"What?,4\n', "is not CSV"),
        (b"question,answer\nWhat?,4,5\n", "3 columns where the header has 2"),
        (b"question,answer,image\nWhat?,4,a.png\n", "a.png"),
        (b"PK\x03\x04", "rename it to .xlsx"),
        (b"question;answer\nWh\x00at?;4\n", "NUL"),
    ],
)
def test_what_is_no_table_of_questions_is_refused_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        questions_in_lines(written(tmp_path, "t.csv", data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ['"\\ud800"', "1" * 5000, "1e400", "NaN"])
def test_what_json_lines_cannot_hold_is_refused_or_asked_alike(tmp_path: Path, value: str) -> None:
    table = written(tmp_path, "t.json", f'[{{"question": "Q", "answer": {value}}}]'.encode())
    with pytest.raises(InputError) as caught:
        questions_in_lines(table)
    assert "\n" not in str(caught.value)


def test_images_are_not_sent(tmp_path: Path) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
    )
    written(tmp_path, "a.png", png)
    with pytest.raises(InputError, match="names images, which are files that are not sent"):
        questions_in_lines(written(tmp_path, "t.csv", b"question,answer,image\nWhat?,4,a.png\n"))
