"""The planner of a verifier: it answers a detector's requests from a sealed plan, and needs no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.errors import VerificationError
from steelyard.records import ClaimSheet, Measurement, Plan, PlannedModel, Served

__all__ = ["SealedPlanner"]


class SealedPlanner:
    """Answers each request as the sealed plan did. A request that the plan does not have is an error."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._measurements = plan.by_id
        self._served = {served.request: served for served in plan.served}
        self._refused = {refused.request for refused in plan.not_planned}
        self.asked: set[str] = set()

    @property
    def sheet(self) -> ClaimSheet | None:
        """The vendor's claims."""
        return self._plan.sheet

    @property
    def models(self) -> Mapping[str, PlannedModel]:
        """The models by role."""
        return self._plan.models

    @property
    def tolerance(self) -> str:
        """The plan's tolerance, in percentage points."""
        return self._plan.tolerance

    def measurement(self, served: Served) -> Measurement:
        """The sealed measurement; raises VerificationError if the plan has none."""
        if served.reads.measurement not in self._measurements:
            raise VerificationError(f"plan.dsse.json: {served.request} is served by a measurement that the plan lacks")
        return self._measurements[served.reads.measurement]

    def measure(self, request: str, task: str, **how: Any) -> Served | None:
        """How the plan serves this request; raises VerificationError if it has no such request."""
        self.asked.add(request)
        if request in self._served:
            return self._served[request]
        if request not in self._refused:
            raise VerificationError(f"plan.dsse.json: nothing is planned for {request}, and no reason is given")
        return None
