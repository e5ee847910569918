"""Files of one's own questions by the real command: how they are read, what is said of it, and what is asked."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from steelyard.cli import execute
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from testkit.fixtures import SumsServer

READ = (
    "Read as semicolons between columns. The question is in the column 'Frage', the answer is in the column 'Antwort'."
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sums(count: int) -> list[tuple[str, str]]:
    return [(f"What is {number} + 5?", str(number + 5)) for number in range(count)]


def csv_of(path: Path, count: int = 12) -> None:
    path.write_text("Frage;Antwort\n" + "".join(f"{asked};{answer}\n" for asked, answer in sums(count)))


def run(server: SumsServer, *arguments: str, code: int = 0) -> None:
    assert execute(["run", *arguments, "--model", f"openai:sums@{server.url}"]) == code


def audit(server: SumsServer, task: str, *arguments: str) -> None:
    Path("claims.yaml").write_text(
        f"model: sums\nclaims:\n  - {{task: {Path(task).stem}, value: 80, protocol: {{decoding: greedy}}}}\n"
    )
    asked = ["audit", "claims.yaml", "--task", task, "--model", f"openai:sums@{server.url}", "--out", "r", *arguments]
    assert execute(asked) in (0, 3)


def report(name: str = "r/report.json") -> Any:
    return json.loads(Path(name).read_text())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    return " ".join((told.out + told.err).split())


def test_how_a_file_was_read_is_no_difference_from_the_vendor(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    csv_of(folder / "fa.csv")
    audit(sums_server, "fa.csv")
    assert READ in said(capsys)
    (claim,), (measured, *_) = report()["claims"], report()["measurements"]
    assert not any("semicolons" in each for each in claim["differences"])
    assert measured["how_read"] == READ
    markdown, page = Path("r/report.md").read_text(), Path("r/report.html").read_text()
    assert re.search(r"How the file was read: Read as semicolons between columns\.", markdown)
    assert ".." not in markdown.partition("How the file was read")[2].splitlines()[0]
    assert "Differs from the vendor: Read" not in markdown
    assert re.search(r"<dt>How the file was read</dt><dd>Read as semicolons", page)
    for language, words in (("en", ENGLISH), ("de", GERMAN)):
        execute(["report", "r", "--summary", "s.html", "--language", language])
        text = Path("s.html").read_text()
        assert words.sureness.how_read in text
        assert (words.sureness.differences in text) is bool(claim["differences"])
    assert execute(["verify", "r"]) == 0


def test_a_run_says_too_how_its_file_was_read(folder: Path, sums_server: SumsServer) -> None:
    csv_of(folder / "fa.csv")
    run(sums_server, "fa.csv", "--out", "r")
    assert report()["measurements"][0]["how_read"] == READ


def book_of(
    path: Path, *rows: tuple[Any, ...], formats: dict[str, str] | None = None, hidden: tuple[int, ...] = ()
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    for row_number in hidden:
        sheet.row_dimensions[row_number].hidden = True
    book.save(path)


def answers(name: str = "r") -> list[dict[str, str]]:
    """The rows of ``steelyard show --csv``, in the order of the file."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert execute(["show", name, "--csv"]) == 0
    found = list(csv.DictReader(io.StringIO(out.getvalue())))
    return sorted(found, key=lambda row: int(row["sample"].rpartition("/")[2]))


def test_cells_of_a_workbook_are_read_as_they_show(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("Anteil?", 0.19), ("Postleitzahl?", 1067), ("Stimmt das?", True), ("Wann?", date(2026, 3, 1)), ("x", 5)]
    formats = {"B2": "0%", "B3": "00000", "B5": "dd.mm.yyyy"}
    book_of(folder / "fm.xlsx", ("Frage", "Antwort"), *rows, formats=formats, hidden=(6,))
    run(sums_server, "fm.xlsx", "--out", "r")
    told = said(capsys)
    assert "Left out: 1 row that is hidden in the sheet, by a filter or by hand (6)" in told
    assert "True and false are read as WAHR and FALSCH." in told
    assert [row["expected"] for row in answers()] == ["19%", "01067", "WAHR", "2026-03-01"]


