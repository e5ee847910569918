"""The coverage of intervals: seeded, with the truth from many trainings, and a bootstrap of few trainings beside."""

from __future__ import annotations

import numpy as np
import pytest

from bench.world.coverage import SITUATIONS, bootstrap_interval, document, rates, true_mean


@pytest.mark.parametrize("situation", SITUATIONS[:6], ids=lambda each: each.name)
def test_t_covers_more_than_the_bootstrap_where_trainings_differ(situation: object) -> None:
    truth = true_mean(situation)  # type: ignore[arg-type]
    found = rates(situation, truth, 3, 64, 150, bootstrap=False)  # type: ignore[arg-type]
    assert found == rates(situation, truth, 3, 64, 150, bootstrap=False)  # type: ignore[arg-type]
    assert found.held / found.tables >= 0.84  # .90 for the skewed one, less 2.6 standard errors
    assert found.differ / found.tables <= 0.1


def test_the_bootstrap_of_three_differing_trainings_is_too_narrow() -> None:
    wide = SITUATIONS[2]
    truth = true_mean(wide)
    ours, drawn = (rates(wide, truth, 3, 100, 150, bootstrap=which) for which in (False, True))
    assert drawn.held < ours.held - 4


def test_the_bootstrap_lies_within_the_data() -> None:
    rng = np.random.default_rng(0)
    found = bootstrap_interval([rng.random((3, 20))], rng)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_the_table_has_a_row_for_each_situation_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.world.coverage.SITUATIONS", SITUATIONS[:1])
    lines = document(4).splitlines()
    assert sum(line.startswith("| trainings differ") for line in lines) == 4
