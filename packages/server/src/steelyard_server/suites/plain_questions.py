"""A file of questions as ``--task`` takes it, written as JSON lines for a machine that does not have the file.

It is read by the same code as on the command line, and only the columns that are asked are in the lines: what else a
table holds, such as names of customers, stays where it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.tasks.column_names import Columns, WantedColumns
from steelyard.tasks.file_of_suite import check_no_suite
from steelyard.tasks.file_rows import Row, place_of
from steelyard.tasks.loaders import read_rows
from steelyard.tasks.question_rows import Survey

__all__ = ["questions_in_lines"]

_PLAIN: Final = FileOptions()
_OURS: Final = ("question", "answer", "choices")


def questions_in_lines(path: Path, options: FileOptions = _PLAIN) -> tuple[str, str]:
    """The questions of a table (CSV, Excel, JSON, Parquet) as JSON lines, and what was assumed to read it.

    Of the ``options`` count those by which the table is read. A column keeps its name where that is a usual one, since
    a *prompt* is asked otherwise than a *question*. Raises InputError as
    :func:`~steelyard.tasks.from_file.task_from_file`, and for questions with images.
    """
    check_no_suite(path)
    survey = Survey(path, options)
    rows = read_rows(path, survey.look, WantedColumns(options.question, options.answer), options.sheet)
    survey.check()
    if survey.has_images:
        raise InputError("names images, which are files that are not sent: ask them here", where=path)
    columns, tidy, lines = survey.columns, survey.tidied(rows), []
    names = _names(tidy.untidied(0), columns, has_choices=survey.has_choices)
    for place in range(len(tidy)):
        row = tidy.untidied(place)
        kept = {said: row[name] for name, said in names.items() if row.get(name) is not None}
        try:
            lines.append(json.dumps(kept, ensure_ascii=False, allow_nan=False).encode())
        except ValueError:  # half a character, or an infinite number: what JSON lines cannot say
            where = place_of(path, tidy.number_of(place))
            raise InputError("has a text or a number that cannot be sent as JSON", where=where) from None
    assumed = (
        getattr(rows, "assumed", ""),
        columns.in_words(with_choices=survey.has_choices).replace("Not used: ", "Not sent: "),
        survey.doubts,
    )
    return b"".join(line + b"\n" for line in lines).decode(), " ".join(filter(None, assumed))


def _names(first: Row, columns: Columns, *, has_choices: bool) -> dict[str, str]:
    """The columns that are asked, each with the name by which a reader of the lines finds it."""
    asked = [columns.question, columns.answer, *([columns.choices_key] if has_choices else [])]
    found = WantedColumns().find({name: first.get(name) for name in asked})
    as_found = [found.question, found.answer, found.choices_key] if found else []
    return {name: name for name in asked} if as_found[: len(asked)] == asked else dict(zip(asked, _OURS, strict=False))
