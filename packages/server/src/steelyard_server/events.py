"""The kinds of events, and how one is written: in the transaction of what it tells, both or neither.

An event has names, counts, verdict words and the path of a page: never a question, an answer, a reason that may quote
one, or a key. The database itself puts it on its way to each receiver (``address_event`` in 0008_notify.sql), and
writes those of jobs (``tell_of_job``, ``tell_of_approval``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.evidence.canonical import canonical
from steelyard.util.text import one_line

if TYPE_CHECKING:
    import psycopg

__all__ = ["BACKUP_DAYS", "EXPIRY_DAYS", "KINDS", "TEST", "EventKind", "note_event", "note_looked_for", "note_run"]

EXPIRY_DAYS: Final = 7
BACKUP_DAYS: Final = 7
TEST: Final = "webhook.test"
_MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event: its words for people, and where it can be asked for: in a project, for the server, or both."""

    name: str
    words: str
    of_project: bool = True
    of_server: bool = False


# Thresholds of budgets (budget.threshold) come here with what makes them.
KINDS: Final = {
    kind.name: kind
    for kind in (
        EventKind("run.verified", "a run was accepted, and no claim in it is inconsistent"),
        EventKind("run.inconsistent", "a run was accepted that contradicts a claim or misses a gate"),
        EventKind("job.failed", "a job failed for good"),
        EventKind("job.approval", "a job waits for a second person to approve what it may spend"),
        EventKind("schedule.missed", "a schedule's look is overdue or was late, or looks were missed"),
        EventKind("watch.alert", "a schedule's look accuses a claim anew, or has another verdict or exit code"),
        EventKind("key.expiring", f"a token ends within {EXPIRY_DAYS} days", of_server=True),
        EventKind("webhook.disabled", "a webhook was switched off after long failure"),
        EventKind("backup.overdue", f"the last backup is older than {BACKUP_DAYS} days", False, True),
    )
}

_TOKENS: Final = """
INSERT INTO steelyard.event (project_id, person_id, kind, data, once)
SELECT t.project_id, t.person_id, 'key.expiring', json_build_object('ends_at',
        to_char(t.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'name', t.name, 'path', '/account',
        'project', j.name, 'what', 'token')::text, 'key.expiring token ' || t.id
    FROM steelyard.token t JOIN steelyard.person p ON p.id = t.person_id
    LEFT JOIN steelyard.project j ON j.id = t.project_id
    WHERE t.revoked_at IS NULL AND p.disabled_at IS NULL AND t.expires_at > now()
        AND t.expires_at <= now() + make_interval(days => %(days)s)
        -- One that is made for few days is not told of right after it was made.
        AND t.expires_at - t.created_at > make_interval(days => %(days)s)
    ON CONFLICT (once) DO NOTHING
"""
_BACKUP: Final = """
INSERT INTO steelyard.event (kind, data, once)
SELECT 'backup.overdue', json_build_object('days', days, 'path', '/admin')::text,
        'backup.overdue ' || extract(epoch FROM since)::bigint || ' ' || days / %(days)s
    FROM (SELECT since, floor(extract(epoch FROM now() - since) / 86400)::integer AS days FROM
        (SELECT coalesce((SELECT at FROM steelyard.audit WHERE act = 'backup' ORDER BY sequence DESC LIMIT 1),
            (SELECT min(created_at) FROM steelyard.project)) AS since) s) d
    WHERE days >= %(days)s
    ON CONFLICT (once) DO NOTHING
"""

# A look that is overdue, with no job that it waits for: none was made, so no job tells of it.
_OVERDUE: Final = """
INSERT INTO steelyard.event (project_id, kind, data, once)
SELECT s.project_id, 'schedule.missed', json_build_object('path', '/p/' || p.name || '/watch', 'project', p.name,
        'schedule', s.name)::text, 'schedule.missed of ' || s.id || ' ' || extract(epoch FROM s.next_at)::bigint
    FROM steelyard.schedule s JOIN steelyard.project p ON p.id = s.project_id
    WHERE s.is_on AND s.next_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM steelyard.job j
        WHERE j.schedule_id = s.id AND j.state IN ('waiting', 'running', 'paused'))
    ON CONFLICT (once) DO NOTHING
"""


def note_event(
    connection: psycopg.Connection[Any],
    kind: str,
    data: Mapping[str, Any],
    *,
    project_id: int | None = None,
    person: int | None = None,
    once: str | None = None,
) -> int | None:
    """Write an event in the caller's transaction, and return its number; None where ``once`` was told before.

    ``data`` becomes JSON; its ``path`` is that of a page of ours. Without ``project_id`` it is of the server;
    ``person`` is whom alone mail tells of it. Texts may be anybody's: each is put on one line and cut.
    """
    told = {name: one_line(value, _MAX_NAME) if name != "path" and isinstance(value, str) else value
            for name, value in data.items()}  # fmt: skip
    row = connection.execute(
        "INSERT INTO steelyard.event (project_id, person_id, kind, data, once) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (once) DO NOTHING RETURNING id",
        (project_id, person, kind, canonical(told).decode(), once),
    ).fetchone()
    return None if row is None else int(row[0])


def note_run(
    connection: psycopg.Connection[Any],
    project_id: int,
    project: str,
    seal: str,
    *,
    kind: str,
    subject: str,
    verdict: str,
    words: Iterable[str],
    is_whole: bool,
) -> None:
    """Tell of a run that was accepted: ``words`` are the verdicts of its rows, "" for what was only measured.

    ``is_whole``: all of it could be verified here.
    """
    counts = Counter(word or "measured" for word in words)
    data = {
        "kind": kind, "model": subject, "path": f"/p/{project}/runs/{seal}", "project": project, "seal": seal,
        "verdict": verdict or "measured", "verdicts": dict(counts), "verified": "whole" if is_whole else "in part",
    }  # fmt: skip
    name = "run.inconsistent" if verdict == "inconsistent" else "run.verified"
    note_event(connection, name, data, project_id=project_id)


def note_looked_for(connection: psycopg.Connection[Any]) -> None:
    """Tell of what no transaction says: tokens that end soon, an old backup, looks an hour overdue that have no job.

    Of a backup it tells again after as many days.
    """
    connection.execute(_TOKENS, {"days": EXPIRY_DAYS})
    connection.execute(_BACKUP, {"days": BACKUP_DAYS})
    connection.execute(_OVERDUE)
