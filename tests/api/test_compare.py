"""``steelyard.compare`` and ``steelyard.portfolio`` on real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard
from testkit.comparison_runs import two_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_runs(tmp_path_factory.mktemp("runs"))


def test_from_python(folder: Path) -> None:
    found = steelyard.compare(folder / "small", folder / "large", see=5)
    assert found.pairs[0].overall is not None
    assert found.pairs[0].overall.word == "better"
    held = steelyard.portfolio(folder / "small", folder / "large", cost={str(folder / "small"): 0.1})
    assert held.n == 150
    with pytest.raises(steelyard.InputError, match="between 0 and 100"):
        steelyard.compare(folder / "small", folder / "large", see=0)
