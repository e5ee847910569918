"""What people decide about a suite's items on the page: each line is one of ``review.jsonl``, put into files later.

As in ``steelyard suite review`` the last decision about an item counts, and only for the item as it was when it was
seen: decisions about an older version hold for what did not change since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.suites.review import Change, Decided, change_problem, changed_item, seen_digest, tidied
from steelyard.suites.review_file import FORMAT, MAX_NAME, SavedReview
from steelyard.tasks.suite_file import SuiteFile
from steelyard.util.text import one_line
from steelyard_server.access.acts import audit_act
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.suites.rows import StoredItem, SuiteRow

__all__ = ["Decisions", "ItemState", "LastDecision", "ReviewState"]

# The last decision about each item of a suite of this name, over its versions, and the last one that is in files.
_LAST: Final = """
WITH mine AS (SELECT id, reviewed_to FROM steelyard.suite_version WHERE project_id = %(project)s AND name = %(name)s),
last AS (SELECT DISTINCT ON (d.item) d.id, d.item, d.before, d.after, d.decision, d.change, d.person_id, d.at,
        d.id <= (SELECT max(reviewed_to) FROM mine) AS is_applied
    FROM steelyard.suite_decision d WHERE d.version_id IN (SELECT id FROM mine) {narrowed} ORDER BY d.item, d.id DESC)
"""
# The items of a version from a place on, at most so many, each with what counts of it: the last decision of each is
# found by itself, however many there are of others.
_STATES: Final = """
WITH mine AS MATERIALIZED (SELECT id, max(reviewed_to) OVER () AS applied_to FROM steelyard.suite_version
    WHERE project_id = %(project)s AND name = %(name)s)
SELECT i.place, i.id,
    CASE WHEN l.id IS NOT NULL AND {counts} THEN l.decision ELSE i.decision END AS decision,
    l.id IS NOT NULL AND {pending} AS is_pending
FROM steelyard.suite_item i LEFT JOIN LATERAL (
    SELECT d.id, d.before, d.after, d.decision, d.id <= m.applied_to AS is_applied FROM mine m CROSS JOIN LATERAL (
        SELECT * FROM steelyard.suite_decision x WHERE x.version_id = m.id AND x.item = i.id ORDER BY x.id DESC LIMIT 1
    ) d ORDER BY d.id DESC LIMIT 1
) l ON true
WHERE i.version_id = %(version)s AND i.place >= %(first)s AND i.place < %(first)s + %(size)s ORDER BY i.place
"""
_REVIEW: Final = (
    "SELECT bit_count(decided), bit_count(pending), %(after)s + nullif(position(B'0' IN substring(decided FROM "
    "%(after)s + 1)), 0), position(B'0' IN decided) FROM steelyard.suite_review WHERE version_id = %(version)s"
)
_COUNTS: Final = "(l.after = i.sha256 OR (l.before = i.sha256 AND NOT l.is_applied))"
_IS_PENDING: Final = f"({_COUNTS} AND NOT l.is_applied)"


@dataclass(frozen=True)
class LastDecision:
    """What counts of an item now: who decided it and when, "" for the suite's own record; not in the files yet?"""

    change: Change
    by: str
    at: datetime | None
    is_pending: bool


@dataclass(frozen=True)
class ItemState:
    """An item in a list: its place, and the decision about it, "" where there is none."""

    place: int
    id: str
    decision: str
    is_pending: bool


@dataclass(frozen=True)
class ReviewState:
    """How many items are reviewed, how many decisions are not in the files yet, and where an item has no decision.

    ``next_open`` is the first such place after the one that was asked for, else the first of all, 0 where none is left.
    """

    reviewed: int
    pending: int
    next_open: int


