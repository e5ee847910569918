"""An index with this server's mark, of the mixed run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.evidence import layout
from steelyard_server.answers.build import write_index
from steelyard_server.answers.index import AnswerIndex, open_index
from steelyard_server.answers.keeping import keep_index, secret_of
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.runs.folders import folder_of


@pytest.fixture
def seal(mixed: Path) -> str:
    return layout.digest_and_lines(mixed, layout.BUNDLE)[0]


def indexed(data: DataFolder, seal: str) -> None:
    """Make and keep the index of a run that lies in the data folder."""
    made = data.path / "made"
    with made.open("wb") as file:
        write_index(folder_of(data, seal), seal, file)
    keep_index(data, made, seal)


@pytest.fixture
def data(tmp_path: Path, mixed: Path, seal: str) -> DataFolder:
    """A data folder with the run and its index."""
    import shutil

    found = open_data_folder(tmp_path / "data")
    shutil.copytree(mixed, folder_of(found, seal))
    indexed(found, seal)
    return found


@pytest.fixture
def index(data: DataFolder, seal: str) -> Iterator[AnswerIndex]:
    with open_index(data, seal, seal, secret_of(data)) as found:
        yield found
