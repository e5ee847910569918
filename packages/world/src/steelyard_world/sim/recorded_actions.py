"""Actions as an answer records them: rounded, so that a model's own episode plays the very numbers that are scored."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.simulator import Floats

__all__ = ["DECIMALS", "action_numbers", "round_actions"]

DECIMALS = 4  # of an action or a position in pixels: far below what moves a verdict


def round_actions(actions: Floats) -> Floats:
    """Round actions (…, A) to four decimals, as an answer records them."""
    return np.asarray(np.round(np.asarray(actions, dtype=np.float64), DECIMALS), dtype=np.float32)


def action_numbers(action: Floats) -> list[float]:
    """Give one action (A,) as numbers for JSON: at most four decimals, which read back as the same float32."""
    return [round(float(number), DECIMALS) for number in action]
