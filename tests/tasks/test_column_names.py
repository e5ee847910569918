"""Columns by their usual names, by the user's, and by Excel's letters."""

from __future__ import annotations

import pytest

from steelyard.tasks.column_names import WantedColumns, is_german_header


@pytest.mark.parametrize(
    ("names", "question", "answer", "found"),
    [
        (["Nr", "Frage", "Antwort"], "", "", ("Frage", "Antwort")),
        (["Ticket", "Kategorie"], "ticket", "B", ("Ticket", "Kategorie")),
        (["a", "b", "A"], "a", "b", ("a", "b")),
        (["x", "y"], "AA", "x", None),
        (["x", "y"], "x", "x", None),
        (["", "Frage"], "A", "Frage", None),
        (["question"], "", "", None),
    ],
)
def test_columns(names: list[str], question: str, answer: str, found: tuple[str, str] | None) -> None:
    columns = WantedColumns(question, answer).find(names)
    assert (columns and (columns.question, columns.answer)) == found


def test_all_that_is_missing_is_said_at_once() -> None:
    said = WantedColumns("Text", "").missing(["Nr", "Ticket"])
    assert said == (
        "has no column 'Text' for --question, and needs a column answer, target, expected or Antwort, "
        "or --answer COLUMN; it has Nr, Ticket"
    )
    assert WantedColumns("a", "a").missing(["a", "b"]).startswith("question and answer must be two columns")


def test_german_headers() -> None:
    assert is_german_header(["Nr", "Ticket", "Kategorie"])
    assert is_german_header(["Größe"])
    assert not is_german_header(["question", "answer"])
