"""The blocked test: its blocks, where it adds nothing, and its size under dependence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bench.compare_skewed import Dependent, measure_dependent
from steelyard.stats.blocked import LEAST, blocked_interval, blocked_p, blocks_by
from steelyard.stats.multiway import file_places


def test_blocks_of_each_order() -> None:
    n = 100
    random = np.random.default_rng(3)
    one, other = random.permutation(n).tolist(), random.permutation(n).tolist()
    long, short = blocks_by([one, other], range(n))
    assert [len(set(groups)) for groups in long] == [3, 3, 5]
    assert [len(set(groups)) for groups in short] == [20, 20, 20]
    named = blocks_by([one], range(n), [place // 10 for place in range(n)])
    assert [[len(set(groups)) for groups in orders] for orders in named] == [[3, 10, 5], [20, 10, 20]]
    assert [len(set(groups)) for groups in blocks_by([], range(30))[1]] == [6]
    assert [len(set(groups)) for groups in blocks_by([], range(2_000))[0]] == [8]


def test_an_order_counts_once_and_an_unknown_one_not_at_all() -> None:
    n = 60
    order = np.random.default_rng(4).permutation(n).tolist()
    nearly = [place + 1 for place in order]
    for times in ([order, nearly], [order, [0] * n]):
        assert [len(orders) for orders in blocks_by(times, range(n))] == [2, 2]
    assert list(blocks_by([range(LEAST - 1)], range(LEAST - 1))) == []


def test_places_by_the_numbers_of_names() -> None:
    assert file_places(["t/f/10", "t/f/9", "t/f/100", "t/e2/1"]) == [2, 1, 3, 0]
    assert file_places(["b", "a", "c"]) == [0, 1, 2]
    assert file_places([]) == []


@given(st.lists(st.sampled_from((-1.0, 0.0, 1.0)), min_size=LEAST, max_size=80), st.randoms(use_true_random=False))
def test_the_interval_holds_0_where_the_test_does_not_reject(values: list[float], random: object) -> None:
    order = random.sample(range(len(values)), len(values))  # type: ignore[attr-defined]
    blocks = blocks_by([order], range(len(values)))
    p, (low, high) = blocked_p(values, blocks), blocked_interval(values, blocks)
    assert -1 <= low <= sum(values) / len(values) + 1e-9
    assert high <= 1
    if p and abs(p - 0.05) > 1e-6:
        assert (low <= 0 <= high) == (p > 0.05)
    if not p:
        assert high - low < 1e-9


def test_a_stretch_makes_no_difference_and_the_same_loss_throughout_does() -> None:
    random = np.random.default_rng(1)
    order = random.permutation(400)
    blocks = blocks_by([order.tolist(), random.permutation(400).tolist()], range(400))
    lost = np.zeros(400)
    lost[order < 100] = -(random.random(100) < 0.5).astype(float)
    assert blocked_p(lost.tolist(), blocks) > 0.05
    assert blocked_p(random.permutation(lost).tolist(), blocks) < 0.001  # or 0: no block varies more than by chance


# Of 200 pairs at 5 %: more than 20 has a probability below .002.
@pytest.mark.parametrize(
    "what",
    [
        Dependent(w=0.1),
        Dependent(n=100, w=0.1),
        Dependent(bursts=(50, 200)),
        Dependent(bursts=(50, 200), both=True),
        Dependent(bursts=(50, 200), interleaved=True),
        Dependent(w=0.1, documents=20),
        Dependent(w=0.1, documents=10, zipf=True),
        Dependent(w=0.1, documents=20, groups=10),
    ],
    ids=str,
)
def test_a_model_against_itself(what: Dependent) -> None:
    plain, told, red = measure_dependent(what, 200)
    assert max(told, red) <= 20
    assert plain >= told


@pytest.mark.parametrize(("w", "power"), [(0.016, 0.8), (0.1, 0.68), (0.1875, 0.52)])
def test_8_points_are_found(w: float, power: float) -> None:
    _, told, red = measure_dependent(Dependent(w=w, worse=0.08), 100)
    assert min(told, red) >= binom.ppf(0.001, 100, power)
