"""What a worker writes: it takes a job with a lease, and whatever it says later carries the attempt's number.

That number is the fence. Each write is one statement, refused in itself where a later attempt exists, or where the
lease ran out by the *database's* clock: a worker that was only paused, or whose clock is wrong, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.access.lost_roles import pause_waiting_without_role
from steelyard_server.endpoints.own_places import noted_issuer

if TYPE_CHECKING:
    import psycopg

__all__ = ["Lease", "Outcome", "end_lost_lease", "finish_job", "leave_job", "lost_jobs", "renew_leases", "take_job"]

MAX_REASON: Final = 1000
_FENCE: Final = "id = %(id)s AND attempt = %(attempt)s AND state = 'running' AND leased_until > clock_timestamp()"
# Seconds until a job that failed is tried again: 5, 10, 20 … and at most ten minutes.
_PAUSE: Final = "make_interval(secs => least(600, %(pause)s * 2 ^ least(failures, 10)))"


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that a worker has, in this attempt. ``folder`` is the number of the job whose folder it goes on with.

    ``endpoint`` is the number of its endpoint, None for the model that is built in; ``stored_run`` is where its answers
    are, once it has a plan.
    """

    job: int
    attempt: int
    kind: str
    specification: str
    endpoint: int | None
    folder: int
    requested_by: int
    project_id: int
    project: str
    stored_run: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended without a run.

    ``state``: *waiting* gives it back, *again* does so and counts as a failure, of which there may be a few, where it
    committed no answers; *paused* has it wait for a person, and *failed* is for good. Whether what is given back waits,
    is paused or is cancelled says what a person wants of it at that moment. ``rests``: the endpoint did not answer, so
    that its other jobs wait too, until it has ended for good. ``waits_for`` a *budget*: given back, it is taken again
    when that was changed, when another job of the project has ended, or next month. ``waits_for`` *approval*: when a
    second person has given it.
    """

    state: str
    reason: str = ""
    rests: bool = False
    waits_for: str = ""


def take_job(connection: psycopg.Connection[Any], worker: str, seconds: float) -> Lease | None:
    """The next job that may run, leased to ``worker`` for so many seconds; None where there is none.

    Projects have turns (``steelyard.take_job``). What waits for somebody who may start none any more is paused.
    """
    pause_waiting_without_role(connection, noted_issuer(connection), f"worker:{worker}")
    row = connection.execute(
        "SELECT j.id, j.attempt, j.kind, coalesce(b.specification, j.specification), j.endpoint_id, "
        "coalesce(b.id, j.id), j.requested_by, p.id, p.name, (SELECT max(o.stored_run_id) FROM steelyard.job o "
        "WHERE o.id = coalesce(b.id, j.id) OR o.resumes = b.id) "
        "FROM steelyard.take_job(%s, make_interval(secs => %s)) j "
        "JOIN steelyard.project p ON p.id = j.project_id LEFT JOIN steelyard.job b ON b.id = j.resumes",
        (worker, seconds),
    ).fetchone()
    return None if row is None else Lease(*row)


def renew_leases(
    connection: psycopg.Connection[Any], progress: Mapping[Lease, str], seconds: float
) -> dict[tuple[int, int], str]:
    """Renew leases, with how far each is; for each that still holds, by job and attempt, what is wanted of it."""
    leases: Sequence[Lease] = list(progress)
    rows = connection.execute(
        "UPDATE steelyard.job j SET progress = g.progress, "
        "leased_until = clock_timestamp() + make_interval(secs => %s) "
        "FROM unnest(%s::bigint[], %s::integer[], %s::text[]) g (id, attempt, progress) "
        "WHERE j.id = g.id AND j.attempt = g.attempt AND j.state = 'running' AND j.leased_until > clock_timestamp() "
        "RETURNING j.id, j.attempt, j.wanted",
        (seconds, [each.job for each in leases], [each.attempt for each in leases], [*progress.values()]),
    ).fetchall()
    return {(job, attempt): wanted for job, attempt, wanted in rows}


def note_progress(connection: psycopg.Connection[Any], lease: Lease, progress: str) -> None:
    """Say how far an attempt came, before it ends; nothing where the lease is another's or ran out."""
    connection.execute(
        f"UPDATE steelyard.job SET progress = %(progress)s WHERE {_FENCE}".encode(),  # noqa: S608 — our own words
        {"progress": progress, "id": lease.job, "attempt": lease.attempt},
    )


def lost_jobs(connection: psycopg.Connection[Any]) -> list[int]:
    """The running jobs whose lease ran out, the longest ago first; at most 100."""
    rows = connection.execute(
        "SELECT id FROM steelyard.job WHERE state = 'running' AND leased_until <= clock_timestamp() "
        "ORDER BY leased_until, id LIMIT 100"
    ).fetchall()
    return [job for (job,) in rows]


def end_lost_lease(connection: psycopg.Connection[Any], job: int, worker: str, pause: float = 0.0) -> bool:
    """Take a job whose lease ran out from whoever had it, in a transaction of its own; False where another did.

    It counts as a failure of the job where the attempt committed no answers, and the job waits for another attempt
    until there were too many: a job that kills its worker must not go round for ever. What a person wanted of it is
    done. Raises psycopg.Error where that takes longer than two seconds, in which the caller's leases do not run out.
    """
    values = {
        "job": job,
        "state": "again",
        "reason": "its worker was not heard of until its lease ran out",
        "by": f"worker:{worker}",
        "pause": pause,
        "waits": "",
    }
    with connection.transaction():
        connection.execute(f"SET LOCAL statement_timeout = {_ENDING_MILLISECONDS:d}".encode())
        return connection.execute(_ENDING_LOST, values).rowcount == 1


