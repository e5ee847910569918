"""A claim sheet from the tables of a model card: the numbers of one model, each with the cell that it came from.

A number in the wrong row or column accuses somebody. So a model is chosen by its exact name in the table, a benchmark
is known only by its exact name, a cell that holds more than one number is left out and named, and two tables that
state different numbers for one benchmark are never mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from steelyard.adapters.benchmark_names import (
    ASIDE,
    NOTHING,
    TRAILING,
    average_in_name,
    bare_metric,
    is_a_metric,
    known_task,
    lower_is_better,
    measure_in_name,
    part_in_name,
    repeats_in_name,
    settings_in_english,
    shots_in_name,
    stated_shots_of,
    task_in_name,
    without_words,
)
from steelyard.adapters.card_context import said_in_row, sections_of
from steelyard.adapters.card_tables import Cell, Table
from steelyard.adapters.decimal_commas import VALUE, check_readings, interval_in, setting_in, with_decimal_points
from steelyard.adapters.long_tables import with_a_column_a_model
from steelyard.adapters.parallel_rows import with_a_row_a_number
from steelyard.adapters.sheet_file import decimal_text
from steelyard.adapters.table_units import IS_NO_SCORE, TableUnit, unit_of_share
from steelyard.claims.benchmarks import key_of
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, Protocol
from steelyard.tasks.window import parts_named
from steelyard.util.text import one_line

__all__ = ["claims_of_tables"]

MAX_NAMES = 30  # of models, in a message
MAX_LEFT_OUT = 12  # cells that the sheet's footnotes name
LABELS = 3  # the first columns, where names may stand

SUPERSCRIPT = re.compile(r"\^\{([^{}]*)\}")
MARK = re.compile(r"\^\{[^{}]{1,3}\}|\*{1,3}|(?<=\s)#|[†‡§¶¹²³⁴⁵⁶⁷⁸⁹]")
IS_METRIC = re.compile(r"metrics?", re.IGNORECASE)
IS_SHOTS = re.compile(r"#?\s*(of\s+)?shots?|n-?shots?", re.IGNORECASE)
IS_NAME = re.compile(
    r"(benchmarks?|tasks?|datasets?|evaluations?|evals?|tests?|capabilit(y|ies)|category|categories|domains?|language|"
    r"models?|name|type|description)?(\s*[(\\/].*)?",
    re.IGNORECASE,
)
OF_BENCHMARKS = re.compile(r"(benchmarks?|tasks?|datasets?|evaluations?|evals?|tests?)(\s*[(\\/].*)?", re.IGNORECASE)
OF_SCORES = re.compile(r"(scores?|values?|results?|accuracy|acc\.?|%|percent)", re.IGNORECASE)  # no model's name
LEVEL = re.compile(r"\b(?:(?:strict|loose)[- ]prompt|prompt[- ](?:strict|loose))\b", re.IGNORECASE)  # of IFEval
HOW_ASKED = re.compile(
    r"cot|prompt|shot|strict|loose|think|template|chat|instruct|tool|agent|greedy|sampl|attempt|reason|effort|python|search",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Score:
    """One cell under one model, with what stands beside and above it. ``name`` is the benchmark's, as printed.

    ``marks`` are the footnotes' marks at the names of benchmark and model, ``said`` is what heads its row, and what
    the row says beside it; ``mode`` is what its model's name has beside the wanted one.
    """

    table: Table
    cell: Cell
    name: str
    model: str
    metric: str
    shots: str
    marks: str = ""
    said: tuple[str, str] = ("", "")
    mode: Sequence[str] = ()


@dataclass
class _Found:
    """What the chosen tables hold: claims, each with its table, and what could not be read."""

    claims: list[tuple[Table, Claim]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def claims_of_tables(
    tables: Sequence[Table],
    model: str,
    chosen: Sequence[int],
    where: str,
    name_of_file: str,
    footnotes_by_mark: Mapping[str, str] | None = None,
    own_task: str = "",
    beside: Iterable[str] = (),
) -> ClaimSheet:
    """The sheet of one ``model``; ``chosen`` are numbers of tables, all of them where it is empty.

    ``own_task`` is the id of a task that is no benchmark, and is known by its name, too; ``beside``: lines around them;
    ``footnotes_by_mark``: what stands in the note of a number that is marked so, or whose benchmark or model is.

    Raises InputError, with the names that there are, where the tables do not hold this model once, and where two tables
    state different numbers for one benchmark.
    """
    if absent := [number for number in chosen if not 1 <= number <= len(tables)]:
        raise InputError(f"--table {absent[0]}: there are {len(tables)} tables", where=where)
    looked_at = [replace(table, own_task=own_task) for table in tables if not chosen or table.number in chosen]
    looked_at = [with_a_row_a_number(table, LABELS, partial(_is_known, table)) for table in looked_at]
    read = [(table, _direction(table)) for table in looked_at]
    usable = [
        (with_a_column_a_model(with_decimal_points(table, where), where), direction or "rows")
        for table, direction in read
        if direction or chosen
    ]
    if not usable:
        raise InputError("none of its tables names a benchmark that is known here", where=where)
    if not model:
        check_readings([table for table, _ in usable], where)
    found, printed, around = _Found(), "", list(beside)
    for table, direction in usable:
        scores = list(_scores(table, direction, model, where))
        printed = printed or (scores[0].model if scores else "")
        if scores:
            _read(scores, found, footnotes_by_mark or {}, _table_unit(scores, direction, around))
    if not found.claims:
        raise _no_such_model(usable, model, where)
    _check_conflicts(found, where)
    used = list({table.number: table for table, _ in found.claims}.values())
    origin = [
        f"Taken from {' and '.join(table.source for table in used)}. Each origin names line, row and column.",
        "Where no unit is printed, shares above 1 were read as percent. What the card's text says of decoding and "
        "limits of answers is in no field: add it.",
    ]
    if found.left_out:
        more = f", and {len(found.left_out) - MAX_LEFT_OUT} more" if len(found.left_out) > MAX_LEFT_OUT else ""
        origin.append(f"Left out, since no plain number: {' | '.join(found.left_out[:MAX_LEFT_OUT])}{more}.")
    return ClaimSheet(
        model=model or printed,
        source=name_of_file,
        origin=tuple(origin),
        claims=tuple(claim for _, claim in found.claims),
    )


def _no_such_model(usable: Sequence[tuple[Table, Direction]], model: str, where: str) -> InputError:
    names = list(dict.fromkeys(name for table, direction in usable for name in _models(table, direction).values()))
    if not names:
        check_readings([table for table, _ in usable], where)
        return InputError("its tables name benchmarks, and no numbers that can be read: none has a score", where=where)
    listed = ", ".join(one_line(name, 60) for name in names[:MAX_NAMES]) + (" …" if len(names) > MAX_NAMES else "")
    if model:
        return InputError(
            f"--model {one_line(model, 80)!r} is in none of its tables; in them are: {listed}", where=where
        )
    return InputError(f"its tables hold several models: name one with --model: {listed}", where=where)


# ── which way a table runs ──────────────────────────────────────────────────────────────────────────────────────────

Direction = Literal["rows", "columns"]


def _direction(table: Table) -> Direction | None:
    """Whether the benchmarks are named by its rows or by its columns; None where no benchmark is known."""
    in_rows = max(_known(table, _column(table, place)) for place in range(LABELS))
    in_columns = max((_known(table, row) for row in _head(table, "columns")), default=0)
    return None if in_rows == in_columns == 0 else "rows" if in_rows >= in_columns else "columns"


def _known(table: Table, cells: Sequence[Cell]) -> int:
    return sum(_is_known(table, cell.text) for cell in cells)


def _is_known(table: Table, text: str) -> bool:
    return _task(table, _label(text)) is not None


def _column(table: Table, place: int) -> list[Cell]:
    return [row[place] for row in table.rows if place < len(row)]


def _head(table: Table, direction: Direction) -> list[tuple[Cell, ...]]:
    """The rows of the head, and those of the body that go on with it: no name in front, and no number behind it."""
    rows, place = list(table.head), _name_column(table, direction)
    for row in table.rows:
        if len(row) <= place or any(row[at].text for at in range(place + 1)):
            break
        if not any(cell.text for cell in row) or any(VALUE.fullmatch(cell.text) for cell in row):
            break
        rows.append(row)
    return rows


def _name_column(table: Table, direction: Direction) -> int:
    """Where the rows' names stand: the column with most known benchmarks, or the first one with a name for each row."""
    places = range(min(LABELS, table.columns))
    headed = [at for at in places if table.head and at < len(table.head[0])]
    named = [at for at in headed if OF_BENCHMARKS.fullmatch(_label(table.head[0][at].text))]
    if direction == "rows" and named and _known(table, _column(table, named[0])):
        return named[0]
    if direction == "rows":
        # "Math" is a benchmark, and a group of them: of two columns the one with more different names.
        best = max(
            places,
            key=lambda place: (
                _known(table, _column(table, place)),
                len({cell.text for cell in _column(table, place)}),
            ),
            default=0,
        )
        if _known(table, _column(table, best)):
            return best
    return max(
        places,
        key=lambda place: sum(bool(cell.text) and not VALUE.fullmatch(cell.text) for cell in _column(table, place)),
        default=0,
    )


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _label(text: str) -> str:
    """A name without the marks of footnotes: a short superscript is one, a long one is part of the name."""
    before = ""
    while before != text:
        before, text = text, SUPERSCRIPT.sub(lambda found: found[1] if len(found[1]) > 3 else "", text)
    return settings_in_english(text.strip("*†‡§¶ "))


