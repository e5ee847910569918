"""Budgets of projects: what each may spend in a month, at one endpoint or at all, and what is spent and reserved now.

That none is exceeded is the database's doing (its function ``reserve``); here they are set and read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError

if TYPE_CHECKING:
    import psycopg

__all__ = ["BudgetRow", "budgets_of", "budgets_of_all", "set_budget"]

_MOST: Final = 10**15
_LISTED: Final = 1_000
_ROWS: Final = """
SELECT p.name, b.id, coalesce(e.name, ''), b.cost, b.tokens, coalesce(s.cost, 0), coalesce(s.tokens, 0),
    coalesce(h.cost, 0), coalesce(h.tokens, 0)
FROM steelyard.budget b JOIN steelyard.project p ON p.id = b.project_id
LEFT JOIN steelyard.endpoint e ON e.id = b.endpoint_id
LEFT JOIN LATERAL (
    SELECT sum(x.cost) AS cost, sum(x.tokens) AS tokens FROM steelyard.spending x
    WHERE x.project_id = b.project_id AND x.endpoint_id = coalesce(b.endpoint_id, x.endpoint_id)
        AND x.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
) s ON true
LEFT JOIN LATERAL (
    SELECT sum(steelyard.cost_of(r.held_in, r.held_out, r.price_in, r.price_out)) AS cost,
        sum(r.held_in + r.held_out) AS tokens
    FROM steelyard.reservation r JOIN steelyard.job j ON j.id = r.job_id AND j.attempt = r.attempt
    WHERE j.state = 'running' AND j.project_id = b.project_id
        AND j.endpoint_id = coalesce(b.endpoint_id, j.endpoint_id)
        AND r.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
) h ON true
WHERE {condition} ORDER BY p.name, e.name NULLS FIRST LIMIT {most}
"""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget of a project for each month of UTC, and where it stands in this one.

    ``endpoint`` is the name of the endpoint, "" for all together. ``cost`` is in the currency of the list's prices;
    None: no limit. ``reserved`` is what calls that run now may take beside what is spent.
    """

    id: int
    endpoint: str
    cost: Decimal | None
    tokens: int | None
    spent_cost: Decimal
    spent_tokens: Decimal
    reserved_cost: Decimal
    reserved_tokens: Decimal


def budgets_of(connection: psycopg.Connection[Any], project: str) -> tuple[BudgetRow, ...]:
    """The budgets of a project: that for all endpoints first, then by the endpoint's name."""
    query = _ROWS.format(condition="p.name = %s", most=_LISTED)
    return tuple(BudgetRow(*row) for _, *row in connection.execute(query.encode(), (project,)).fetchall())


def budgets_of_all(connection: psycopg.Connection[Any], projects: Sequence[int]) -> list[tuple[str, BudgetRow]]:
    """The budgets of these projects, each with its project's name, by that; at most 1,000."""
    query = _ROWS.format(condition="p.id = ANY (%s)", most=_LISTED)
    rows = connection.execute(query.encode(), (list(projects),)).fetchall()
    return [(name, BudgetRow(*row)) for name, *row in rows]


def set_budget(
    connection: psycopg.Connection[Any],
    project: str,
    endpoint: str,
    person: int,
    *,
    cost: Decimal | None = None,
    tokens: int | None = None,
) -> int:
    """Set what a project may spend in a month at an endpoint ("": at all together); the budget's number.

    Both None: no limit. Jobs that wait for a budget of the project are looked at again. Raises InputError for an
    endpoint or a project that there is not, and for an amount that is none.
    """
    if (cost is not None and not (cost.is_finite() and 0 <= cost <= _MOST)) or (
        tokens is not None and not 0 <= tokens <= _MOST
    ):
        raise InputError("a budget is an amount of money or a number of tokens, from 0 on")
    place: int | None = None
    if endpoint:
        row = connection.execute(
            # No name has a NUL byte, and no database takes one.
            "SELECT id FROM steelyard.endpoint WHERE lower(name) = lower(%s)",
            (endpoint.partition("\0")[0],),
        ).fetchone()
        if row is None or "\0" in endpoint:
            raise InputError(f"there is no endpoint {endpoint[:80]!r} in this platform's list")
        place = int(row[0])
    row = connection.execute(
        "INSERT INTO steelyard.budget (project_id, endpoint_id, cost, tokens, set_by) "
        "SELECT id, %s, %s, %s, %s FROM steelyard.project WHERE name = %s "
        "ON CONFLICT (project_id, coalesce(endpoint_id, 0)) DO UPDATE SET cost = excluded.cost, "
        "tokens = excluded.tokens, set_by = excluded.set_by, set_at = now() RETURNING id",
        (place, cost, tokens, person, project),
    ).fetchone()
    if row is None:
        raise InputError(f"there is no project {project[:100]!r}")
    connection.execute(
        "UPDATE steelyard.job SET not_before = now() WHERE state = 'waiting' AND waits_for = 'budget' "
        "AND project_id = (SELECT id FROM steelyard.project WHERE name = %s)",
        (project,),
    )
    return int(row[0])
