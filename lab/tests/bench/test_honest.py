"""The simulation of vendors: every kind is audited to a verdict, through the code that audits use."""

from __future__ import annotations

import numpy as np
import pytest

from bench.honest import measure
from bench.vendors import HONEST, INFLATED, Vendor, chances_of


@pytest.mark.parametrize(
    "kind", [kind for kind in (*HONEST, *INFLATED) if kind.population < 200], ids=lambda kind: kind.name
)
def test_every_kind_of_vendor_comes_to_a_verdict(kind: Vendor) -> None:
    found = measure(kind, 1)
    assert (found.audits, found.inconsistent + found.consistent <= 1) == (1, True)
    assert 0 < found.asked <= 12


def test_the_same_seed_gives_the_same_audits() -> None:
    kind = next(kind for kind in HONEST if kind.name.startswith("batch noise") and kind.population == 198)
    assert measure(kind, 3) == measure(kind, 3)


def test_a_large_inflation_is_found() -> None:
    assert measure(Vendor("greedy", 164, inflated=0.2, accuracy=0.7), 3).inconsistent == 3


def test_a_row_that_ends_before_its_noise_is_known_has_noise_in_its_interval() -> None:
    """Paired rows may end as hopeless after a few answers; .33 of those missed the true rate without it."""
    from bench.honest import interval_of

    kind = Vendor("paired", 50, variance=0.016, accuracy=0.8)
    random = np.random.default_rng(3)
    truth = chances_of(kind, kind.variance).mean()
    found = [interval_of(kind, random) for _ in range(120)]
    missed = sum(not low <= truth <= high for low, high in found)
    assert missed <= 12  # 5 % may miss; more than 12 of 120 has a probability of .01