def test_rows_have_the_numbers_that_excel_shows(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    book_of(folder / "z.xlsx", ("Frage", "Antwort"), ("What is 1 + 5?", 6), (), (), ("What is 2 + 5?", "#NV"))
    run(sums_server, "z.xlsx", code=2)
    assert "z.xlsx: row 5: Antwort is #NV" in said(capsys)
    (folder / "z.csv").write_text("Frage;Antwort\nWhat is 1 + 5?;6\n;;\nWhat is 2 + 5?;#NV\n")
    run(sums_server, "z.csv", code=2)
    assert "z.csv:4: Antwort is #NV" in said(capsys)
    book_of(folder / "z.xlsx", ("Frage", "Antwort"), (), ("What is 1 + 5?", 6), ("What is 2 + 5?", 7))
    run(sums_server, "z.xlsx", "--out", "r")
    assert [row["sample"] for row in answers()] == ["z/row/3", "z/row/4"]


def test_all_rows_without_an_answer_are_named_at_once_or_left_out(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [*sums(3), ("drei", None), (None, "5"), ("vier", " ")]
    book_of(folder / "l.xlsx", ("Frage", "Antwort"), *pairs)
    run(sums_server, "l.xlsx", code=2)
    line = said(capsys)
    assert "row 6 has no question (column 'Frage'), rows 5 and 7 have no answer (column 'Antwort')" in line
    assert "--skip-empty" in line
    run(sums_server, "l.xlsx", "--skip-empty", "--out", "r")
    assert "Left out: 3 rows without question or answer (5, 6 and 7)." in said(capsys)
    assert [row["sample"] for row in answers()] == ["l/row/2", "l/row/3", "l/row/4"]


def test_a_title_above_the_header_and_a_cover_sheet(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Deckblatt"
    book.active.append(("Auswertung",))
    for name, extra in (("Daten", 5), ("Mehr", 6)):
        sheet = book.create_sheet(name)
        for row in (
            ("Tickets Q3",),
            (),
            ("Frage", "Antwort"),
            *((f"What is {n} + {extra}?", n + extra) for n in (1, 2)),
        ):
            sheet.append(row)
    book.save(folder / "t.xlsx")
    run(sums_server, "t.xlsx", "--out", "r")
    assert "Read from the sheet 'Daten' of 3. The header is row 3;" in said(capsys)
    run(sums_server, "t.xlsx", "--sheet", "mehr", "--out", "r2")
    assert [row["question"].split("?")[0] for row in answers("r2")] == ["What is 1 + 6", "What is 2 + 6"]
    run(sums_server, "t.xlsx", "--sheet", "Nichts", code=2)
    assert "has no sheet 'Nichts'; it has Deckblatt, Daten, Mehr" in said(capsys)
    run(sums_server, "t.xlsx", "--question", "Text", code=2)
    line = said(capsys)
    assert "the sheet 'Deckblatt' has no column 'Text' for --question" in line
    assert "other sheets: Daten, Mehr: --sheet NAME takes one" in line
    (folder / "t.csv").write_text("Tickets Q3;\n;\nFrage;Antwort\nWhat is 1 + 5?;6\n")
    run(sums_server, "t.csv", "--out", "r3")
    assert answers("r3")[0]["sample"] == "t/row/4"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("x.ods", b"PK\x03\x04", "open it in LibreOffice or Excel and save it as .xlsx"),
        ("x.csv", b"PK\x03\x04", "is an Excel workbook under another name: rename it to .xlsx"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0", "is an old workbook, or has a password"),
        ("x.csv", b"Nr,Ticket,Kategorie\n1,a,b\n", "expected or Antwort, or --answer COLUMN; it has Nr, Ticket"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_to_do(
    name: str, content: bytes, line: str, folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_bytes(content)
    run(sums_server, name, code=2)
    assert line in said(capsys)


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [("u.txt", "utf-16", "Read as UTF-16 text with tabs"), ("m.csv", "mac_roman", "Read as Mac Roman text with tabs")],
)
def test_text_of_excel_on_windows_and_on_a_mac(
    name: str, encoding: str, told: str, folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Frage\tAntwort\r\nKann ich verlängern oder kündigen?\tKündigung\r\nWas heißt größer?\tgrößer\r\n"
    (folder / name).write_bytes(text.encode(encoding))
    run(sums_server, name, "--out", "r")
    assert told in said(capsys)
    assert [row["expected"] for row in answers()] == ["Kündigung", "größer"]


def test_a_workbook_with_macros_is_one_too(folder: Path, sums_server: SumsServer) -> None:
    book_of(folder / "m.xlsm", ("Frage", "Antwort"), *sums(2))
    run(sums_server, "m.xlsm", "--out", "r")


TICKETS = [("Meine Rechnung ist falsch", "Abrechnung"), ("Der Router ist kaputt", "Technik")] * 12


def tickets_of(path: Path) -> None:
    book_of(path, ("Nr", "Ticket", "Kategorie"), *((n, *ticket) for n, ticket in enumerate(TICKETS)))


NAMED = ("--question", "ticket", "--answer", "C")


def test_an_instruction_and_labels_are_put_to_the_model(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    tickets_of(folder / "t.xlsx")
    (folder / "i.txt").write_text("Ordne {{ zu }}.\n", encoding="utf-8")
    run(sums_server, "t.xlsx", *NAMED, "--out", "plain")
    told = said(capsys)
    assert "The answers are 2 labels: --choices Abrechnung,Technik names them to the model." in told
    assert "Not used: the column 'Nr'." in told
    sums_server.asked.clear()
    labels = ("--instruction", "@i.txt", "--choices", "Abrechnung,Technik")
    run(sums_server, "t.xlsx", *NAMED, *labels, "--out", "r", code=3)  # the server of sums names no label
    asked = [prompt for prompt in sums_server.asked if "Router" in prompt]
    assert asked == [
        "Ordne {{ zu }}.\n\nDer Router ist kaputt\n\nAntworte nur mit genau einem davon: Abrechnung, Technik"
    ]
    assert "--choices" not in said(capsys)
    assert report()["measurements"][0]["scorer"] == "option@3"
    assert execute(["verify", "r"]) == 0


def test_a_run_with_an_instruction_goes_on_with_it(folder: Path, sums_server: SumsServer) -> None:
    tickets_of(folder / "t.xlsx")
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 6 else 200
    asked = ("--instruction", "Ordne zu:", "--choices", "Technik|Abrechnung", "--out", "r", "--patience", "0.1s")
    run(sums_server, "t.xlsx", *NAMED, *asked, code=4)
    sums_server.status = lambda prompt, times: 200
    assert execute(["resume", "r"]) == 3  # the server of sums names no label: all is open
    assert all(prompt.startswith("Ordne zu:\n\n") for prompt in sums_server.asked if "kaputt" in prompt)
    assert execute(["verify", "r"]) == 0


def test_what_else_one_would_try_says_what_to_do(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    tickets_of(folder / "t.xlsx")
    run(sums_server, "t.xlsx", *NAMED, "--choices", "Technik,Vertrag", code=2)
    assert "t.xlsx: row 2: answer 'Abrechnung' is none of --choices: Technik, Vertrag" in said(capsys)
    run(sums_server, "t.xlsx", "--system", "Be brief.", code=2)
    assert "--instruction TEXT stands before each one" in said(capsys)
    run(sums_server, "chain_sum", "--instruction", "Add.", code=2)
    assert "--instruction is for a file of your own questions" in said(capsys)
    run(sums_server, "t.xlsx", *NAMED, "--choices", "one", code=2)
    assert "--choices takes 2 to 26 different labels" in said(capsys)
    run(sums_server, "t.xlsx", *NAMED, "--instruction", "@nothing.txt", code=2)
    assert "nothing.txt: --instruction: cannot be read" in said(capsys)


def test_a_column_of_labels_is_used_where_it_holds_lists(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "o.csv").write_text("Frage;Antwort;Optionen\na?;x;x|y\nb?;y;x|y\n")
    run(sums_server, "o.csv", "--out", "r", code=3)
    assert "the choices are in the column 'Optionen'" in said(capsys)
    (folder / "o.csv").write_text("Frage;Antwort;Optionen\na?;x;x, y\nb?;y;x, y\n")
    run(sums_server, "o.csv", "--out", "r2")
    assert "Not used: the column 'Optionen'. Choices would be lists, a|b|c in each cell" in said(capsys)


def test_a_task_file_needs_no_title(folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]) -> None:
    csv_of(folder / "q.csv")
    task = "id: mine\nfile: q.csv\nfields: {target: Antwort}\nprompts: {p: {prompt: '{{ Frage }}', chat: true}}\n"
    (folder / "t.yaml").write_text(task)
    run(sums_server, "t.yaml", code=2)
    assert "t.yaml:1: the key 'scorer' is missing" in said(capsys)
    (folder / "t.yaml").write_text(task + "scorer: {name: answer}\npublic: false\n")
    run(sums_server, "t.yaml", "--out", "r")


def test_a_refused_key_says_which_one_was_sent(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    csv_of(folder / "fa.csv")
    sums_server.status = lambda prompt, times: 401
    run(sums_server, "fa.csv", code=4)
    assert "refuses calls without a key: HTTP 401: as the test wants (no key was sent: set STEELYARD_API_KEY" in said(
        capsys
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    run(sums_server, "fa.csv", code=4)
    assert "OPENAI_API_KEY goes to https://api.openai.com only" in said(capsys)
    monkeypatch.setenv("STEELYARD_API_KEY", "sk-other-secret")
    run(sums_server, "fa.csv", code=4)
    line = said(capsys)
    assert "refuses the key: HTTP 401: as the test wants (the key of STEELYARD_API_KEY was sent: is it right?)" in line
    assert "secret" not in line


def test_models_and_scorers_that_there_are_not(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    csv_of(folder / "fa.csv")
    assert execute(["run", "fa.csv", "--model", "ollama:llama3"]) == 2
    assert "Ollama is openai:llama3@http://localhost:11434/v1" in said(capsys)
    run(sums_server, "fa.csv", "--scorer", "foo", code=2)
    line = said(capsys)
    assert "no scorer is called 'foo'; there are: anls, answer," in line
    assert "world_" not in line
    assert "imported" not in line
