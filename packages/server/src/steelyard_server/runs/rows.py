"""The rows of runs: put in once, never changed, and listed by key, so that a later page costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.forms import is_sha256
from steelyard_server.access.callers import Caller
from steelyard_server.database.audit import append_audit
from steelyard_server.database.reading import reading
from steelyard_server.events import note_run
from steelyard_server.runs.folders import folder_key
from steelyard_server.runs.gone import GoneError
from steelyard_server.runs.summary import RunFile, RunSummary, Said, Taken

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.http.facts import RequestFacts

__all__ = ["LISTED", "PAGE_SIZE", "Filters", "ListedRun", "RunRow", "Runs", "insert_run", "shortened"]

PAGE_SIZE: Final = 50
MAX_SUMMARY: Final = 1 << 20  # bytes
LISTED: Final = (
    "r.id, r.seal_sha256, r.kind, r.subject, r.verdict, r.headline, r.exit, r.signed_by, r.pushed_at, r.verified_exit, "
    "r.scores_taken, j.name, EXISTS (SELECT FROM steelyard.run_restored u WHERE u.run_id = r.id), "
    "coalesce((SELECT min(b.id) FROM steelyard.job b WHERE b.run_id = r.id), 0), "
    "EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = r.id)"
)
_NOT_VERIFIED: Final = Said(
    name="not verified here",
    text="restored from a backup that nobody vouched for: whoever made the file could have written all of it",
)
_IS_HERE: Final = "NOT EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = x.id)"
_RUNS: Final = "steelyard.run r JOIN steelyard.project j ON j.id = r.project_id"


@dataclass(frozen=True)
class ListedRun:
    """What a list shows of a run; ``is_restored`` says that it is from a backup, and was not verified here.

    ``job`` is the job by which this server made it itself, 0 for one that was pushed. ``is_withdrawn``: its files were
    deleted, and its row alone is here.
    """

    id: int
    seal: str
    kind: str
    subject: str
    verdict: str
    headline: str
    exit: int
    signed_by: str
    pushed_at: datetime
    verified_exit: int
    scores_taken: int
    project: str
    is_restored: bool
    job: int = 0
    is_withdrawn: bool = False


@dataclass(frozen=True)
class RunRow:
    """A run with all that its page shows, but for its files; ``folder`` is the key of where these lie."""

    listed: ListedRun
    summary: RunSummary
    pushed_by: str
    token: str
    verified_at: datetime
    size: int
    files: int
    folder: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a list is narrowed to; ``before`` is the id of the last run of the page before, 0 for the first page.

    ``with_withdrawn``: those, too, that were withdrawn.
    """

    verdict: str = ""
    kind: str = ""
    subject: str = ""
    before: int = 0
    with_withdrawn: bool = False


