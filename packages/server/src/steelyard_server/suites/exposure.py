"""Who has seen which share of a suite: its own record, and the runs of this project that asked it.

As in ``steelyard suite show``, asking an endpoint is releasing to it, and a model in the asker's own process is none.
An item counts once for a recipient, in whichever runs it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.suites.exposures import Exposure
from steelyard.util.addresses import normal_endpoints
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.suites.rows import SuiteRow

__all__ = [
    "RUNS_LISTED",
    "SeenItems",
    "SuiteRun",
    "Viewer",
    "exposure_lines",
    "exposure_of",
    "note_views",
    "runs_of",
    "seen_by_runs",
    "viewers_of",
]

RUNS_LISTED: Final = 30


@dataclass(frozen=True)
class SuiteRun:
    """A run of the project that asked this version; ``items`` is how many of them it sent."""

    id: int
    seal: str
    subject: str
    pushed_at: datetime
    recipient: str
    items: int


@dataclass(frozen=True)
class SeenItems:
    """How many items a recipient got by the runs here, and by the suite's own record, which may name the same.

    ``is_named``: ``suite.yaml`` names it among the endpoints that may see the suite.
    """

    recipient: str
    by_runs: int
    runs: int
    on_record: int
    items: int
    is_named: bool

    @property
    def share(self) -> str:
        """The share that it has seen at least, in per cent."""
        return f"{min(1.0, max(self.by_runs, self.on_record) / max(self.items, 1)):.0%}"


def runs_of(
    pool: ConnectionPool, project: int, digest: str, before: int = 0, limit: int = RUNS_LISTED
) -> tuple[list[SuiteRun], bool]:
    """The runs of a project that asked the version with this digest, the newest first; are there older ones?

    ``before`` is the id of the last run of the page before, 0 for the first page. A run's recipients stay together.
    """
    asked = {"suite": digest, "project": project, "before": before or 2**62, "most": limit + 1}
    with reading(pool) as connection:
        rows = connection.execute(_RUNS, asked).fetchall()
    ids = list(dict.fromkeys(row[0] for row in rows))
    return [SuiteRun(*row) for row in rows if row[0] in ids[:limit]], len(ids) > limit


# A run of another project, with the same items, is another row: so runs of this one are taken first.
_RUNS: Final = """
SELECT r.id, r.seal_sha256, r.subject, r.pushed_at, u.recipient, u.items
FROM (SELECT DISTINCT x.run_id FROM steelyard.run_suite x JOIN steelyard.run y ON y.id = x.run_id
    WHERE x.suite = %(suite)s AND x.run_id < %(before)s AND y.project_id = %(project)s
    ORDER BY x.run_id DESC LIMIT %(most)s) f
JOIN steelyard.run r ON r.id = f.run_id
JOIN steelyard.run_suite u ON u.run_id = r.id AND u.suite = %(suite)s
ORDER BY r.id DESC, u.recipient
"""


def seen_by_runs(pool: ConnectionPool, project: int, digest: str) -> dict[str, tuple[int, int]]:
    """How many items of the version with this digest each recipient got by a project's runs, and by how many."""
    with reading(pool) as connection:
        rows = connection.execute(
            "SELECT recipient, bit_count(line_set), runs FROM steelyard.suite_seen "
            "WHERE project_id = %s AND suite = %s AND recipient <> ''",
            (project, digest),
        ).fetchall()
    return {recipient: (items, runs) for recipient, items, runs in rows}


def exposure_of(suite: SuiteRow, by_runs: Mapping[str, tuple[int, int]]) -> list[SeenItems]:
    """What each recipient has seen, by its address; ``by_runs`` as :func:`seen_by_runs` finds it."""
    record = {each.recipient: each.items for each in suite.summary.seen}
    named = set(normal_endpoints(suite.summary.endpoints))
    return [
        SeenItems(
            recipient=recipient,
            by_runs=by_runs.get(recipient, (0, 0))[0],
            runs=by_runs.get(recipient, (0, 0))[1],
            on_record=record.get(recipient, 0),
            items=suite.items,
            is_named=recipient in named,
        )
        for recipient in sorted(by_runs.keys() | record.keys())
    ]


