"""What answered a measurement, of a model that names its networks."""

from __future__ import annotations

from steelyard.records import AnsweredBy, Plan

__all__ = ["answered_by"]


def answered_by(plan: Plan, measurement: str) -> tuple[AnsweredBy, ...]:
    """The networks of each of a measurement's needs; empty without such needs, and for an unknown measurement."""
    found = plan.by_id.get(measurement)
    if found is None:
        return ()
    return tuple(
        AnsweredBy(
            need=need,
            kind=several[0].kind,
            parameters=several[0].parameters,
            sha256=tuple(each.sha256 for each in several),
        )
        for need, several in zip(found.needs, plan.checkpoints_of(found), strict=True)
        if several
    )
