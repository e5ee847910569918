"""Vendors whose answers move: each kind comes to a verdict, and the same seed gives the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from bench.moving import KINDS, Moving, word_of


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_comes_to_a_verdict_again_and_again(kind: Moving) -> None:
    words = [[word_of(kind, 198, np.random.default_rng(seed)) for seed in range(3)] for _ in range(2)]
    assert words[0] == words[1]
    assert set(words[0]) <= {"inconsistent", "consistent", "insufficient_power"}


def test_a_bad_beginning_of_a_long_run_accuses_nobody_and_a_steady_model_is_confirmed() -> None:
    """What the first answers alone said is asked again before it counts."""
    bad = next(kind for kind in KINDS if kind.first == 0.30)
    assert [word_of(bad, 5000, np.random.default_rng(seed)) for seed in range(3)] == ["consistent"] * 3
    assert [word_of(KINDS[0], 5000, np.random.default_rng(seed)) for seed in range(3)] == ["consistent"] * 3
