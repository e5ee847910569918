"""The settings of a planner: part of every result, as even with true dynamics the cost alone halves success."""

from __future__ import annotations

from typing import Literal

import msgspec

from steelyard.errors import InputError
from steelyard_world.planners.cost import OverHorizon

__all__ = ["PlannerSettings", "settings_for"]


class PlannerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How far, how often and by what cost to plan. ``horizon`` counts macro-actions of ``repeat`` steps.

    Raises InputError for settings that do not fit together.
    """

    planner: Literal["cem", "mppi", "gradient"] = "cem"
    """``gradient`` needs a model of ours: only :meth:`steelyard_world.models.model.WorldModel.plan` supports it."""
    horizon: int = 8
    repeat: int = 4
    samples: int = 64
    iterations: int = 4
    elites: int = 8
    replan_every: int = 4
    cost: OverHorizon = "min"
    spread: float = 0.75
    """Standard deviation of the first samples, in action limits."""
    temperature: float = 0.1
    """MPPI: how much worse than the best, in standard deviations of the costs, a sample may be to count 1/e as much."""

    def __post_init__(self) -> None:
        for name in ("horizon", "repeat", "samples", "iterations", "elites", "replan_every"):
            if getattr(self, name) < 1:
                raise InputError(f"planner settings: {name} must be at least 1")
        if self.elites > self.samples:
            raise InputError("planner settings: elites cannot be more than samples")
        if self.replan_every > self.horizon * self.repeat:
            raise InputError("planner settings: replan_every cannot be longer than the plan, horizon × repeat")
        if not (self.spread > 0 and self.temperature > 0):
            raise InputError("planner settings: spread and temperature must be above 0")

    @property
    def steps(self) -> int:
        """Steps of a whole plan."""
        return self.horizon * self.repeat

    def record(self) -> dict[str, str | int | float | bool]:
        """Give the settings as a result keeps them."""
        record: dict[str, str | int | float | bool] = msgspec.to_builtins(self)
        return record


_WIDER = PlannerSettings(samples=128)
_BY_WORLD = {"push": _WIDER, "point-maze": _WIDER}


def settings_for(world: str) -> PlannerSettings:
    """Give the settings with which the true dynamics reach at least .8 of this world's goals."""
    return _BY_WORLD.get(world, PlannerSettings())
