"""Who has seen which share of a suite: its own record, and the runs of this project that asked it.

As in ``steelyard suite show``, asking an endpoint is releasing to it, and a model in the asker's own process is none.
An item counts once for a recipient, in whichever runs it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.suites.exposures import Exposure
from steelyard.util.addresses import normal_endpoints

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard.server.suites.rows import SuiteRow

__all__ = ["SeenItems", "SuiteRun", "Viewer", "exposure_lines", "exposure_of", "note_views", "runs_of", "viewers_of"]


@dataclass(frozen=True)
class SuiteRun:
    """A run of the project that asked this version; ``lines`` are those of the items that it sent."""

    seal: str
    subject: str
    pushed_at: datetime
    plan: str
    recipient: str
    lines: tuple[int, ...]


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


def runs_of(pool: ConnectionPool, project: int, digest: str, limit: int = 200) -> list[SuiteRun]:
    """The runs of a project that asked the version with this digest, the newest first."""
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT r.seal_sha256, r.subject, r.pushed_at, u.plan, u.recipient, u.lines FROM steelyard.run_suite u "
            "JOIN steelyard.run r ON r.id = u.run_id "
            "WHERE u.suite = %s AND r.project_id = %s ORDER BY r.id DESC, u.recipient LIMIT %s",
            (digest, project, limit),
        ).fetchall()
    return [
        SuiteRun(seal, subject, at, plan, recipient, tuple(lines)) for seal, subject, at, plan, recipient, lines in rows
    ]


def exposure_of(suite: SuiteRow, runs: list[SuiteRun]) -> list[SeenItems]:
    """What each recipient has seen, by its address."""
    lines: dict[str, set[int]] = {}
    counts: dict[str, int] = {}
    for run in runs:
        if run.recipient:
            lines.setdefault(run.recipient, set()).update(run.lines)
            counts[run.recipient] = counts.get(run.recipient, 0) + 1
    record = {each.recipient: each.items for each in suite.summary.seen}
    named = set(normal_endpoints(suite.summary.endpoints))
    return [
        SeenItems(
            recipient=recipient,
            by_runs=len(lines.get(recipient, ())),
            runs=counts.get(recipient, 0),
            on_record=record.get(recipient, 0),
            items=suite.items,
            is_named=recipient in named,
        )
        for recipient in sorted(lines.keys() | record.keys())
    ]


def exposure_lines(pool: ConnectionPool, suite: SuiteRow, runs: list[SuiteRun]) -> bytes:
    """What the runs here showed as lines of the suite's ``exposures.jsonl``."""
    with pool.connection() as connection:
        rows = connection.execute("SELECT line, id FROM steelyard.suite_item WHERE version_id = %s", (suite.id,))
        names: dict[int, str] = dict(rows.fetchall())
    found = [
        Exposure(
            at=run.pushed_at.astimezone(UTC).isoformat(timespec="seconds"),
            run=run.plan,
            suite=suite.digest,
            recipient=run.recipient,
            state="ended",
            items=tuple(sorted(names[line] for line in run.lines if line in names)),
        )
        for run in reversed(runs)
        if run.recipient
    ]
    return b"".join(canonical(without_defaults(each)) + b"\n" for each in found)


@dataclass(frozen=True)
class Viewer:
    """Somebody who has looked at items of a version on this platform, or has downloaded all of them."""

    name: str
    items: int
    last: datetime


def note_views(connection: psycopg.Connection[Any], version: int, person: int | None, place: int = 0) -> None:
    """Put on record that a person sees the item at this place, or with 0 all of them."""
    connection.execute(
        "INSERT INTO steelyard.suite_view (version_id, person_id, place) SELECT version_id, %s, place "
        "FROM steelyard.suite_item WHERE version_id = %s AND (%s = 0 OR place = %s) ON CONFLICT DO NOTHING",
        (person, version, place, place),
    )


def viewers_of(pool: ConnectionPool, version: int) -> list[Viewer]:
    """Who has seen how many items of a version here, by name."""
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT p.name, count(*), max(w.at) FROM steelyard.suite_view w JOIN steelyard.person p "
            "ON p.id = w.person_id WHERE w.version_id = %s GROUP BY p.id, p.name ORDER BY lower(p.name) LIMIT 200",
            (version,),
        ).fetchall()
    return [Viewer(*row) for row in rows]
