"""Parquet as the hub has it: images as {bytes, path}, read a row at a time; texts in memory as before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks.loaders import hub_rows, read_rows
from steelyard.tasks.parquet_rows import ParquetRows, SpooledRows, open_parquet
from testkit.vision_server import picture

pyarrow = pytest.importorskip("pyarrow")
IMAGE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])


def write_images(path: Path, count: int) -> list[dict[str, Any]]:
    import pyarrow.parquet

    rows = [
        {
            "image": {"bytes": picture(number), "path": f"{number}.png"} if number % 5 else None,
            "others": [{"bytes": picture(number + 1), "path": None}] * (number % 3),
            "query": f"plus {number}?",
            "label": [str(number)],
        }
        for number in range(count)
    ]
    schema = pyarrow.schema(
        [("image", IMAGE), ("others", pyarrow.list_(IMAGE)), ("query", pyarrow.string()),
         ("label", pyarrow.list_(pyarrow.string()))]
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path, row_group_size=50)
    return rows


def test_rows_with_images_are_read_from_the_disk_in_any_order(tmp_path: Path) -> None:
    rows = write_images(tmp_path / "x.parquet", 130)
    seen: list[int] = []
    found = read_rows(tmp_path / "x.parquet", lambda row, number: seen.append(number))
    assert isinstance(found, SpooledRows)
    assert list(found) == rows
    assert [found[place] for place in (129, 0, 64, 63)] == [rows[place] for place in (129, 0, 64, 63)]
    assert seen == list(range(1, 131))
    assert (len(found), found.number_of(7)) == (130, 8)


def test_nothing_is_left_in_the_folder_for_such_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    rows = write_images(tmp_path / "x.parquet", 3)
    found = open_parquet(tmp_path / "x.parquet", lambda row, number: None)
    assert os.listdir(spool) == []
    assert list(found) == rows


def test_rows_of_texts_stay_in_memory(tmp_path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"question": ["a", "b"]}), tmp_path / "x.parquet")
    found = open_parquet(tmp_path / "x.parquet", lambda row, number: None)
    assert isinstance(found, ParquetRows)
    assert list(found) == [{"question": "a"}, {"question": "b"}]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\xff" * 60 + b"PAR1", b"not parquet at all"])
def test_what_is_not_parquet(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(InputError, match="is not Parquet") as caught:
        read_rows(tmp_path / "x.parquet")
    assert "\n" not in str(caught.value)


def test_a_mirror_may_hold_the_hubs_own_file(tmp_path: Path) -> None:
    rows = write_images(tmp_path / "me/mine/default/test.parquet", 3)
    assert list(hub_rows("me/mine", "default", "test", tmp_path)) == rows
    (tmp_path / "me/mine/default/test.jsonl").write_text('{"query": "lines come first"}\n')
    assert list(hub_rows("me/mine", "default", "test", tmp_path)) == [{"query": "lines come first"}]