class Runs:
    """The runs, each in its project: who asks for one names the project, by its number."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def latest(self, projects: Sequence[int], number: int) -> list[ListedRun]:
        """The runs that were pushed last into any of these projects."""
        query = (
            f"SELECT {LISTED} FROM unnest(%s::bigint[]) AS wanted (id) CROSS JOIN LATERAL ("  # noqa: S608 — our words
            f"SELECT * FROM steelyard.run x WHERE project_id = wanted.id AND {_IS_HERE} "
            "ORDER BY pushed_at DESC, id DESC LIMIT %s) r "
            "JOIN steelyard.project j ON j.id = r.project_id ORDER BY r.pushed_at DESC, r.id DESC LIMIT %s"
        )
        with reading(self._pool) as connection:
            rows = connection.execute(query.encode(), (list(projects), number, number)).fetchall()
        return [ListedRun(*row) for row in rows]

    def page(self, project: int, filters: Filters, size: int = PAGE_SIZE) -> tuple[list[ListedRun], bool]:
        """The runs of one page of a project, the newest first, and whether there are more."""
        conditions = ["r.project_id = %s"]
        values: list[Any] = [project]
        if not filters.with_withdrawn:
            conditions.append(_IS_HERE.replace("x.id", "r.id"))
        if filters.before:
            conditions.append(
                "(r.pushed_at, r.id) < (SELECT pushed_at, id FROM steelyard.run WHERE id = %s AND project_id = %s)"
            )
            values += [filters.before, project]
        for column, value in (("verdict", filters.verdict), ("kind", filters.kind), ("subject", filters.subject)):
            if value:
                conditions.append(f"r.{column} = %s")
                values.append("" if value == "none" and column == "verdict" else value)
        query = (
            f"SELECT {LISTED} FROM {_RUNS} WHERE {' AND '.join(conditions)} "  # noqa: S608 — our own words
            "ORDER BY r.pushed_at DESC, r.id DESC LIMIT %s"
        )
        with reading(self._pool) as connection:
            rows = connection.execute(query.encode(), (*values, size + 1)).fetchall()
        return [ListedRun(*row) for row in rows[:size]], len(rows) > size

    def find(self, project: int, seal: str) -> RunRow | None:
        """The run of a project with this seal; None, too, for what is no seal.

        Raises GoneError, in words, for one that was withdrawn.
        """
        if not is_sha256(seal):
            return None
        with reading(self._pool) as connection:
            row = connection.execute(
                f"SELECT {LISTED}, r.summary, p.name, coalesce(t.name, ''), r.verified_at, r.size_bytes, r.files, "  # noqa: S608
                f"coalesce(r.folder, r.seal_sha256) FROM {_RUNS} JOIN steelyard.person p ON p.id = r.pushed_by "
                "LEFT JOIN steelyard.token t ON t.id = r.pushed_with "
                "WHERE r.project_id = %s AND r.seal_sha256 = %s".encode(),
                (project, seal),
            ).fetchone()
        if row is None:
            return None
        *listed, text, pushed_by, token, verified_at, size, files, folder = row
        run = ListedRun(*listed)
        if run.is_withdrawn:
            raise GoneError(self._why_withdrawn(run.id))
        summary = msgspec.json.decode(text, type=RunSummary)
        if run.is_restored:
            said = (_NOT_VERIFIED, *summary.said)
            summary = msgspec.structs.replace(summary, verified_exit=3, pages_compared=False, said=said)
        return RunRow(run, summary, pushed_by, token, verified_at, size, files, folder)

    def _why_withdrawn(self, run: int) -> str:
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT withdrawn_at, reason FROM steelyard.run_withdrawn WHERE run_id = %s", (run,)
            ).fetchone()
        assert row is not None
        when = row[0].astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        why = f" ({row[1]})" if row[1] else ""
        return f"this run was withdrawn {when} by who operates this server{why}: its files and texts are deleted"

    def files(self, run: int, after: str = "", number: int = 200) -> list[RunFile]:
        """The files of a run by name, from the one after ``after``."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT name, size_bytes, sha256 FROM steelyard.run_file WHERE run_id = %s AND name > %s "
                "ORDER BY name LIMIT %s",
                (run, after, number),
            ).fetchall()
        return [RunFile(name=name, size=size, sha256=sha256) for name, size, sha256 in rows]

    def digests(self, run: int) -> dict[str, str]:
        """The SHA-256 of each file of a run as it was received, by name."""
        with reading(self._pool) as connection:
            rows = connection.execute("SELECT name, sha256 FROM steelyard.run_file WHERE run_id = %s", (run,))
            return dict(rows.fetchall())

    def digest(self, run: int, name: str) -> str | None:
        """The SHA-256 of a file of a run as it was received; None where the run has none of this name."""
        query = "SELECT sha256 FROM steelyard.run_file WHERE run_id = %s AND name = %s"
        with reading(self._pool) as connection:
            row = connection.execute(query, (run, name)).fetchone()
        return None if row is None else row[0]

    def has_file(self, run: int, name: str) -> bool:
        """Whether a run has a file of this name."""
        query = "SELECT FROM steelyard.run_file WHERE run_id = %s AND name = %s"
        with reading(self._pool) as connection:
            return connection.execute(query, (run, name)).fetchone() is not None

    def withheld_at(self, run: int) -> datetime | None:
        """When a run's texts were deleted for their age; None where they were not."""
        query = "SELECT withheld_at FROM steelyard.run_withheld WHERE run_id = %s"
        with reading(self._pool) as connection:
            row = connection.execute(query, (run,)).fetchone()
        return None if row is None else row[0]

    def text_months(self) -> dict[str, int | None]:
        """For how many whole months each project keeps texts, by its name; None: as long as their runs."""
        with reading(self._pool) as connection:
            return dict(connection.execute("SELECT name, text_months FROM steelyard.project ORDER BY name").fetchall())

    def set_text_months(self, project: str, months: int | None, caller: Caller, facts: RequestFacts) -> None:
        """Set it; ``steelyard serve retain`` deletes by it. Raises InputError for a project that there is not."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "UPDATE steelyard.project SET text_months = %s WHERE name = %s RETURNING id", (months, project)
            ).fetchone()
            if row is None:
                raise InputError("there is no such project")
            append_audit(
                connection, "set-text-months", actor=f"person:{caller.person}", subject=f"project:{row[0]}",
                details={"months": months, "address": facts.address[:100]}, request=facts.request_id,
            )  # fmt: skip

    def add(self, summary: RunSummary, caller: Caller, facts: RequestFacts) -> bool:
        """Put a verified run into the token's project, with its audit line; False, and no change, where it is there."""
        project = caller.token_project
        assert project is not None
        with self._pool.connection() as connection:
            made = insert_run(connection, summary, caller.person, caller.token, project.project_id, project.project)
            if made is None:
                return False
            append_audit(
                connection, "push", actor=f"token:{caller.token}", subject=f"run:{made}",
                details={"seal": summary.seal, "address": facts.address[:100]}, request=facts.request_id,
            )  # fmt: skip
        return True

    def note_refused(self, problem: str, caller: Caller, facts: RequestFacts) -> None:
        """Put on record that a push was refused, and why."""
        with self._pool.connection() as connection:
            append_audit(
                connection, "push-refused", actor=f"token:{caller.token}",
                details={"problem": problem[:600], "address": facts.address[:100]}, request=facts.request_id,
            )  # fmt: skip


