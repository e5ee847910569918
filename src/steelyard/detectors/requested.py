"""What a test that a user asked for without a claim asks of the planner."""

from __future__ import annotations

from steelyard.plugins import MeasurementRequest
from steelyard.records import SUBJECT, RequestedTest

__all__ = ["request_of"]


def request_of(
    requested: RequestedTest, name: str, *, role: str = SUBJECT, task: str = "", arm: str = ""
) -> MeasurementRequest:
    """The user's task in the user's prompt format, shots and temperature; ``task`` is one in place of it."""
    return MeasurementRequest(
        name=name,
        task=task or requested.task,
        role=role,
        prompt=requested.prompt,
        shots=requested.shots,
        temperature=requested.temperature or None,
        arm=arm,
    )
