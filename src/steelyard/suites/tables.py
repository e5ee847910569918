"""Items of a suite from a table: CSV, Excel, JSONL, Parquet, one item a row."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SourceSpan, SuiteItem
from steelyard.records.file_options import FileOptions
from steelyard.suites.collected import Collected, item_id
from steelyard.tasks.column_names import Columns, WantedColumns
from steelyard.tasks.file_rows import place_of
from steelyard.tasks.loaders import read_rows
from steelyard.tasks.question_images import ImageCell, image_cells, image_data
from steelyard.tasks.question_rows import Survey, TidyRows
from steelyard.tasks.suite_file import MadeFrom
from steelyard.tasks.suite_images import image_name

__all__ = ["TableColumns", "items_of_table"]

_NOT_REDACTED = "Images are kept and sent as they are: personal data in them is not looked for."
_LIST = re.compile(r"\s*[,;|]\s*")


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """Further columns, as the user names them: ``group`` says what belongs together, ``tags`` holds words."""

    group: str = ""
    tags: str = ""


def items_of_table(path: Path, options: FileOptions, columns: TableColumns = TableColumns()) -> Collected:
    """The items of a table's rows; rows without question or answer are dropped, with that reason.

    Raises InputError with file and row for a file that cannot be read, for columns that cannot be told, and for a
    column that there is not.
    """
    options = replace(options, skip_empty=True)
    survey = Survey(path, options)
    rows = read_rows(path, survey.look, WantedColumns(options.question, options.answer), options.sheet)
    survey.check()
    tidy = survey.tidied(rows)
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    images = _Images(tidy, survey.columns, path)
    items = [_item(tidy, place, path.name, sha256, columns, path, images) for place in range(len(tidy))]
    dropped = [
        _without(role, number, path.name, sha256) for role, numbers in survey.left_out.items() for number in numbers
    ]
    assumed = " ".join(
        filter(
            None,
            (
                getattr(rows, "assumed", ""),
                _columns(survey, columns).in_words(with_choices=survey.has_choices and not options.choices),
                survey.images_in_words,
                survey.doubts,
            ),
        )
    )
    return Collected(
        items=tuple(items),
        dropped=tuple(sorted(dropped, key=lambda each: each.item.source.start if each.item.source else 0)),
        made_from=(MadeFrom(file=path.name, sha256=sha256, items=len(items)),),
        is_german=survey.is_german,
        asked_whole=survey.columns.is_whole_prompt,
        remarks=(*((f"{path.name}: {assumed}",) if assumed else ()), *((_NOT_REDACTED,) if images.found else ())),
        images=images.found,
    )


class _Images:
    """The images of a table's rows: ``found`` reads each by its name, so that none is held in memory."""

    def __init__(self, rows: TidyRows, columns: Columns, path: Path) -> None:
        self._rows, self._columns, self._path = rows, columns, path
        self.found: dict[str, Callable[[], bytes]] = {}

    def names(self, place: int) -> tuple[str, ...]:
        """The images of a row; raises InputError, with the row, for one that cannot be sent."""
        names = []
        for number in range(len(self._cells(place))):
            read = partial(self._read, place, number)
            names.append(image_name(read(), self._where(place)))
            self.found.setdefault(names[-1], read)
        return tuple(names)

    def _read(self, place: int, number: int) -> bytes:
        return image_data(self._cells(place)[number], self._path.parent, self._where(place))

    def _cells(self, place: int) -> Sequence[ImageCell]:
        return image_cells(self._rows.untidied(place), self._columns, self._path, self._rows.number_of(place))

    def _where(self, place: int) -> str:
        return place_of(self._path, self._rows.number_of(place))


def _columns(survey: Survey, used: TableColumns) -> Columns:
    """The table's columns; what the user named for groups and tags is used, too."""
    return dataclasses.replace(
        survey.columns, others=tuple(each for each in survey.columns.others if each not in (used.group, used.tags))
    )


def _item(
    rows: TidyRows, place: int, name: str, sha256: str, columns: TableColumns, path: Path, images: _Images
) -> SuiteItem:
    row, number, shown = rows[place], rows.number_of(place), images.names(place)
    choices = tuple(row.get("choices", ()))
    answer = choices[int(row["answer"])] if choices else row["answer"]
    whole = rows.untidied(place) if columns.group or columns.tags else {}
    return SuiteItem(
        id=item_id(row["question"], choices, answer, shown),
        question=row["question"],
        answer=answer,
        choices=choices,
        group=_cell(whole, columns.group, "--group", path),
        tags=tuple(filter(None, _LIST.split(_cell(whole, columns.tags, "--tags", path)))),
        source=SourceSpan(file=name, sha256=sha256, start=number),
        images=shown,
    )


def _cell(row: dict[str, Any], column: str, option: str, path: Path) -> str:
    if not column:
        return ""
    if column not in row:
        listed: Sequence[str] = [str(name) for name in row][:8]
        raise InputError(f"{option}: there is no column {column!r}; there are: {', '.join(listed)}", where=path)
    value = row[column]
    return "" if value is None else " ".join(str(value).split())[:200]


def _without(role: str, number: int, name: str, sha256: str) -> DroppedItem:
    source = SourceSpan(file=name, sha256=sha256, start=number)
    return DroppedItem(
        check="empty",
        reason=f"The row has no {role}.",
        item=SuiteItem(id=f"row-{number}", question="", source=source),
    )
