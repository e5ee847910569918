"""``steelyard.compare`` and ``steelyard.portfolio`` on real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard
from tests.comparison_runs import run_sums, sums_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    file = sums_file(folder)
    run_sums(file, folder / "small", wrong=110)
    run_sums(file, folder / "large", wrong=20)
    return folder


def test_from_python(folder: Path) -> None:
    found = steelyard.compare(folder / "small", folder / "large", see=5)
    assert found.pairs[0].overall is not None
    assert found.pairs[0].overall.word == "better"
    held = steelyard.portfolio(folder / "small", folder / "large", cost={str(folder / "small"): 0.1})
    assert held.n == 150
    with pytest.raises(steelyard.InputError, match="between 0 and 100"):
        steelyard.compare(folder / "small", folder / "large", see=0)
