"""The looks of a project's schedules, the newest first: each as its job left it, or what went on with that job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

__all__ = ["PAGE_SIZE", "LookRow", "last_looks", "list_looks"]

PAGE_SIZE: Final = 50
_AMONG: Final = 500  # looks, in which those with an alert are looked for
# What ended the look: the job that made a run, else the last that went on with it.
_ENDING: Final = (
    "SELECT id, state, reason, run_id, alert, ended_at FROM steelyard.job WHERE id = l.id "
    "UNION ALL SELECT id, state, reason, run_id, alert, ended_at FROM steelyard.job WHERE resumes = l.id"
)
_NEWEST: Final = (
    "SELECT * FROM steelyard.job j WHERE j.schedule_id IS NOT NULL "
    "AND j.project_id = (SELECT id FROM steelyard.project WHERE name = %(project)s) "
    "AND (%(schedule)s = 0 OR j.schedule_id = %(schedule)s) AND (%(before)s = 0 OR j.id < %(before)s) "
    "ORDER BY j.id DESC LIMIT %(among)s"
)
_LAST_OF_EACH: Final = (
    "SELECT j.* FROM steelyard.schedule e JOIN steelyard.project p ON p.id = e.project_id CROSS JOIN LATERAL "
    "(SELECT * FROM steelyard.job WHERE schedule_id = e.id ORDER BY scheduled_at DESC LIMIT 1) j "
    "WHERE p.name = %(project)s"
)
_QUERY: Final = (
    "SELECT l.id, f.id, l.schedule_id, s.name, s.zone, l.scheduled_at, l.note, f.state, f.reason, f.alert, f.ended_at, "  # noqa: S608
    "r.seal_sha256, r.kind, r.verdict, r.exit FROM ({looks}) l JOIN steelyard.schedule s ON s.id = l.schedule_id "
    f"JOIN LATERAL (SELECT * FROM ({_ENDING}) a ORDER BY (a.state = 'finished') DESC, a.id DESC LIMIT 1) f ON true "
    "LEFT JOIN steelyard.run r ON r.id = f.run_id "
)
_PAGE: Final = (
    _QUERY.format(looks=_NEWEST)
    + "WHERE NOT %(alerts)s OR f.alert <> '' OR f.state = 'failed' OR l.note <> '' ORDER BY l.id DESC LIMIT %(size)s"
).encode()
_LASTS: Final = _QUERY.format(looks=_LAST_OF_EACH).encode()


@dataclass(frozen=True, slots=True)
class LookRow:
    """A look of a schedule: ``due_at`` is its moment, ``note`` what was said of that, such as which looks were missed.

    ``job`` was made for it, and ``last`` is the job that ended it, or goes on with it now: another one where it was
    tried again. ``state`` and ``reason`` are of that one. ``seal``, ``kind``, ``verdict`` ("" where the run only
    measures) and ``exit`` are of its run, None where there is none. ``changed`` says what came out otherwise than at
    the look before, "" where nothing did.
    """

    job: int
    last: int
    schedule: int
    name: str
    zone: str
    due_at: datetime
    note: str
    state: str
    reason: str
    changed: str
    ended_at: datetime | None
    seal: str | None
    kind: str | None
    verdict: str | None
    exit: int | None

    def alerts(self) -> Iterator[str]:
        """What somebody should know of it, in words."""
        if self.note:
            yield self.note
        if self.state == "failed":
            yield f"it failed: {self.reason}"
        if self.changed:
            yield self.changed


def list_looks(
    connection: psycopg.Connection[Any],
    project: str,
    *,
    schedule: int = 0,
    before: int = 0,
    alerts: bool = False,
    size: int = PAGE_SIZE,
) -> tuple[LookRow, ...]:
    """A page of looks; ``schedule`` 0 is all of them, ``before`` the job of the last look of the page before.

    With ``alerts`` those alone that have one, among the last 500.
    """
    values = {
        "project": project, "schedule": schedule, "before": before, "alerts": alerts, "size": size,
        "among": _AMONG if alerts else size,
    }  # fmt: skip
    return tuple(LookRow(*row) for row in connection.execute(_PAGE, values).fetchall())


def last_looks(connection: psycopg.Connection[Any], project: str) -> dict[int, LookRow]:
    """The last look of each schedule of a project that had one, by the schedule's number."""
    rows = [LookRow(*row) for row in connection.execute(_LASTS, {"project": project}).fetchall()]
    return {each.schedule: each for each in rows}
