"""Seven looks of the demo platform at one made-up model, a minute apart, where a team would look monthly.

The times are true: the worker makes each look when it is due. Made up is that the model gets worse after the fourth, so
that there is something to see. After the seventh the schedule is switched off.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from tools.demo_model import RATES, invoice, questions

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller

__all__ = ["SCHEDULE", "WATCHED", "add_watch", "tend"]

WATCHED: Final = "harbour-next"
SCHEDULE: Final = "harbour-next, a minute for a month"
GOOD_LOOKS: Final = 4
LOOKS: Final = 7
WORSE: Final = 0.55  # how often the model is right afterwards
_SHEET: Final = f"model: {WATCHED}\nvendor: Harbour (made up)\nclaims:\n- {{task: watched-invoices, value: 90}}\n"
_PAUSE_SECONDS: Final = 1.0


def add_watch(pool: ConnectionPool, demo: Caller, project: str, endpoint: str, facts: Any) -> None:
    """The schedule of the looks, by the demo's person."""
    from steelyard_server.jobs import acts, schedule_acts

    options = {"questions": {"watched-invoices": questions(invoice, 400)}, "tolerance": "4", "concurrency": 2}
    asked = acts.audit_asked(_SHEET, endpoint, WATCHED, options)
    with pool.connection() as connection:
        schedule_acts.add_schedule(connection, demo, project, SCHEDULE, "* * * * *", "UTC", asked, facts)


def tend(pool: ConnectionPool, demo: Caller, project: str, facts: Any, ends: threading.Event) -> None:
    """Until ``ends``, or the last look: make the model worse when its time has come, and switch the schedule off."""
    from steelyard_server.jobs import schedule_acts
    from steelyard_server.jobs.past_looks import list_looks

    while not ends.wait(_PAUSE_SECONDS):
        with pool.connection() as connection:
            found = [each for each in schedule_acts.schedules_shown(connection, demo, project) if each.name == SCHEDULE]
            if not found or not found[0].is_on:
                return
            looks = [each for each in list_looks(connection, project, schedule=found[0].id) if each.seal]
            if len(looks) >= GOOD_LOOKS:
                RATES[WATCHED] = WORSE
            if len(looks) >= LOOKS:
                schedule_acts.switch(connection, demo, project, found[0].id, facts, on=False)
