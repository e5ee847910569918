"""Where each claim of a running job stands, as far as an honest look allows.

A sequential test is valid at every look, so its interval may be shown while it closes. A test of a fixed number of
answers is not: whoever stops a job by what it shows would change its error rate, so it says nothing before its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard.planning.drawn import PROMPTS
from steelyard.planning.file_order import ORDER
from steelyard.plugins import ComparingMonitor
from steelyard.util.text import one_line
from steelyard_server.jobs.messages import LiveClaim

if TYPE_CHECKING:
    from steelyard.auditing.session import RunSession
    from steelyard.plugins import Monitor, Progress
    from steelyard.records import Measurement

__all__ = ["MOST_CLAIMS", "live_claims"]

MOST_CLAIMS: Final = 20


def live_claims(session: RunSession) -> tuple[tuple[LiveClaim, ...], int]:
    """What was begun or may be, in the plan's order, at most twenty; and how many more there are."""
    shown = [
        each
        for each in session.plan.measurements
        if session.answered[each.id] or not (session.finders.is_held(each.id) or session.finders.is_closed(each.id))
    ]
    return tuple(_claim(session, each) for each in shown[:MOST_CLAIMS]), max(0, len(shown) - MOST_CLAIMS)


def _claim(session: RunSession, measurement: Measurement) -> LiveClaim:
    plan, finders = session.plan, session.finders
    monitors = [_progress(each, measurement.id) for each in finders.monitors_of(measurement.id)]
    name = measurement.label
    if len(plan.models) > 1:
        model = plan.models[measurement.role].identity
        name = f"{name}, {one_line(model.name or model.uri, 40)}"
    common: dict[str, Any] = {
        "task": one_line(name, 100),
        "answered": session.answered[measurement.id],
        "planned": measurement.planned + measurement.extra_calls,
        "is_closed": finders.is_closed(measurement.id),
        "decision": one_line(", ".join(dict.fromkeys(each.decision for each in monitors if each.decision)), 120),
    }
    if plan.is_identity_check or measurement.drawn in (PROMPTS, ORDER):
        return LiveClaim(rule="unmarked", **common)
    if plan.readers_of(measurement.id) and not monitors:
        return LiveClaim(rule="end", **common)
    tally = session.tallies[measurement.id, measurement.scorers[0]]
    interval = monitors[0].interval if monitors else tally.interval
    return LiveClaim(
        rule="test" if monitors else "measured",
        counted=tally.n,
        right=tally.right,
        low=None if interval is None else interval[0],
        high=None if interval is None else interval[1],
        target=one_line(f"{monitors[0].sign}{monitors[0].target}", 40) if monitors else "",
        **common,
    )


def _progress(monitor: Monitor, measurement: str) -> Progress:
    return monitor.progress_of(measurement) if isinstance(monitor, ComparingMonitor) else monitor.progress()
