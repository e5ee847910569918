"""Workbooks that unpack to more than a table of questions: refused in one line, with little memory."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from steelyard.errors import InputError
from steelyard.tasks import workbook_parts, workbooks
from steelyard.tasks.loaders import read_rows
from steelyard.tasks.workbook_parts import hidden_rows

SHEET = "xl/worksheets/sheet1.xml"
BEGINNING = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>question</t></is></c><c r="B1" t="inlineStr"><is><t>answer</t></is></c></row>'  # noqa: E501
ROW = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>1</v></c></row>'
END = "</sheetData></worksheet>"


def workbook(path: Path, sheet: str | bytes, part: str = SHEET) -> Path:
    """A real workbook with one of its parts exchanged."""
    plain = path.with_suffix(".plain.xlsx")
    openpyxl.Workbook().save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name == part else old.read(name))
        if part not in old.namelist():
            new.writestr(part, sheet)
    return path


def wide(rows: int) -> str:
    return "".join(f'<row r="{number}"><c r="XFD{number}"><v>1</v></c></row>' for number in range(2, rows))


BOMBS: dict[str, tuple[str | bytes, str]] = {
    "wide": (BEGINNING + HEADER + wide(4000) + END, "spans more than 1,000,000 cells"),
    "tall": (BEGINNING + HEADER + '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>' + END, "spans more"),
    "one row": (BEGINNING + "<row>" + "<c/>" * 2_000_000 + "</row>" + END, "a row of more than 16,384 cells"),
    "rows": (BEGINNING + "<row/>" * 2_100_000 + END, "more than 2,000,000 tags"),
    "one cell": (BEGINNING + "<row><c>" + "<f/>" * 500_000 + "</c></row>" + END, "more than 100,000 elements"),
    "prefixed": (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row>'
        + "<x:c/>" * 20_000,
        "a row of more than 16,384 cells",
    ),
    "utf-16": ((BEGINNING + "<row>" + "<c/>" * 20_000).encode("utf-16"), "a row of more than 16,384 cells"),
    "attributes": (BEGINNING + "<row " + " ".join(f'a{number}=""' for number in range(100)) + "/>", "64 attributes"),
    "text": (BEGINNING + "<row><c><v>" + "a" * 3_000_000 + "</v></c></row>" + END, "more than a million characters"),
    "bytes": (BEGINNING + ("<row><c><v>" + "a" * 500_000 + "</v></c></row>") * 150 + END, "more than 64 MiB of XML"),
    "entities": (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + BEGINNING + END,
        "a document type",
    ),
    "encoding": (b'<?xml version="1.0" encoding="cp037"?>' + BEGINNING.encode() + END.encode(), "an encoding"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    sheet, reason = BOMBS[name]
    with pytest.raises(InputError, match=reason) as refused:
        read_rows(workbook(tmp_path / "x.xlsx", sheet))
    assert "x.xlsx: " in str(refused.value)
    assert "CSV UTF-8" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    paths = [workbook(tmp_path / f"{name}.xlsx", BOMBS[name][0]) for name in ("wide", "one row", "bytes")]
    code = """
import sys
from pathlib import Path
from steelyard.errors import InputError
from steelyard.tasks.loaders import read_rows
for path in sys.argv[1:]:
    try:
        read_rows(Path(path))
    except InputError:
        pass
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""
    said = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    assert int(said.stdout) < 200_000  # kilobytes


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "docProps/core.xml"])
def test_every_part_is_counted(tmp_path: Path, part: str) -> None:
    with pytest.raises(InputError, match="more than 100,000 elements"):
        hidden_rows(workbook(tmp_path / "x.xlsx", "<a>" + "<b/>" * 200_000 + "</a>", part))


def test_pictures_count_as_bytes_alone(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", b"\x89PNG" + b"<" * (workbook_parts.MAX_XML_BYTES + 1), "xl/media/a.png")
    assert hidden_rows(path)[SHEET] == frozenset()


def test_hidden_rows_are_found_by_their_numbers(tmp_path: Path) -> None:
    hidden = '<row hidden="1" r="3"/><row hidden="true"/><row hidden="0"/><row r="9999999999" hidden="1"/>'
    path = workbook(tmp_path / "x.xlsx", BEGINNING + HEADER + ROW + hidden + END)
    assert hidden_rows(path)[SHEET] == {3, 4, 6}


def test_a_sheet_that_is_formatted_to_its_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_CELLS", 20_000)
    far = '<row r="900000"><c r="XFD900000" s="0"/></row>'
    path = workbook(tmp_path / "x.xlsx", BEGINNING + HEADER + ROW + far + END)
    assert list(read_rows(path)) == [{"question": "1", "answer": "1"}]


def test_dimensions_that_the_file_states_are_not_believed(tmp_path: Path) -> None:
    stated = BEGINNING.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    path = workbook(tmp_path / "x.xlsx", stated + HEADER + ROW + END)
    assert list(read_rows(path)) == [{"question": "1", "answer": "1"}]
