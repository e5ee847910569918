"""Tables with a number a row, whose columns are *Model*, *Benchmark* and *Score*, as tables with a column a model.

Read as they are, their only column of numbers would seem to be one model, called *Score*, with the numbers of all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from steelyard.adapters.card_tables import Cell, Table
from steelyard.errors import InputError
from steelyard.util.text import one_line

__all__ = ["with_a_column_a_model"]

_MODEL: Final = re.compile(r"((ai|language)[ -])?(models?|modell(e|name)?|llms?|model[ _]name)", re.IGNORECASE)
_TASK: Final = re.compile(
    r"(benchmarks?|tasks?|datasets?|evaluations?|evals?|tests?|aufgaben?|datens(atz|ätze))([ _]name)?", re.IGNORECASE
)
_VALUE: Final = re.compile(
    r"(scores?|values?|results?|accuracy|acc\.?|percent|%|werte?|ergebnis(se)?|punkte?|genauigkeit|prozent)"
    r"\s*([(\[][^()\[\]]{0,40}[)\]])?",
    re.IGNORECASE,
)
_MOST_MODELS: Final = 100


def with_a_column_a_model(table: Table, where: str) -> Table:
    """The table with the column of each model beside those that say what was asked; any other table as it is.

    Raises InputError, with the line, for a row that names no model among rows that do.
    """
    if len(table.head) != 1:
        return table
    headers = [" ".join(cell.text.strip("*").split()) for cell in table.head[0]]
    places = [[at for at, header in enumerate(headers) if kind.fullmatch(header)] for kind in (_MODEL, _TASK, _VALUE)]
    if any(len(found) != 1 for found in places) or not table.rows:
        return table
    (model,), (task,), (value,) = places
    rows = [row for row in table.rows if max(model, task, value) < len(row) and row[value].text]
    names = list(dict.fromkeys(row[model].text for row in rows))
    if not names or len(names) > _MOST_MODELS:
        return table
    for row in rows:
        if not row[model].text:
            raise InputError(
                f"the column {one_line(headers[model], 40)!r} is empty here: name the model in each row", where=where,
                line=row[model].line,
            )  # fmt: skip
    beside = [task, *(at for at in range(len(headers)) if at not in (model, task, value))]
    head = (*(table.head[0][at] for at in beside), *(Cell(name, table.line) for name in names))
    wide = tuple(
        (
            *(row[at] if at < len(row) else Cell("", row[value].line) for at in beside),
            *(row[value] if row[model].text == name else Cell("", row[value].line) for name in names),
        )
        for row in rows
    )
    return replace(table, head=(head,), rows=wide)