class Decisions:
    """The decisions in the database. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def states(self, project: int, suite: SuiteRow, first: int = 1, size: int = 100) -> list[ItemState]:
        """The items of a version from the place ``first`` on, each with the decision about it; no text is read."""
        query = _STATES.format(counts=_COUNTS, pending=_IS_PENDING)
        values = {"project": project, "name": suite.name, "version": suite.id, "first": first, "size": size}
        with reading(self._pool) as connection:
            return [ItemState(*row) for row in _all(connection, query, values)]

    def review_state(self, suite: SuiteRow, after: int = 0) -> ReviewState:
        """How far the review of a version is; ``after`` is the place of the item that was looked at last."""
        values = {"version": suite.id, "after": min(after, suite.items)}
        with reading(self._pool) as connection:
            reviewed, pending, later, first = _all(connection, _REVIEW, values)[0]
        return ReviewState(reviewed, pending, later or first)

    def last(self, project: int, suite: SuiteRow, item: StoredItem) -> LastDecision | None:
        """What counts of one item."""
        narrowed = "AND d.item = %(item)s"
        query = (
            f"{_LAST.format(narrowed=narrowed)} SELECT l.change, p.name, l.at, {_IS_PENDING} "  # noqa: S608
            "FROM last l JOIN steelyard.suite_item i ON i.id = l.item AND i.version_id = %(version)s "
            f"JOIN steelyard.person p ON p.id = l.person_id WHERE {_COUNTS}"
        )
        values = {"project": project, "name": suite.name, "version": suite.id, "item": item.item.id}
        with reading(self._pool) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        if row is not None:
            return LastDecision(msgspec.json.decode(row[0], type=Change), row[1], row[2], row[3])
        return None if item.change is None else LastDecision(item.change, "", None, is_pending=False)

    def decide(self, suite: SuiteRow, item: StoredItem, change: Change, caller: Caller, facts: RequestFacts) -> None:
        """Put a decision on record; raises InputError, in one clause, where it cannot be made."""
        change = tidied(change)
        file = SuiteFile(suite=suite.name, choices=suite.summary.choices)
        if problem := change_problem(item.item, change, file):
            raise InputError(problem)
        after = changed_item(item.item, change)
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO steelyard.suite_decision (version_id, item, before, after, decision, change, person_id) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    suite.id, item.item.id, item.sha256, "" if after is None else seen_digest(after), change.decision,
                    canonical(without_defaults(change)).decode(), caller.person,
                ),
            )  # fmt: skip
            more = {"decision": change.decision or "mark", "item": item.item.id}
            audit_act(connection, "review-item", f"person:{caller.person}", facts, f"suite-version:{suite.id}", more)

    def lines(self, project: int, suite: SuiteRow) -> tuple[bytes, int]:
        """What is in no files yet, as lines of ``review.jsonl`` in their order, and the number of the last one.

        People stand there by number, so that a name can be erased.
        """
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT d.id, d.change, d.before, d.after, d.person_id, d.at FROM steelyard.suite_decision d "
                "JOIN steelyard.suite_version v ON v.id = d.version_id WHERE v.project_id = %s AND v.name = %s "
                "AND d.id > (SELECT max(reviewed_to) FROM steelyard.suite_version WHERE project_id = %s AND name = %s) "
                "ORDER BY d.id",
                (project, suite.name, project, suite.name),
            ).fetchall()
        lines = [
            Decided(
                at=row[5].astimezone(UTC).isoformat(timespec="seconds"),
                by=f"person {row[4]}",
                before=row[2],
                after=row[3],
                change=msgspec.json.decode(row[1], type=Change),
            )
            for row in rows
        ]
        data = b"".join(canonical(without_defaults(line)) + b"\n" for line in lines)
        return data, rows[-1][0] if rows else 0

    def saved(self, project: int, suite: SuiteRow) -> bytes:
        """The decisions that count as the file that the page of a review saves: ``steelyard suite review --apply``."""
        query = (
            f"{_LAST.format(narrowed='')} SELECT l.change, p.name FROM steelyard.suite_item i "  # noqa: S608
            "JOIN last l ON l.item = i.id JOIN steelyard.person p ON p.id = l.person_id "
            f"WHERE i.version_id = %(version)s AND {_COUNTS} ORDER BY i.place"
        )
        with self._pool.connection() as connection:
            rows = _all(connection, query, {"project": project, "name": suite.name, "version": suite.id})
        names = sorted({name for _, name in rows})
        review = SavedReview(
            format=FORMAT,
            suite=suite.digest,
            reviewer=one_line(", ".join(names), MAX_NAME),
            saved=datetime.now(UTC).isoformat(timespec="seconds"),
            changes=tuple(msgspec.json.decode(change, type=Change) for change, _ in rows),
        )
        return canonical(without_defaults(review)) + b"\n"


def _all(connection: psycopg.Connection[Any], query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()
