"""What a test that a user asked for without a claim asks of the planner."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.errors import InputError
from steelyard.plugins import MeasurementRequest
from steelyard.records import SUBJECT, RequestedTest

__all__ = ["most_asked", "request_of"]


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


def most_asked(requested: Sequence[RequestedTest], detector: str, task: str, most: int) -> int:
    """How many prompts a detector asks at most: ``most``, or fewer where a user who requested it says so.

    Raises InputError for a request that asks something else of it.
    """
    for each in requested:
        if each.detector != detector:
            continue
        limit = each.options.get("limit", most)
        plain = RequestedTest(detector=detector, task=task, options=each.options)
        if each != plain or not set(each.options) <= {"limit"} or type(limit) is not int or not 1 <= limit <= most:
            raise InputError(f"{detector} has one option, limit: from 1 to {most} prompts of {task}")
        return limit
    return most