def _marks(texts: Iterable[str]) -> str:
    return " ".join(mark for text in texts for mark in MARK.findall(text))


def _marked(marks: str, footnotes: Mapping[str, str]) -> Iterator[str]:
    """For each footnote's mark its text, else the mark."""
    for mark in dict.fromkeys(MARK.findall(marks)):
        yield footnotes.get(mark, f"marked {mark}")


def _task(table: Table, name: str) -> str | None:
    """The id of a task of one's own, or of a benchmark."""
    is_own = table.own_task and key_of(name) == key_of(table.own_task)
    return table.own_task if is_own else task_in_name(name)


def _models(table: Table, direction: Direction) -> dict[int, str]:
    """Column or row → the name of the model there, for those that hold a number."""
    if direction == "columns":
        place = _name_column(table, direction)
        named = {at: _label(row[place].text) for at, row in enumerate(table.rows) if place < len(row)}
        numbers = {at for at, row in enumerate(table.rows) if any(VALUE.fullmatch(cell.text) for cell in row)}
        return {at: name for at, name in named.items() if name and at in numbers}
    head, first = _head(table, direction), _name_column(table, direction) + 1
    found = {}
    for at in range(first, table.columns):
        names = list(dict.fromkeys(_label(row[at].text) for row in head if at < len(row) and row[at].text))
        is_beside = all(IS_METRIC.fullmatch(name) or IS_SHOTS.fullmatch(name) for name in names)
        if names and not is_beside and any(VALUE.fullmatch(cell.text) for cell in _column(table, at)):
            found[at] = " / ".join(names)
    return found


