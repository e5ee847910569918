"""Indexes that are made when somebody looks: in a process of their own, by the seal, and again where one broke."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steelyard.evidence import layout
from steelyard_server.answers.index import Selection, UnusableIndexError
from steelyard_server.answers.keeping import index_names
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.push.indexing import AnswerIndexes, IndexingError, NotYetError
from steelyard_server.push.verifying import Verifier, VerifyLimits
from steelyard_server.runs.folders import folder_of
from steelyard_server.runs.rows import ListedRun, RunRow

WAIT = 120.0


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


@pytest.fixture
def row(data: DataFolder, mixed: Path) -> RunRow:
    """A run that lies in the data folder without an index."""
    seal = layout.digest_and_lines(mixed, layout.BUNDLE)[0]
    shutil.copytree(mixed, folder_of(data, seal))
    now = datetime.now(UTC)
    listed = ListedRun(1, seal, "run", "m", "", "", 0, "", now, 0, 0, "default", False)
    summary: Any = None
    return RunRow(listed, summary, "ada", "", now, 0, 0, seal)


@pytest.fixture
def indexes(data: DataFolder) -> Iterator[AnswerIndexes]:
    found = AnswerIndexes(data, wait_seconds=WAIT)
    yield found
    found.stop()


def test_it_is_made_once_and_again_where_it_was_changed(indexes: AnswerIndexes, data: DataFolder, row: RunRow) -> None:
    with pytest.raises(UnusableIndexError), indexes.open_made(row):
        pass
    with indexes.open(row) as index:
        assert index.total == 48
    path = data.path.joinpath(*index_names(row.folder))
    made = path.read_bytes()
    with indexes.open_made(row):
        pass
    assert path.read_bytes() == made
    path.write_bytes(made[:-40] + bytes(40))
    with pytest.raises(NotYetError), indexes.open(row) as index:
        index.after(Selection(sample="sums/row/4"), 0, 1)
    with indexes.open(row) as index:
        assert index.after(Selection(sample="sums/row/4"), 0, 1)
    assert path.read_bytes() == made, "the same run gives the same index"
    assert [*data.incoming.iterdir()] == []


def test_a_run_that_was_changed_meanwhile_gets_none(indexes: AnswerIndexes, data: DataFolder, row: RunRow) -> None:
    scores = folder_of(data, row.folder) / layout.SCORES
    scores.write_bytes(scores.read_bytes().replace(b'"value":0', b'"value":1'))
    for _ in range(2):  # the second time it is remembered
        with pytest.raises(IndexingError, match=r"^scores.jsonl: was changed"), indexes.open(row):
            pass
    assert not data.path.joinpath(*index_names(row.folder)).exists()


def test_the_seal_of_another_run_in_its_place_gets_none(indexes: AnswerIndexes, data: DataFolder, row: RunRow) -> None:
    other = replace(row, listed=replace(row.listed, seal="0" * 64))
    with pytest.raises(IndexingError, match="is not what was received"), indexes.open(other):
        pass


def test_who_does_not_wait_is_told_and_a_stop_ends_it(data: DataFolder, row: RunRow) -> None:
    indexes = AnswerIndexes(data, wait_seconds=0.0)
    with pytest.raises(NotYetError), indexes.open(row):
        pass
    indexes.stop()


def test_one_that_needs_too_much_is_said(data: DataFolder, row: RunRow) -> None:
    indexes = AnswerIndexes(data, Verifier(VerifyLimits(cpu_seconds=0)), WAIT)
    with pytest.raises(IndexingError, match=r"processor time|more memory"), indexes.open(row):
        pass
    indexes.stop()
