"""The order of candidates: by number whatever a mapping's order, by prices where these say one, else refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.choose.order import candidates_of, from_the_cheapest
from steelyard.errors import InputError
from steelyard.records import candidate_role
from tests.detectors.choose.choose_plans import planned_model


@given(st.permutations([candidate_role(number) for number in range(1, 13)]))
def test_roles_are_in_the_order_of_their_numbers(roles: list[str]) -> None:
    models = {role: planned_model() for role in [*roles, "reference"]}
    assert candidates_of(models) == [candidate_role(number) for number in range(1, 13)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=6))
def test_by_price_or_refused_where_prices_cross(prices: list[tuple[int, int]]) -> None:
    roles = [candidate_role(number) for number in range(1, len(prices) + 1)]
    models = {role: planned_model(role, each) for role, each in zip(roles, prices, strict=True)}
    crossing = any(a[0] < b[0] and a[1] > b[1] for a in prices for b in prices)
    if crossing:
        with pytest.raises(InputError, match="say it by --by order"):
            from_the_cheapest(roles, models)
        return
    order = from_the_cheapest(roles, models)
    found = [prices[roles.index(role)] for role in order]
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(found))
    same = [role for role, each in zip(roles, prices, strict=True) if each == prices[0]]
    assert [role for role in order if role in same] == same


def test_a_model_without_a_price_is_named() -> None:
    with pytest.raises(InputError, match=r"--by cost: second has no price: give --prices FILE"):
        from_the_cheapest(["a", "b"], {"a": planned_model("first", (1, 2)), "b": planned_model("second")})
