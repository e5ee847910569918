"""The multiway clustered variance: its bounds for any input, and its size under dependence that it is for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.multiway import Spread, multiway_error, multiway_spreads

LEVEL = 0.05


@given(st.lists(st.sampled_from((-1, 0, 1)), min_size=2, max_size=90), st.randoms(use_true_random=False))
def test_never_below_independent_terms(terms: list[int], random: object) -> None:
    orders = [random.sample(range(len(terms)), len(terms)) for _ in range(3)]  # type: ignore[attr-defined]
    found = multiway_spreads(terms, orders)
    assert all(each.variance >= sum(term**2 for term in terms) for each in found)
    assert multiway_error(terms, orders, LEVEL, least=1.0) > multiway_error(terms, orders, LEVEL)


def test_by_hand() -> None:
    """Ten blocks of three equal terms, in time and in the file: 90 by each, of which 30 are those of single terms."""
    terms, scattered = [1.0, 1.0, 1.0] * 10, [3 * (place % 10) + place // 10 for place in range(30)]
    added = 60 - 30 * math.sqrt(2 / 9)
    for orders in ([range(30)], [range(30), scattered]):
        ways = len(orders)
        variance, freedom = multiway_spreads(terms, orders)[0]
        assert variance == pytest.approx(30 + ways * added)
        assert freedom == pytest.approx(variance**2 / (900 / 29 + ways * added**2 / 9))
    assert multiway_spreads(terms, [range(30)], shares=[0.25])[0].variance == pytest.approx(30 + 4 * added)
    assert multiway_spreads([1.0] * 19, [range(19)]) == [Spread(19.0, 18)]
    with pytest.raises(ValueError, match="two terms"):
        multiway_spreads([1.0], [range(1)])
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
        named = groups.tolist() if kind == "named groups" else None
        exceeded += terms.sum() > multiway_error(terms.tolist(), [first.tolist(), second.tolist()], LEVEL, named)
    assert exceeded / 2000 <= LEVEL + 2.6 * math.sqrt(LEVEL * 0.95 / 2000)