def insert_run(
    connection: psycopg.Connection[Any],
    summary: RunSummary,
    person: int | None,
    token: int | None,
    project_id: int,
    project: str,
) -> int | None:
    """Put a verified run with its files in, and the event that tells of it, in the caller's transaction.

    None where it is there already.
    """
    key = folder_key(project_id, project, summary.seal)
    made = connection.execute(
        "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, headline, "
        "exit, records, answers, files, size_bytes, signed_by, summary, pushed_by, pushed_with, verified_at, "
        "verified_exit, verified_with, scores_taken, folder, samples, taken) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, "
        "%s, %s, %s, %s, %s, %s, %s, %s, %s, now(), %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (project_id, seal_sha256) DO NOTHING RETURNING id",
        (
            project_id, summary.seal, summary.root, summary.kind, summary.served[:300], summary.subject,
            summary.verdict, summary.headline[:1000], summary.exit, summary.records, summary.answers,
            len(summary.files), summary.size, summary.signed_by, shortened(summary).decode(), person, token,
            summary.verified_exit, summary.verified_with[:100], summary.scores_taken,
            key if key != summary.seal else None, msgspec.json.encode(summary.samples).decode(),
            msgspec.json.encode(summary.taken).decode(),
        ),
    ).fetchone()  # fmt: skip
    if made is None:
        return None
    _add_files(connection, made[0], summary.files)
    for use in sorted(summary.suites, key=lambda each: (each.suite, each.recipient)):  # two pushes lock in one order
        connection.execute(
            "INSERT INTO steelyard.run_suite (run_id, suite, recipient, plan, lines) VALUES (%s, %s, %s, %s, %s)",
            (made[0], use.suite, use.recipient, summary.plan[:64], list(use.lines)),
        )
    note_run(
        connection, project_id, project, summary.seal, kind=summary.kind, subject=summary.subject,
        verdict=summary.verdict, words=(row.word for row in summary.rows), is_whole=summary.verified_exit == 0,
    )  # fmt: skip
    return int(made[0])


def _add_files(connection: psycopg.Connection[Any], run: int, files: Sequence[RunFile]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY steelyard.run_file (run_id, name, size_bytes, sha256) FROM STDIN") as copy,
    ):
        for each in files:
            copy.write_row((run, each.name, each.size, each.sha256))


def shortened(summary: RunSummary) -> bytes:
    """The summary as JSON without what has tables or columns of its own; with fewer rows where it is too long."""
    kept = msgspec.structs.replace(summary, files=(), suites=(), samples=(), taken=Taken())
    while len(data := msgspec.json.encode(kept)) > MAX_SUMMARY:
        rows = kept.rows[: len(kept.rows) // 2]
        kept = msgspec.structs.replace(
            kept,
            rows=rows,
            rows_left=kept.rows_left + len(kept.rows) - len(rows),
            findings=kept.findings[: len(kept.findings) // 2],
            notes=kept.notes[: len(kept.notes) // 2],
            tests=kept.tests[: len(kept.tests) // 2],
        )
    return data
