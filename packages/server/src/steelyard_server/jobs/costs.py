"""What the verdicts of finished jobs took: the money and tokens of all jobs that worked on the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard_server.runs.costs import taken_of

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.jobs.rows import JobRow

__all__ = ["VerdictCost", "verdict_costs"]

# A run that several jobs worked on (each goes on with the first) was paid for by all of them.
_SPENT: Final = """
SELECT j.id, j.run_id, s.is_priced, s.cost, s.tokens
FROM steelyard.job j
CROSS JOIN LATERAL (
    SELECT bool_and(r.price_in IS NOT NULL AND r.price_out IS NOT NULL) AS is_priced,
        sum(steelyard.cost_of(r.spent_in, r.spent_out, r.price_in, r.price_out)) AS cost,
        sum(r.spent_in + r.spent_out) AS tokens
    FROM steelyard.job o JOIN steelyard.reservation r ON r.job_id = o.id
    WHERE o.project_id = j.project_id AND o.id BETWEEN coalesce(j.resumes, j.id) AND j.id
        AND coalesce(o.resumes, o.id) = coalesce(j.resumes, j.id)
) s
WHERE j.id = ANY (%s) AND j.run_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class VerdictCost:
    """How many verdicts a finished job came to, and what they took together.

    ``cost`` is at the prices of the list of endpoints, else at those that the run was given; None where nobody knows a
    price. ``tokens`` are 0 where nobody counted.
    """

    verdicts: int
    cost: Decimal | None
    tokens: int


def verdict_costs(connection: psycopg.Connection[Any], jobs: Iterable[JobRow]) -> dict[int, VerdictCost]:
    """Of those of these jobs that made a run, by their number."""
    rows = connection.execute(_SPENT.encode(), ([each.id for each in jobs if each.run is not None],)).fetchall()
    taken = taken_of(connection, [run for _, run, *_ in rows])
    found = {}
    for job, run, is_priced, cost, tokens in rows:
        of_run = taken[run]
        given = None if of_run.run_cost is None else Decimal(repr(of_run.run_cost))
        found[job] = VerdictCost(of_run.verdicts, cost if is_priced else given, int(tokens or of_run.run_tokens))
    return found