def _place_of(table: Table, direction: Direction, model: str, where: str) -> int | None:
    """The model's column or row; None where it is not in this table. Raises InputError where it is there twice."""
    models = _models(table, direction)
    if len(models) == 1 and (not model or OF_SCORES.fullmatch(next(iter(models.values())))):
        return next(iter(models))
    wanted = key_of(model)
    if not wanted:
        return None
    same = [at for at, name in models.items() if wanted == key_of(name)]
    same = same or [at for at, name in models.items() if wanted in map(key_of, name.split(" / "))]
    if len(same) > 1:
        names = ", ".join(f"{one_line(models[at], 60)} (line {_line(table, direction, at)})" for at in same[:MAX_NAMES])
        raise InputError(
            f"--model {one_line(model, 80)!r} is {len(same)} times in {table.place}: {names}: give the whole name of "
            "one, or another --table",
            where=where,
        )
    return same[0] if same else None


def _line(table: Table, direction: Direction, at: int) -> int:
    return table.rows[at][0].line if direction == "columns" else table.line


# ── the scores of one model ─────────────────────────────────────────────────────────────────────────────────────────


def _scores(table: Table, direction: Direction, model: str, where: str) -> Iterator[_Score]:
    """Each cell of this model; none where the table does not hold it."""
    place = _place_of(table, direction, model, where)
    if place is None:
        return
    printed, head = _models(table, direction)[place], _head(table, direction)
    # Of "Ours / Thinking" the rest is a mode.
    mode = (
        [each for each in printed.split(" / ") if key_of(each) != key_of(model)] if " / " in printed and model else []
    )
    name_column = _name_column(table, direction)
    if direction == "columns":
        row = table.rows[place]
        said = said_in_row(row, {name_column}, sections_of(table).get(place, ""), table.head)
        for at in range(name_column + 1, len(row)):
            name, rest = _above(table, head, at)
            marks = _marks((row[name_column].text, *(line[at].text for line in head if at < len(line))))
            yield _Score(
                table, row[at], name, printed, "" if shots_in_name(rest) is not None else rest, rest, marks, said
            )
        return
    beside = {
        at: _label(head[0][at].text) for at in range(min(len(head[0]), table.columns)) if at not in (place, name_column)
    }
    metric_at = next((at for at, name in beside.items() if IS_METRIC.fullmatch(name)), None)
    shots_at = next((at for at, name in beside.items() if IS_SHOTS.fullmatch(name)), None)
    of_model = _marks(line[place].text for line in head if place < len(line))
    sections, read = sections_of(table), (at for at in (metric_at, shots_at) if at is not None)
    apart = {*_models(table, direction), name_column, *read}
    for number, row in enumerate(table.rows):
        if number >= len(head) - len(table.head) and max(place, name_column) < len(row):
            metric, shots = (row[at].text if at is not None and at < len(row) else "" for at in (metric_at, shots_at))
            name, marks = row[name_column].text, f"{of_model} {_marks((row[name_column].text, metric, shots))}"
            said = said_in_row(row, apart, sections.get(number, ""), table.head)
            yield _Score(table, row[place], _label(name), printed, _label(metric), _label(shots), marks, said, mode)


