"""Waiting for a model in which a call still runs that nobody waits for any more, before the next call begins."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from steelyard.plugins import Model

__all__ = ["TurnTakingModel", "wait_turn"]


@runtime_checkable
class TurnTakingModel(Model, Protocol):
    """A model that goes on with a call although its time is over, as a function on a thread does."""

    async def wait_turn(self, seconds: float) -> None:
        """Wait until a call can begin, at most so long."""
        ...


async def wait_turn(model: Model, seconds: float) -> None:
    """Wait, at most so long, until a call can begin; that is no part of the time which the call takes."""
    # Before every call: a model without the method is told at once, the whole protocol is looked at in 50 µs and more.
    if hasattr(model, "wait_turn") and isinstance(model, TurnTakingModel):
        await model.wait_turn(seconds)
