"""The models of a project, by the names that runs give them, with the last run of each kind: a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steelyard_server.database.reading import reading
from steelyard_server.runs.costs import taken_of
from steelyard_server.runs.rows import LISTED, ListedRun
from steelyard_server.runs.summary import Taken

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["CHECKS", "ModelRow", "models_page"]

# What is asked of a model: its vendor's claims, whether it is the file that one has, whether it passes one's own bar.
CHECKS: Final = ("audit", "identity", "gate")
# A choice is about several models, and a recording is of whatever another program asked.
_OF_A_MODEL: Final = ("audit", "run", "gate", "identity", "import")


@dataclass(frozen=True)
class ModelRow:
    """A model, its last run of each kind in ``CHECKS``, its last run of any kind, and what the calls of that took.

    ``audited`` is what the last audit took, None where there is none.
    """

    subject: str
    last: ListedRun
    taken: Taken
    checks: dict[str, ListedRun]
    audited: Taken | None = None


# Each name is found by a look into the index for the first one behind the name before, so that a model of a million
# runs costs what a model of one run does.
_SUBJECTS: Final = """
WITH RECURSIVE name (subject, place) AS (
    SELECT (SELECT min(subject) FROM steelyard.run WHERE project_id = %(project)s AND subject > %(after)s), 1
    UNION ALL
    SELECT (SELECT min(r.subject) FROM steelyard.run r WHERE r.project_id = %(project)s AND r.subject > name.subject),
        place + 1
    FROM name WHERE name.subject IS NOT NULL AND place <= %(size)s
)
SELECT subject FROM name WHERE subject IS NOT NULL
"""
_LAST: Final = f"""
SELECT {LISTED}
FROM unnest(%(subjects)s::text[]) AS name (subject)
CROSS JOIN unnest(%(kinds)s::text[]) AS wanted (kind)
CROSS JOIN LATERAL (
    SELECT * FROM steelyard.run x
    WHERE project_id = %(project)s AND subject = name.subject AND kind = wanted.kind
        AND NOT EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = x.id)
    ORDER BY pushed_at DESC, id DESC LIMIT 1
) r
JOIN steelyard.project j ON j.id = r.project_id
"""  # noqa: S608 — our own words


def models_page(pool: ConnectionPool, project: int, after: str = "", size: int = 50) -> tuple[list[ModelRow], str]:
    """The models of a project by name, from behind ``after``; and the name from which the next page goes on, or ""."""
    with reading(pool) as connection:
        asked = {"project": project, "after": after, "size": size}
        names = [name for (name,) in connection.execute(_SUBJECTS.encode(), asked).fetchall()]
        shown = names[:size]
        found = connection.execute(
            _LAST.encode(), {"project": project, "subjects": shown, "kinds": list(_OF_A_MODEL)}
        ).fetchall()
        last: dict[str, dict[str, ListedRun]] = {}
        for columns in found:
            run = ListedRun(*columns)
            last.setdefault(run.subject, {})[run.kind] = run
        newest = {name: max(runs.values(), key=lambda run: (run.pushed_at, run.id)) for name, runs in last.items()}
        audits = {name: runs["audit"].id for name, runs in last.items() if "audit" in runs}
        taken = taken_of(connection, [*(run.id for run in newest.values()), *audits.values()])
    rows = [
        ModelRow(
            name, newest[name], taken[newest[name].id], {k: r for k, r in last[name].items() if k in CHECKS},
            taken[audits[name]] if name in audits else None,
        )
        for name in shown
        if name in newest
    ]  # fmt: skip
    return rows, shown[-1] if len(names) > size else ""