def _read(scores: Sequence[_Score], found: _Found, footnotes: Mapping[str, str], unit: TableUnit) -> None:
    for score, text in ((score, score.cell.text) for score in scores):
        if not score.name or NOTHING.fullmatch(text) or IS_NO_SCORE.search(score.name) or not re.search(r"\d", text):
            continue
        value = VALUE.fullmatch(text)
        claim = value and _claim(score, value, footnotes, unit)
        if claim:
            found.claims.append((score.table, claim))
        else:
            said = f"line {score.cell.line}, {one_line(score.name, 60)}: {one_line(text, 60)}"
            found.left_out.append(said.replace(";", ","))  # a semicolon would end the footnote, and begin another


def _table_unit(scores: Sequence[_Score], direction: Direction, beside: Sequence[str]) -> TableUnit:
    """What the numbers of these scores and of the other models, and the words in and around the table say of it."""
    table = scores[0].table
    models, name_column, head = _models(table, direction), _name_column(table, direction), _head(table, direction)
    numbers = [
        (row[name_column].text if direction == "rows" else _above(table, head, at)[0], row[at].text)
        for number, row in enumerate(table.rows)
        for at in range(name_column + 1, len(row))
        if (at if direction == "rows" else number) in models
    ]
    others = [(_task(table, _label(name)), _label(name), text) for name, text in numbers]
    own = [(_task(table, score.name), score.name, score.cell.text) for score in scores]
    cells = (cell.text.lstrip("0123456789. ") for row in (*head, *table.rows) for cell in row)  # the sign of "0.7 %"
    return TableUnit.of(own, others, (table.heading, *cells, *beside))


