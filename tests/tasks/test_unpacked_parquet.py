"""A file of a kilobyte that becomes gigabytes is refused before it does; an honest one keeps its values."""

from __future__ import annotations

import datetime
import gc
import os
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks import unpacked_parquet
from steelyard.tasks.parquet_rows import ParquetRows, SpooledRows, open_parquet

pyarrow = pytest.importorskip("pyarrow")
MEGABYTE = 1_000_000
PREFIXES: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"question": "DELTA_BYTE_ARRAY"}}
NESTED = {"list": "question.list.element", "map": "question.key_value.value"}


def look(row: dict[str, Any], number: int) -> None:
    """Every row is given to somebody; nobody keeps it."""


def bomb(path: Path, rows: int, size: int, kind: str, **options: Any) -> Path:
    """Write one cell, which every row names: as a text, an image, or ten times in a list."""
    import pyarrow.parquet

    text = "q" * size
    cell: Any = {"image": text.encode(), "list": [text.encode()] * 10, "map": [("k", text)]}.get(kind, text)
    type_of = {"map": pyarrow.map_(pyarrow.string(), pyarrow.string()), "extension": pyarrow.json_()}
    settings = {"compression": "zstd", "dictionary_pagesize_limit": 1 << 30}
    table = pyarrow.table({"question": pyarrow.array([cell] * rows, type_of.get(kind)), "answer": ["1"] * rows})
    pyarrow.parquet.write_table(table, path, **(settings | options))
    return path


@pytest.mark.parametrize("options", [{}, PREFIXES], ids=["dictionary", "prefixes"])
@pytest.mark.parametrize("kind", ["text", "image", "list", "map", "extension"])
def test_a_small_file_that_becomes_large_is_refused(
    kind: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if options and kind in NESTED:
        options = PREFIXES | {"column_encoding": {NESTED[kind]: "DELTA_BYTE_ARRAY"}}
    path = bomb(tmp_path / "x.parquet", 40, MEGABYTE, kind, **options)
    assert path.stat().st_size < MEGABYTE / 2
    monkeypatch.setattr(unpacked_parquet, "ALWAYS", 4 * MEGABYTE)
    monkeypatch.setattr(unpacked_parquet, "PIECE", MEGABYTE)
    monkeypatch.setattr(unpacked_parquet, "LOOKED_AT", 2)
    looked: list[int] = []
    before = pyarrow.total_allocated_bytes()
    with pytest.raises(InputError, match=r"x\.parquet: its rows become more than \d,\d{3},000 bytes, of a file of"):
        open_parquet(path, lambda row, number: looked.append(number))
    assert len(looked) <= 8
    gc.collect()
    assert pyarrow.total_allocated_bytes() - before < 8 * MEGABYTE  # Arrow's threads may still hold a piece


@pytest.mark.parametrize("kind", ["text", "image", "list", "map"])
def test_no_more_rows_are_in_memory_at_once_than_fit(kind: str, tmp_path: Path) -> None:
    """3,000 cells of 100 kB would be 300 MB; the dictionary's one cell and the piece of the moment are held."""
    path = bomb(tmp_path / "x.parquet", 300 if kind == "list" else 3000, MEGABYTE // 10, kind)
    held: list[int] = []
    before = pyarrow.total_allocated_bytes()
    found = open_parquet(path, lambda row, number: held.append(pyarrow.total_allocated_bytes() - before))
    assert len(found) == len(held)
    assert max(held) < 20 * MEGABYTE
    assert isinstance(found, SpooledRows if kind in ("image", "list") else ParquetRows)
    assert found[-1] == found[0]


def test_a_column_of_nothing_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(unpacked_parquet, "ALWAYS", MEGABYTE)
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.nulls(500_000, pyarrow.int8())}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="its rows become more than 1,000,000 bytes"):
        open_parquet(tmp_path / "x.parquet", look)


def test_a_file_may_become_20_times_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(unpacked_parquet, "ALWAYS", 1000)
    pictures = [os.urandom(5000) for _ in range(20)]
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"p": [pictures[place % 20] for place in range(300)]}), path)
    assert [row["p"] for row in open_parquet(path, look)] == [pictures[place % 20] for place in range(300)]


def test_a_dictionary_that_ends_early_and_one_for_each_group(tmp_path: Path) -> None:
    import pyarrow.parquet

    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    rows = [
        {"image": [{"bytes": os.urandom(3000), "path": str(n)}], "cat": "ab"[n % 2] + str(n // 100), "n": n}
        for n in range(250)
    ]
    schema = pyarrow.schema([("image", pyarrow.list_(image)), ("cat", pyarrow.string()), ("n", pyarrow.int32())])
    table = pyarrow.Table.from_pylist(rows, schema)
    table = table.set_column(1, "cat", table["cat"].dictionary_encode())  # as pandas writes categories
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(table, path, row_group_size=100, dictionary_pagesize_limit=50_000)
    assert list(open_parquet(path, look)) == rows
    pyarrow.parquet.write_table(table.drop_columns("image"), path, row_group_size=100)
    assert list(open_parquet(path, look)) == [{"cat": row["cat"], "n": row["n"]} for row in rows]


@pytest.mark.parametrize("has_image", [False, True])
def test_values_of_every_kind_stay_what_they_were(has_image: bool, tmp_path: Path) -> None:
    import pyarrow.parquet

    moment = datetime.datetime(2026, 11, 28, 1, 2, 3)
    columns = {
        "large": pyarrow.array(["a", None], pyarrow.large_string()),
        "map": pyarrow.array([[("k", "v")], []], pyarrow.map_(pyarrow.string(), pyarrow.string())),
        "two": pyarrow.array([["q", "r"], ["s", None]], pyarrow.list_(pyarrow.string(), 2)),
        "when": pyarrow.array([moment, None], pyarrow.timestamp("us")),
        "empty": pyarrow.nulls(2),
        "view": pyarrow.array(["v", None], pyarrow.string_view()),
        "lists": pyarrow.array([[["a"], []], None], pyarrow.large_list(pyarrow.list_(pyarrow.string()))),
    } | ({"image": pyarrow.array([b"x", None], pyarrow.large_binary())} if has_image else {})
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    assert list(open_parquet(tmp_path / "x.parquet", look)) == table.to_pylist()


def test_no_rows(tmp_path: Path) -> None:
    import pyarrow.parquet

    for kind in (pyarrow.string(), pyarrow.binary()):
        pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array([], kind)}), tmp_path / "x.parquet")
        assert list(open_parquet(tmp_path / "x.parquet", look)) == []