def exposure_lines(pool: ConnectionPool, suite: SuiteRow, project: int, limit: int = 200) -> bytes:
    """What the last runs of a project showed, the oldest of them first, as lines of the suite's ``exposures.jsonl``."""
    with pool.connection() as connection:
        rows = connection.execute("SELECT line, id FROM steelyard.suite_item WHERE version_id = %s", (suite.id,))
        names: dict[int, str] = dict(rows.fetchall())
        runs = connection.execute(
            "SELECT r.pushed_at, u.plan, u.recipient, u.lines FROM steelyard.run_suite u "
            "JOIN steelyard.run r ON r.id = u.run_id WHERE u.suite = %s AND r.project_id = %s AND u.recipient <> '' "
            "ORDER BY r.id DESC, u.recipient LIMIT %s",
            (suite.digest, project, limit),
        ).fetchall()
    found = [
        Exposure(
            at=at.astimezone(UTC).isoformat(timespec="seconds"),
            run=plan,
            suite=suite.digest,
            recipient=recipient,
            state="ended",
            items=tuple(sorted(names[line] for line in lines if line in names)),
        )
        for at, plan, recipient, lines in reversed(runs)
    ]
    return b"".join(canonical(without_defaults(each)) + b"\n" for each in found)


@dataclass(frozen=True)
class Viewer:
    """Somebody who has looked at items of a version on this platform, or has downloaded all of them."""

    name: str
    items: int
    last: datetime


def note_views(connection: psycopg.Connection[Any], version: int, person: int | None, place: int = 0) -> None:
    """Put on record that a person sees the item at this place, or with 0, in one row, all of them."""
    asked = {"person": person, "version": version, "place": place}
    if connection.execute(_SAW, asked).fetchone() is not None:
        return
    # Two pages that somebody opens at once come one after the other: each row has the next number.
    connection.execute("SELECT FROM steelyard.person WHERE id = %s FOR NO KEY UPDATE", (person,))
    connection.execute(_SEES, asked)


_SAW: Final = (
    "SELECT FROM steelyard.suite_view WHERE version_id = %(version)s AND person_id = %(person)s AND place = %(place)s"
)
_SEES: Final = """
INSERT INTO steelyard.suite_view (version_id, person_id, place, number)
SELECT %(version)s, %(person)s, %(place)s, 1 + coalesce((SELECT number FROM steelyard.suite_view
    WHERE version_id = %(version)s AND person_id = %(person)s ORDER BY number DESC LIMIT 1), 0)
WHERE %(place)s = 0 OR EXISTS (SELECT FROM steelyard.suite_item
    WHERE version_id = %(version)s AND place = %(place)s) ON CONFLICT DO NOTHING
"""
# Of each person the last row is read, which has the number of them all.
_VIEWERS: Final = """
SELECT p.name, CASE WHEN EXISTS (SELECT FROM steelyard.suite_view a WHERE a.version_id = v.id AND a.person_id = p.id
        AND a.place = 0) THEN v.items ELSE w.number END, w.at
FROM steelyard.suite_version v CROSS JOIN steelyard.person p CROSS JOIN LATERAL (SELECT number, at
    FROM steelyard.suite_view WHERE version_id = v.id AND person_id = p.id ORDER BY number DESC LIMIT 1) w
WHERE v.id = %s ORDER BY lower(p.name) LIMIT 200
"""


def viewers_of(pool: ConnectionPool, version: int) -> list[Viewer]:
    """Who has seen how many items of a version here, by name."""
    with reading(pool) as connection:
        rows = connection.execute(_VIEWERS, (version,)).fetchall()
    return [Viewer(*row) for row in rows]
