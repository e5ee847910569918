"""The multiway clustered variance: its bounds for any input, and its size under dependence that it is for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.multiway import BLOCKS, blocks_of, multiway_error, quantile

LEVEL = 0.05


@given(st.permutations(range(53)), st.sampled_from(BLOCKS))
def test_blocks_are_even_and_follow_the_order(places: list[int], count: int) -> None:
    blocks = blocks_of(places, count)
    sizes = np.bincount(blocks, minlength=count)
    assert sizes.max() - sizes.min() <= 1
    assert [blocks[places.index(place)] for place in range(53)] == sorted(blocks)


@given(st.lists(st.sampled_from((-1, 0, 1)), min_size=20, max_size=90), st.randoms(use_true_random=False))
def test_never_below_independent_terms(terms: list[int], random: object) -> None:
    orders = [random.sample(range(len(terms)), len(terms)) for _ in range(3)]  # type: ignore[attr-defined]
    independent = math.sqrt(sum(term**2 for term in terms)) * quantile(LEVEL, BLOCKS[-1] - 1)
    found = multiway_error(terms, orders, LEVEL)
    assert found >= independent - 1e-9
    assert multiway_error(terms, orders, LEVEL, least=1.0) > found


def test_few_terms_and_one_cluster() -> None:
    with pytest.raises(ValueError, match="at least 20 terms"):
        multiway_error([1.0] * 19, [range(19)], LEVEL)
    assert math.isinf(multiway_error([1, -1] * 20, [range(40)], LEVEL, clusters=["one"] * 40))


@pytest.mark.parametrize("kind", ["independent", "stretches of one order", "of the other", "named groups"])
def test_size(kind: str) -> None:
    """Exceeded at most as often as the level says, by sums of 400 terms whose mean is 0; 2,000 drawings, seeded."""
    random, n, exceeded = np.random.default_rng(7), 400, 0
    for _ in range(2000):
        first, second = random.permutation(n), random.permutation(n)
        shift = np.repeat(random.choice((-0.4, 0.4), n // 20), 20)
        groups = np.arange(n) // 20
        terms = random.choice((-1.0, 1.0), n)
        if kind != "independent":
            terms = terms + shift[{"stretches of one order": first, "of the other": second}.get(kind, np.arange(n))]
        named = groups if kind == "named groups" else None
        exceeded += terms.sum() > multiway_error(terms, [first, second], LEVEL, named)
    assert exceeded / 2000 <= LEVEL + 2.6 * math.sqrt(LEVEL * 0.95 / 2000)
