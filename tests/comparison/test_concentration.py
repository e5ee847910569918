from __future__ import annotations

import pytest

from steelyard.comparison.concentration import concentration, parts_of_one, with_shares
from steelyard.comparison.portfolio import Facts, portfolio_of
from steelyard.errors import InputError
from testkit.comparison_runs import scored_run


def test_the_index() -> None:
    found = concentration("vendor", ["x", "y", "x", "z"], [0.25, 0.25, 0.25, 0.25])
    assert found.hhi == pytest.approx(3_750)
    assert found.effective == pytest.approx(1 / 0.375)
    assert next(iter(found.shares.items())) == ("x", 0.5)


def test_other_shares_in_a_portfolio_are_those_that_it_would_have_been_measured_with() -> None:
    values = {"t": {f"s{each}": float(each % 3 > 0) for each in range(30)}}
    others = {"t": {f"s{each}": float(each % 4 > 0) for each in range(30)}}
    named = [("x", scored_run("gpt-4o", values)), ("y", scored_run("mystery", others))]
    equal = portfolio_of(named, Facts())
    assert with_shares(equal, (30, 10)) == portfolio_of(named, Facts(share={"x": 30, "y": 10}))
    assert with_shares(equal, (5, 5)).concentrations == equal.concentrations
    for wrong in ((1.0,), (1.0, 2.0, 3.0), (), (-1.0, 2.0), (0.0, 0.0), (float("inf"), 1.0), (float("nan"), 1.0)):
        with pytest.raises(InputError):
            with_shares(equal, wrong)
    assert parts_of_one([3, 1]) == [0.75, 0.25]
