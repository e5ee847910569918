"""Deliveries: taken with a lease by one process at a time, and what came of an attempt written down.

An attempt's number is the fence: what is written names it, and is refused where a later attempt was begun, since the
lease of this one ran out. A process that is killed between sending and writing leaves its lease, after which the same
event is sent again under the same message id: at least once, and never lost.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.database.audit import append_audit
from steelyard_server.events import note_event
from steelyard_server.notify.webhooks import switch_off

if TYPE_CHECKING:
    import psycopg

__all__ = ["DELAYS", "Delivery", "Outcome", "end_hopeless", "record", "take_mails", "take_webhooks"]

# Seconds from one attempt to the next: those that Standard Webhooks 1.0.0 advises, ten attempts in three days.
DELAYS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_ATTEMPTS: Final = len(DELAYS) + 1
_JITTER: Final = 0.2
_LONGEST: Final = 86_400
_GONE: Final = 410
_PER_WEBHOOK: Final = 2  # at a time, so that one which is slow keeps no other waiting for long


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for one receiver, leased to us: ``receiver`` is the webhook's number, or a person's.

    ``project`` is "" for an event of the server.
    """

    id: int
    attempt: int
    receiver: int
    message: str
    kind: str
    at: datetime
    data: str
    project_id: int | None
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt: ``status`` of HTTP or SMTP where there was an answer, ``reply`` its beginning.

    ``problem`` is "" where it was taken. ``is_final``: no further attempt would help. ``wait``: the seconds that the
    receiver asked for, 0 where none.
    """

    status: int | None = None
    problem: str = ""
    reply: str = ""
    is_final: bool = False
    wait: int = 0


# The rows are chosen once, and not again for each row that they are joined with.
_TAKE: Final = (
    "WITH due AS MATERIALIZED ({due}) UPDATE steelyard.delivery t SET attempt = t.attempt + 1, "
    "leased_until = clock_timestamp() + make_interval(secs => %(seconds)s) "
    "FROM due, steelyard.event e LEFT JOIN steelyard.project j ON j.id = e.project_id "
    "WHERE t.id = due.id AND e.id = t.event_id RETURNING t.id, t.attempt, due.receiver, e.message, e.kind, e.at, "
    "e.data, e.project_id, coalesce(j.name, '')"
)
_IS_DUE: Final = (
    "d.state = 'waiting' AND coalesce(d.leased_until, d.next_at) <= clock_timestamp() AND d.attempt < %(most)s"
)
_DUE_WEBHOOKS: Final = (
    "SELECT f.id, w.id AS receiver FROM steelyard.webhook w CROSS JOIN LATERAL "  # noqa: S608
    f"(SELECT d.id, d.next_at FROM steelyard.delivery d WHERE d.webhook_id = w.id AND {_IS_DUE} "
    f"ORDER BY d.next_at, d.id LIMIT {_PER_WEBHOOK} FOR UPDATE SKIP LOCKED) f "
    "WHERE w.retired_at IS NULL AND w.disabled_at IS NULL "
    "ORDER BY w.failing_since IS NOT NULL, f.next_at LIMIT %(number)s"
)
_DUE_MAILS: Final = (
    "SELECT d.id, d.person_id AS receiver FROM steelyard.delivery d "  # noqa: S608
    f"WHERE d.person_id IS NOT NULL AND {_IS_DUE} ORDER BY d.next_at, d.id LIMIT %(number)s FOR UPDATE SKIP LOCKED"
)


def take_webhooks(connection: psycopg.Connection[Any], seconds: float, number: int) -> list[Delivery]:
    """Take webhooks' deliveries that are due, under a lease of so many seconds; at most two of each webhook.

    Those that fail come last, so that many that are down keep nobody else waiting.
    """
    return _taken(connection, _DUE_WEBHOOKS, seconds, number)


def take_mails(connection: psycopg.Connection[Any], seconds: float, number: int) -> list[Delivery]:
    """Take mails that are due, as :func:`take_webhooks`."""
    return _taken(connection, _DUE_MAILS, seconds, number)


def end_hopeless(connection: psycopg.Connection[Any]) -> int:
    """End deliveries whose last attempt was begun and never ended, as where each one killed its process."""
    return connection.execute(
        "UPDATE steelyard.delivery SET state = 'failed', leased_until = NULL, ended_at = now() "
        "WHERE state = 'waiting' AND attempt >= %s AND leased_until <= clock_timestamp()",
        (MAX_ATTEMPTS,),
    ).rowcount


def record(connection: psycopg.Connection[Any], delivery: Delivery, outcome: Outcome, *, is_webhook: bool) -> bool:
    """Write what came of an attempt, and when the next one is; False where a later attempt was begun.

    A webhook is switched off where it says that it is gone (410), and after the last attempt at a delivery during which
    nothing else was taken, either; an audit line and an event say so. All is one transaction of the caller's.
    """
    is_over = not outcome.problem or outcome.is_final or delivery.attempt >= MAX_ATTEMPTS
    values = {
        "id": delivery.id,
        "attempt": delivery.attempt,
        "state": "waiting" if not is_over else "failed" if outcome.problem else "sent",
        "seconds": 0.0 if is_over else _pause(delivery.attempt, outcome.wait),
    }
    written = connection.execute(
        "UPDATE steelyard.delivery SET state = %(state)s, leased_until = NULL, "
        "next_at = clock_timestamp() + make_interval(secs => %(seconds)s), "
        "ended_at = CASE WHEN %(state)s <> 'waiting' THEN clock_timestamp() END "
        "WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'waiting'",
        values,
    ).rowcount
    if not written:
        return False
    connection.execute(
        "INSERT INTO steelyard.delivery_attempt (delivery_id, attempt, status, problem, reply) "
        "VALUES (%s, %s, %s, %s, %s)",
        (delivery.id, delivery.attempt, outcome.status, outcome.problem[:300], outcome.reply[:200]),
    )
    if is_webhook:
        _note_health(connection, delivery, outcome, is_over=is_over)
    return True


def _taken(connection: psycopg.Connection[Any], due: str, seconds: float, number: int) -> list[Delivery]:
    values = {"seconds": seconds, "number": number, "most": MAX_ATTEMPTS}
    rows = connection.execute(_TAKE.format(due=due).encode(), values).fetchall()
    return sorted((Delivery(*row) for row in rows), key=lambda each: each.id)


def _pause(attempt: int, wait: int) -> float:
    """Seconds to the next attempt, with some chance in it, so that not all receivers are asked again at once."""
    usual = DELAYS[min(attempt, len(DELAYS)) - 1] * random.uniform(1, 1 + _JITTER)  # noqa: S311 — no secret
    return max(usual, min(wait, _LONGEST))


def _note_health(connection: psycopg.Connection[Any], delivery: Delivery, outcome: Outcome, *, is_over: bool) -> None:
    webhook = delivery.receiver
    if not outcome.problem:
        connection.execute("UPDATE steelyard.webhook SET failing_since = NULL WHERE id = %s", (webhook,))
        return
    row = connection.execute(
        "UPDATE steelyard.webhook SET failing_since = coalesce(failing_since, clock_timestamp()) "
        "WHERE id = %s AND disabled_at IS NULL RETURNING host",
        (webhook,),
    ).fetchone()
    if row is None:
        return
    is_gone = outcome.status == _GONE
    if not is_gone and not (is_over and _took_nothing_since(connection, delivery)):
        return
    because = "the receiver said that it is gone (410)" if is_gone else "nothing was taken during ten attempts"
    switch_off(connection, webhook, because)
    data = {
        "because": because, "host": row[0], "path": f"/p/{delivery.project}/webhooks/{webhook}",
        "project": delivery.project, "webhook": webhook,
    }  # fmt: skip
    note_event(connection, "webhook.disabled", data, project_id=delivery.project_id)
    append_audit(connection, "webhook-off", actor="owner", subject=f"webhook:{webhook}", details={"because": because})


def _took_nothing_since(connection: psycopg.Connection[Any], delivery: Delivery) -> bool:
    """Whether its webhook took nothing since the first attempt at this delivery."""
    row = connection.execute(
        "SELECT FROM steelyard.delivery d JOIN steelyard.delivery_attempt a ON a.delivery_id = d.id "
        "WHERE d.webhook_id = %s AND a.problem = '' "
        "AND a.at > (SELECT min(at) FROM steelyard.delivery_attempt WHERE delivery_id = %s) LIMIT 1",
        (delivery.receiver, delivery.id),
    ).fetchone()
    return row is None
