"""Recorded actions have four decimals and read back as the numbers that were played."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from steelyard_world.sim.recorded_actions import action_numbers, round_actions


@given(st.lists(st.floats(-4, 4, width=32), min_size=2, max_size=2))
def test_a_rounded_action_reads_back_as_the_same_float32(numbers: list[float]) -> None:
    played = round_actions(np.array(numbers, dtype=np.float32))
    read = np.array(json.loads(json.dumps(action_numbers(played))), dtype=np.float64)
    assert np.array_equal(read.astype(np.float32), played)
    assert np.abs(played - np.array(numbers, dtype=np.float32)).max() <= 5.1e-5
