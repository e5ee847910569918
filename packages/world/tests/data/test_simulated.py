"""Sources from simulators: pure functions of (seed, step), from training seeds only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from packages.world.tests.small_worlds import small_source
from steelyard.errors import InputError
from steelyard_world.data.simulated import GeneratedSource, SimulatedSource, training_seeds
from steelyard_world.sim.catalog import HELD_OUT, simulator


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**40), st.integers(1, 100), st.none() | st.integers(1, 50))
def test_seeds_are_for_training_and_of_the_pool(seed: int, step: int, rows: int, pool: int | None) -> None:
    seeds = training_seeds(seed, step, rows, pool)
    assert seeds.min() >= 0
    assert seeds.max() < HELD_OUT
    np.testing.assert_array_equal(seeds, training_seeds(seed, step, rows, pool))
    if pool is not None:
        assert len(set(seeds.tolist())) <= pool


def test_a_larger_pool_holds_the_smaller() -> None:
    few, many = (set(training_seeds(3, 0, 4000, pool).tolist()) for pool in (10, 20))
    assert few < many
    assert len(many) == 20


def test_ranks_have_the_rows_of_one_batch() -> None:
    source = small_source()
    whole, part = source.batch(7, slice(None)), source.batch(7, slice(1, None, 2))
    torch.testing.assert_close(part.frames, whole.frames[1::2])
    torch.testing.assert_close(part.actions, whole.actions[1::2] if whole.actions is not None else None)
    assert not torch.equal(source.batch(8, slice(None)).frames, whole.frames)


def test_actions_are_in_half_limits() -> None:
    world = simulator("two-room")
    actions = SimulatedSource(world, rows=64, length=9).batch(0, slice(None)).actions
    assert actions is not None
    assert float(actions.norm(dim=-1).max()) <= 2 + 1e-5
    assert 0.5 < float(actions.std()) < 1.5


def test_generated_clips_have_no_actions() -> None:
    source = GeneratedSource(lambda seeds: np.zeros((len(seeds), 3, 64, 64, 3), np.uint8), "nothing", rows=5)
    batch = source.batch(0, slice(0, None, 2))
    assert batch.frames.shape == (3, 3, 64, 64, 3)
    assert batch.actions is None
    assert source.description["world"] == "nothing"


def test_a_source_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one row"):
        SimulatedSource(simulator("two-room"), pool=0)
