"""The samples on which two runs differ: counted all, shown some, cut in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard
from testkit.comparison_runs import two_runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = two_runs(tmp_path_factory.mktemp("runs"))
    return folder / "small", folder / "large"


def test_what_differs_is_shown_with_its_texts(runs: tuple[Path, Path]) -> None:
    (pair,) = steelyard.compare(*runs).pairs
    overall = pair.overall
    assert overall is not None
    assert pair.differing == overall.gains + overall.losses
    assert 0 < len(pair.differing_samples) <= pair.differing
    for each in pair.differing_samples:
        assert each.first != each.second
        assert each.second_sample is None, "it has one id in both"
        assert each.question is not None
        assert each.question.startswith("What is ")
        right = each.first_answer if each.first else each.second_answer
        assert right == each.expected
