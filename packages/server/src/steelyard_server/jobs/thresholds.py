"""What one person may have a job of a project spend alone, and who changes that.

Whoever could raise it alone would need no second person for anything. So what is looser waits for another admin of the
project; the database decides what is looser, and refuses every other way (``sql/0022_thresholds.sql``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.access.callers import Role
from steelyard_server.jobs.membership import Missing, Refused, member_of, person_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts

__all__ = [
    "Threshold",
    "WaitingChange",
    "change_threshold",
    "decide_threshold",
    "threshold_of",
    "threshold_shown",
    "waiting_change",
    "waiting_changes",
]

_MOST: Final = 10**15
_WAITING: Final = """
SELECT c.id, p.name, c.cost, c.tokens, c.was_cost, c.was_tokens, c.asked_by, b.name, c.asked_at
FROM unnest(%s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM steelyard.threshold_change x WHERE x.project_id = wanted.id
    ORDER BY x.id DESC LIMIT 1) c
JOIN steelyard.project p ON p.id = c.project_id JOIN steelyard.person b ON b.id = c.asked_by
WHERE c.is_looser AND NOT EXISTS (SELECT FROM steelyard.threshold_decision d WHERE d.change_id = c.id) ORDER BY p.name
"""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one person may have a job of a project spend alone; None: no threshold of that kind.

    ``cost`` is in the currency of the list's prices. Where there is one in money alone, a job at an endpoint without
    prices always needs a second person.
    """

    cost: Decimal | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A threshold that somebody asked for, which is looser than the one ``before``, and nobody has decided about."""

    id: int
    project: str
    asked: Threshold
    before: Threshold
    asked_by: int
    name: str
    asked_at: datetime


def threshold_of(connection: psycopg.Connection[Any], project: int) -> Threshold:
    """The threshold of the project with this number."""
    row = connection.execute(
        "SELECT approval_cost, approval_tokens FROM steelyard.project WHERE id = %s", (project,)
    ).fetchone()
    return Threshold(*row) if row is not None else Threshold(None, None)


def threshold_shown(connection: psycopg.Connection[Any], caller: Caller, project: str) -> Threshold:
    """The project's threshold (a viewer's act)."""
    return threshold_of(connection, member_of(caller, project, Role.VIEWER).project_id)


def waiting_change(connection: psycopg.Connection[Any], caller: Caller, project: str) -> WaitingChange | None:
    """The change of a project that waits for a decision (a viewer's act)."""
    member = member_of(caller, project, Role.VIEWER)
    return next(iter(waiting_changes(connection, [member.project_id])), None)


def waiting_changes(connection: psycopg.Connection[Any], projects: Sequence[int]) -> list[WaitingChange]:
    """The changes of these projects that wait for a decision, by project: one of each at most."""
    rows = connection.execute(_WAITING.encode(), (list(projects),)).fetchall()
    return [
        WaitingChange(number, project, Threshold(cost, tokens), Threshold(was_cost, was_tokens), person, name, at)
        for number, project, cost, tokens, was_cost, was_tokens, person, name, at in rows
    ]


def change_threshold(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    facts: RequestFacts,
    *,
    cost: Decimal | None,
    tokens: int | None,
) -> bool:
    """Set it (an admin's act); both None: nothing needs a second person. False where it waits for another admin.

    What is looser than before waits, and takes the place of what waited; anything else holds at once, and then jobs
    that wait are looked at again. Raises InputError for an amount that is none.
    """
    member, person = member_of(caller, project, Role.ADMIN), person_of(caller)
    if (cost is not None and not (cost.is_finite() and 0 <= cost <= _MOST)) or (
        tokens is not None and not 0 <= tokens <= _MOST
    ):
        raise InputError("a threshold is an amount of money or a number of tokens, from 0 on")
    details = {"cost": None if cost is None else str(cost), "tokens": tokens}
    with connection.transaction():
        waits = connection.execute(
            "INSERT INTO steelyard.threshold_change (project_id, cost, tokens, asked_by) VALUES (%s, %s, %s, %s) "
            "RETURNING is_looser",
            (member.project_id, cost, tokens, person),
        ).fetchone() == (True,)
        if not waits:
            _look_again(connection, member.project_id, person)
        act = "ask-threshold" if waits else "set-approval"
        audit_act(connection, act, f"person:{person}", facts, f"project:{member.project_id}", details)
    return not waits


def decide_threshold(
    connection: psycopg.Connection[Any],
    caller: Caller,
    project: str,
    change: int,
    facts: RequestFacts,
    *,
    is_approved: bool,
) -> bool:
    """Approve or refuse the change with this number (an admin's act); False where it does not wait any more.

    Whoever asked for it may take it back, and not approve it: raises Refused. Raises Missing where there is none.
    """
    member, person = member_of(caller, project, Role.ADMIN), person_of(caller)
    with connection.transaction():
        # Of two who decide at once the second waits here, as whoever asks for another change does.
        connection.execute("SELECT FROM steelyard.project WHERE id = %s FOR NO KEY UPDATE", (member.project_id,))
        row = connection.execute(
            "SELECT cost, tokens, asked_by FROM steelyard.threshold_change WHERE id = %s AND project_id = %s",
            (change, member.project_id),
        ).fetchone()
        if row is None:
            raise Missing("there is no such change of this project's threshold")
        cost, tokens, asked_by = row
        if is_approved and asked_by == person:
            raise Refused("you asked for this threshold: another admin of the project approves it")
        if change not in [each.id for each in waiting_changes(connection, [member.project_id])]:
            return False
        connection.execute(
            "INSERT INTO steelyard.threshold_decision (change_id, person_id, is_approved) VALUES (%s, %s, %s)",
            (change, person, is_approved),
        )
        if is_approved:
            _look_again(connection, member.project_id, person)
        details = {"change": change, "cost": None if cost is None else str(cost), "tokens": tokens}
        act = "approve-threshold" if is_approved else "refuse-threshold"
        audit_act(connection, act, f"person:{person}", facts, f"project:{member.project_id}", details)
    return True


def _look_again(connection: psycopg.Connection[Any], project: int, person: int) -> None:
    """A worker takes each job that waits again, and asks the database again before it sends anything."""
    connection.execute(
        "UPDATE steelyard.job SET waits_for = '', not_before = now(), changed_by = %s, "
        "reason = 'the threshold of the project was changed' "
        "WHERE project_id = %s AND state IN ('waiting', 'paused') AND waits_for = 'approval'",
        (f"person:{person}", project),
    )
