"""Tables become items; rows that cannot are thrown out with their reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.suites.tables import TableColumns, items_of_table

CSV = """Frage;Antwort;Kunde;Themen
Wie hoch ist die Gebühr für das Konto?;12 Euro;A;Preise, Konto
Was ist die Frist?;;A;Frist
;egal;B;
Wer ist zuständig?;Abteilung 4;B;Amt
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(CSV)
    return path


def test_a_row_is_an_item_and_a_row_without_answer_is_thrown_out(table: Path) -> None:
    found = items_of_table(table, FileOptions(), TableColumns(group="Kunde", tags="Themen"))
    assert [(item.question[:3], item.answer, item.group, item.tags) for item in found.items] == [
        ("Wie", "12 Euro", "A", ("Preise", "Konto")),
        ("Wer", "Abteilung 4", "B", ("Amt",)),
    ]
    assert [(each.check, each.reason, each.item.id) for each in found.dropped] == [
        ("empty", "The row has no answer.", "row-3"),
        ("empty", "The row has no question.", "row-4"),
    ]
    source = found.items[0].source
    assert source is not None
    assert (source.file, source.start, len(source.sha256)) == ("tickets.csv", 2, 64)
    assert found.is_german
    assert found.made_from[0].items == 2


def test_an_id_follows_from_what_is_asked(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("question,answer\nWer ist zuständig?,Abteilung 4\n")
    assert items_of_table(other, FileOptions()).items[0].id == items_of_table(table, FileOptions()).items[1].id


def test_choices_are_kept_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "mc.csv"
    path.write_text("question,choices,answer\nWhich?,red|blue,B\n")
    item = items_of_table(path, FileOptions()).items[0]
    assert (item.choices, item.answer) == (("red", "blue"), "blue")


def test_a_column_that_there_is_not_is_named(table: Path) -> None:
    with pytest.raises(InputError, match="--group: there is no column 'Firma'; there are: Frage, Antwort, Kunde"):
        items_of_table(table, FileOptions(), TableColumns(group="Firma"))
