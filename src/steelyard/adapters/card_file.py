"""The file of a model card with tables: Markdown, HTML or CSV, to a claim sheet of one model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from steelyard.adapters.card_claims import claims_of_tables
from steelyard.adapters.card_context import footnotes_in, lines_beside, sentences_beside, with_shots_of_page
from steelyard.adapters.card_tables import Table, table_of_rows, tables_in
from steelyard.adapters.untrusted_json import read_bytes
from steelyard.errors import InputError
from steelyard.records import ClaimSheet

__all__ = ["read_card_tables", "tables_of"]

MAX_BYTES = 8 * 2**20


def read_card_tables(path: Path, model: str = "", chosen: Sequence[int] = (), own_task: str = "") -> ClaimSheet:
    """The sheet of one ``model`` from the tables of a card; ``chosen`` are numbers of tables, from 1.

    ``own_task`` is the id of a task that is no benchmark, and is known by its name, too.

    Raises InputError for a file without tables, and as :func:`~steelyard.adapters.card_claims.claims_of_tables`.
    """
    tables, text = tables_of(path)
    if not tables:
        raise InputError(
            "has no table: give a card with a Markdown or HTML table of results, or a CSV file of one", where=path
        )
    used = [table for table in tables if not chosen or table.number in chosen]
    beside = lines_beside(text, used)
    sheet = claims_of_tables(tables, model, chosen, str(path), path.name, footnotes_in(text), own_task, beside)
    footnotes = (*sheet.footnotes, *sentences_beside(text, used))
    return msgspec.structs.replace(sheet, footnotes=footnotes, claims=with_shots_of_page(sheet.claims, text))


def tables_of(path: Path) -> tuple[list[Table], str]:
    """The tables, and the text around them; a CSV file has none."""
    if path.suffix.lower() in (".csv", ".tsv"):
        from steelyard.tasks.spreadsheets import read_grid

        first_line, rows = read_grid(path)
        return [table_of_rows(rows, first_line)] if rows else [], ""
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not text in UTF-8: save it as UTF-8", where=path) from None
    return tables_in(text), text
