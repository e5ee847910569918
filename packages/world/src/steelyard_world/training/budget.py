"""The budget of a training: steps, frames or CPU-seconds, whichever ends first."""

from __future__ import annotations

import math

import msgspec

from steelyard.errors import InputError

__all__ = ["TrainingBudget"]


class TrainingBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A budget with at least one limit; raises InputError without one, or for a limit that is not above 0 and finite.

    CPU-seconds count the threads of all processes, decoders included. Only budgets of steps or frames resume exactly.
    """

    steps: int | None = None
    frames: int | None = None
    cpu_seconds: float | None = None

    def __post_init__(self) -> None:
        limits = [limit for limit in (self.steps, self.frames, self.cpu_seconds) if limit is not None]
        if not limits or not all(0 < limit < math.inf for limit in limits):
            raise InputError("a training needs a budget above 0 and finite: steps, frames or CPU-seconds")

    def progress(self, steps: int, frames: int, cpu_seconds: float) -> float:
        """Give the largest share of any limit that is used, from 0 to 1 and beyond."""
        used = ((steps, self.steps), (frames, self.frames), (cpu_seconds, self.cpu_seconds))
        return max(spent / limit for spent, limit in used if limit is not None)