def _above(table: Table, head: Sequence[Sequence[Cell]], at: int) -> tuple[str, str]:
    """(benchmark, the rest) of what stands above a column."""
    above = list(dict.fromkeys(_label(line[at].text) for line in head if at < len(line) and line[at].text))
    name = next((text for text in above if _task(table, text)), above[0] if above else "")
    return name, "; ".join(text for text in above if text != name)


def _claim(score: _Score, value: re.Match[str], footnotes: Mapping[str, str], of_table: TableUnit) -> Claim | None:
    number = decimal_text(value["number"])
    if number is None:
        return None
    task = _task(score.table, score.name)
    name, measure = measure_in_name(score.name)
    named = replace(score, name=name, metric=", ".join(filter(None, (score.metric, measure))))
    metric, protocol = _protocol(named, setting := setting_in(value))
    # Answers to questions of one's own are right or wrong.
    scored_by = metric or ("accuracy" if task == score.table.own_task else "")
    unit, unit_note = unit_of_share(task, scored_by, float(number), of_table)
    if lower_is_better(f"{score.name} {metric}"):
        unit, unit_note = "points", "a lower value is better"
    elif value["percent"]:
        unit, unit_note = "percent", ""
    origin = [
        f"line {score.cell.line}: {one_line(score.name, 100)} × {one_line(score.model, 100)}",
        "" if unit == "percent" else unit_note,
        f"printed with ± {value['margin']}" if value["margin"] else "",
        f"printed with {interval}" if (interval := interval_in(value)) else "",
    ]
    marked = _marked(f"{value['marks']} {score.marks}", footnotes)
    notes = [*marked, *score.mode, score.said[1], one_line(value["aside"] or "", 80)]
    return Claim(
        task=task or one_line(score.name, 120),
        value=number,
        unit=unit,
        metric=metric,
        repeats=repeats_in_name(metric),
        average=average_in_name(metric),
        shots=stated_shots_of(setting or score.shots, score.name, score.metric),
        protocol=protocol,
        note="; ".join(filter(None, notes)),
        heading=score.said[0],
        origin="; ".join(filter(None, origin)),
    )


def _protocol(score: _Score, setting: str) -> tuple[str, Protocol]:
    """(metric, protocol): brackets behind a benchmark's name say how it was scored, how asked, or on what part.

    ``setting`` is what the number's own cell says.
    """
    metric, prompt = bare_metric(score.metric), [*LEVEL.findall(score.name)[:1], *([setting] if setting else [])]
    parts = part_in_name(score.name)[1]
    subset = [*parts]
    is_name = known_task((score.name,)) is not None or _task(score.table, score.name) is None
    asides = [*ASIDE.findall(score.name), *(found[0] for found in TRAILING.finditer(ASIDE.sub(" ", score.name)))]
    for aside in (rest for text in asides if (rest := without_words(text, parts)) and not LEVEL.fullmatch(rest)):
        if not metric and is_a_metric(aside):
            metric = bare_metric(aside)
        elif is_name or not bare_metric(aside):
            continue
        elif HOW_ASKED.search(aside):
            prompt.append(aside)
        else:
            subset.append(aside)
    return metric, Protocol(prompt="; ".join(prompt), subset="; ".join(subset))


def _check_conflicts(found: _Found, where: str) -> None:
    """Raise InputError where two tables state different numbers for one benchmark, and drop what is stated twice."""
    first: dict[str, tuple[Table, Claim]] = {}
    kept: list[tuple[Table, Claim]] = []
    for table, claim in found.claims:
        name = key_of(" ".join((claim.task, *parts_named(claim.protocol.subset))))  # one window is not another
        before = first.setdefault(name, (table, claim))
        if before[0] is table:
            kept.append((table, claim))
        elif before[1].value != claim.value:
            raise InputError(
                f"{one_line(claim.task, 60)} is stated twice, {before[1].value} in {before[0].place} and {claim.value} "
                f"in {table.place}: choose with --table {before[0].number} or --table {table.number}",
                where=where,
            )
    found.claims[:] = kept
