"""The simulation of vendors: every kind is audited to a verdict, through the code that audits use."""

from __future__ import annotations

import pytest

from bench.honest import measure
from bench.vendors import HONEST, INFLATED, Vendor


@pytest.mark.parametrize(
    "kind", [kind for kind in (*HONEST, *INFLATED) if kind.population < 200], ids=lambda kind: kind.name
)
def test_every_kind_of_vendor_comes_to_a_verdict(kind: Vendor) -> None:
    found = measure(kind, 1)
    assert (found.audits, found.inconsistent + found.consistent <= 1) == (1, True)
    assert 0 < found.asked < 12


def test_the_same_seed_gives_the_same_audits() -> None:
    kind = next(kind for kind in HONEST if kind.name.startswith("batch noise") and kind.population == 198)
    assert measure(kind, 3) == measure(kind, 3)


def test_a_large_inflation_is_found() -> None:
    assert measure(Vendor("greedy", 164, inflated=0.2, accuracy=0.7), 3).inconsistent == 3
