"""One table, several models: tables of one model are hardly rejected, and those of several are."""

from __future__ import annotations

import numpy as np
import pytest

from bench.assembled import KINDS, hold_together, world_of
from steelyard_forensics.gauntlet.parameters import Kind
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor

BY_NAME = {kind.name: kind for kind in KINDS}


@pytest.mark.parametrize(("name", "least", "most"), [("one model, 1 other candidate", 0, 2), ("best of 3", 4, 10)])
def test_tables_of_one_model_and_of_three(name: str, least: int, most: int) -> None:
    world, random = Abilities(world_of(8, 300)), np.random.default_rng(4)
    found = [hold_together(draw_vendor(world, BY_NAME[name], random), random) for _ in range(10)]
    assert least <= sum(each.p <= each.alpha for each in found) <= most
    assert all(len(each.candidates) == BY_NAME[name].models for each in found)


def test_the_model_that_gave_the_table_is_named_whole() -> None:
    world, random = Abilities(world_of(2, 300)), np.random.default_rng(1)
    kind = Kind(name="k", models=2, mixes=False, unsteady=(0.0,))
    found = [hold_together(draw_vendor(world, kind, random), random) for _ in range(6)]
    assert sum(0 in each.whole for each in found) >= 4