_ENDING_MILLISECONDS: Final = 2_000
# Whether the attempt committed answers: whose worker is killed again and again comes to its end all the same. What
# kills its worker before that goes round a few times alone, and nothing for ever.
_ADVANCED: Final = (
    "(attempt < 200 AND EXISTS (SELECT FROM steelyard.lease l JOIN steelyard.stored_line s ON s.run_id = l.run_id "
    "AND s.lease = l.number AND s.sequence = 10 AND s.segment IN ('main', 'lease-' || to_char(l.number, 'FM0000')) "
    "WHERE l.holder = 'job ' || job.id || ', attempt ' || job.attempt AND l.run_id = (SELECT max(o.stored_run_id) "
    "FROM steelyard.job o WHERE o.id = coalesce(job.resumes, job.id) OR o.resumes = coalesce(job.resumes, job.id))))"
)
_FAILS: Final = f"(%(state)s = 'again' AND NOT {_ADVANCED})"
_NEXT_MONTH: Final = "date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'"
# An attempt ends without a run, as ``Outcome`` says.
_NEXT: Final = (
    "CASE WHEN %(state)s = 'failed' THEN 'failed' WHEN wanted = 'cancel' THEN 'cancelled' "
    f"WHEN failures + 1 >= max_failures AND {_FAILS} THEN 'failed' "
    "WHEN wanted = 'pause' OR %(state)s = 'paused' THEN 'paused' ELSE 'waiting' END"
)
_SET: Final = (
    f"UPDATE steelyard.job SET state = {_NEXT}, wanted = '', leased_until = NULL, "  # noqa: S608 — our own words
    f"failures = failures + {_FAILS}::integer, "
    f"not_before = CASE WHEN %(state)s = 'again' THEN clock_timestamp() + {_PAUSE} "
    f"WHEN %(waits)s <> '' THEN {_NEXT_MONTH} ELSE not_before END, waits_for = %(waits)s, "
    f"reason = CASE WHEN failures + 1 >= max_failures AND wanted <> 'cancel' AND {_FAILS} "
    "THEN left('given up after ' || failures + 1 || ' failed attempts; the last: ' || %(reason)s, 1000) "
    "ELSE %(reason)s END, changed_by = %(by)s, "
    f"ended_at = CASE WHEN {_NEXT} IN ('failed', 'cancelled') THEN clock_timestamp() END "
)
_ENDING: Final = f"{_SET} WHERE {_FENCE}".encode()
_RESTING: Final = (
    f"WITH ended AS ({_SET} WHERE {_FENCE} RETURNING endpoint_id, not_before, state), "  # noqa: S608
    "resting AS (UPDATE steelyard.endpoint e SET rest_until = CASE WHEN ended.state IN ('failed', 'cancelled') "
    "THEN least(e.rest_until, clock_timestamp()) ELSE greatest(e.rest_until, ended.not_before) END "
    "FROM ended WHERE e.id = ended.endpoint_id AND e.retired_at IS NULL) SELECT FROM ended"
).encode()
_ENDING_LOST: Final = (
    f"{_SET} FROM (SELECT id AS lost FROM steelyard.job WHERE id = %(job)s AND state = 'running' "  # noqa: S608
    "AND leased_until <= clock_timestamp() FOR UPDATE SKIP LOCKED) l "
    "WHERE id = lost AND state = 'running' AND leased_until <= clock_timestamp()"
).encode()
_FINISHING: Final = (
    "UPDATE steelyard.job SET state = 'finished', wanted = '', leased_until = NULL, run_id = %(run)s, "  # noqa: S608
    f"alert = %(alert)s, reason = '', changed_by = %(by)s, ended_at = clock_timestamp() WHERE {_FENCE}"
).encode()


def leave_job(
    connection: psycopg.Connection[Any], lease: Lease, outcome: Outcome, worker: str, pause: float = 5.0
) -> bool:
    """End an attempt that made no run; False where it was refused, since the lease is another's or ran out."""
    values = {
        "id": lease.job,
        "attempt": lease.attempt,
        "state": outcome.state,
        "reason": outcome.reason[:MAX_REASON].replace("\0", "\N{REPLACEMENT CHARACTER}"),
        "by": f"worker:{worker}",
        "pause": pause,
        "waits": outcome.waits_for,
    }
    return connection.execute(_RESTING if outcome.rests else _ENDING, values).rowcount == 1


def finish_job(connection: psycopg.Connection[Any], lease: Lease, run: int, worker: str, alert: str = "") -> bool:
    """End an attempt with the run that it made, in the caller's transaction; False where it was refused.

    ``alert`` is what a look of a schedule changed, in words of at most 1,000 characters.

    A caller whose write is refused rolls back, so that no row of the run is there either.
    """
    values = {"id": lease.job, "attempt": lease.attempt, "run": run, "by": f"worker:{worker}", "alert": alert}
    return connection.execute(_FINISHING, values).rowcount == 1
