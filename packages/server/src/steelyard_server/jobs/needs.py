"""Jobs that need somebody, and budgets that are nearly spent: over several projects, for *Overview*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.jobs.budgets import budgets_of_all

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.jobs.budgets import BudgetRow

__all__ = ["FAILED_DAYS", "NEARLY", "JobInNeed", "jobs_in_need", "nearly_spent", "used_share"]

FAILED_DAYS: Final = 14
NEARLY: Final = Decimal("0.8")  # of a budget
_MOST_LOOKED_AT: Final = 200  # of each project's newest that are open or failed
# A failed job whose work another one goes on with needs nobody; a waiting one does where something stands in its way.
_JOBS: Final = """
SELECT j.id, p.name, j.why, j.reason, j.created_at, j.requested_by, j.resumed_by
FROM unnest(%(projects)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT x.id, x.project_id, x.reason, x.created_at, x.requested_by, x.resumed_by, CASE
            WHEN x.state = 'failed' THEN CASE WHEN x.ended_at > now() - make_interval(days => %(days)s)
                AND NOT EXISTS (SELECT FROM steelyard.job o
                    WHERE o.resumes = coalesce(x.resumes, x.id) AND o.id > x.id) THEN 'failed' ELSE '' END
            WHEN x.waits_for = 'approval' THEN 'approval'
            WHEN x.state = 'paused' THEN 'paused'
            WHEN x.waits_for <> '' THEN x.waits_for
            WHEN e.rest_until > now() THEN 'resting'
            WHEN x.not_before > now() THEN 'later'
            WHEN x.created_at < now() - interval '10 minutes' AND NOT EXISTS (SELECT FROM steelyard.job r
                WHERE r.state = 'running' AND r.endpoint_id IS NOT DISTINCT FROM x.endpoint_id) THEN 'worker'
            ELSE '' END AS why
    FROM (
        SELECT * FROM steelyard.job y WHERE y.project_id = wanted.id AND y.state IN ('failed', 'waiting', 'paused')
        ORDER BY y.id DESC LIMIT %(most)s
    ) x
    LEFT JOIN steelyard.endpoint e ON e.id = x.endpoint_id
) j
JOIN steelyard.project p ON p.id = j.project_id
WHERE j.why <> '' ORDER BY j.why <> 'failed', j.id DESC LIMIT %(size)s
"""


@dataclass(frozen=True, slots=True)
class JobInNeed:
    """A job, and ``why``: *failed*, *approval*, *paused*, *budget*, *resting*, *later* (tried again) or *worker*.

    *resting* is its endpoint.
    """

    id: int
    project: str
    why: str
    reason: str
    created_at: datetime
    requested_by: int
    resumed_by: int | None = None


def jobs_in_need(connection: psycopg.Connection[Any], projects: Sequence[int], size: int) -> list[JobInNeed]:
    """Those of these projects, failed ones first, then the newest."""
    asked = {"projects": list(projects), "days": FAILED_DAYS, "most": _MOST_LOOKED_AT, "size": size}
    return [JobInNeed(*row) for row in connection.execute(_JOBS.encode(), asked).fetchall()]


def nearly_spent(connection: psycopg.Connection[Any], projects: Sequence[int]) -> list[tuple[str, BudgetRow]]:
    """The budgets of these projects of which four fifths are spent or reserved this month, by project."""
    return [(name, row) for name, row in budgets_of_all(connection, projects) if used_share(row) >= NEARLY]


def used_share(row: BudgetRow) -> Decimal:
    """How much of a budget is spent or reserved, by whichever of its limits is nearer; a limit of 0 is used up."""
    used = [
        (row.cost, row.spent_cost + row.reserved_cost),
        (row.tokens, row.spent_tokens + row.reserved_tokens),
    ]
    return max(
        (taken / Decimal(limit) if limit else Decimal(1) for limit, taken in used if limit is not None),
        default=Decimal(0),
    )
