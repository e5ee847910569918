"""Which runs of a project asked the same samples: by the digest of these, as it stands in each sealed plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.server.runs.rows import LISTED, PAGE_SIZE, ListedRun
from steelyard.server.runs.summary import AskedSamples

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["LOOKED_AT", "SameSamples", "runs_beside", "runs_of_same_samples"]

LOOKED_AT: Final = 200  # of the newest runs
_RUNS: Final = (
    f"SELECT {LISTED}, r.answers, r.samples FROM steelyard.run r JOIN steelyard.project j ON j.id = r.project_id "  # noqa: S608
    "WHERE r.project_id = %s ORDER BY r.pushed_at DESC, r.id DESC LIMIT %s"
)


@dataclass
class SameSamples:
    """A task, and the runs (two or more) whose samples of it have one digest, the newest first, with their answers.

    ``withdrawn``: how many others there were, which can be compared no more.
    """

    task: str
    runs: list[tuple[ListedRun, int]] = field(default_factory=list)
    withdrawn: int = 0


def runs_of_same_samples(pool: ConnectionPool, project: int) -> tuple[list[SameSamples], bool]:
    """The groups among the newest runs of a project, and whether there are older runs that were not looked at."""
    with pool.connection() as connection:
        rows = connection.execute(_RUNS.encode(), (project, LOOKED_AT + 1)).fetchall()
    groups: dict[tuple[str, str], SameSamples] = {}
    for *listed, answers, samples in rows[:LOOKED_AT]:
        run = ListedRun(*listed)
        for each in msgspec.json.decode(samples, type=tuple[AskedSamples, ...]):
            group = groups.setdefault((each.task, each.digest), SameSamples(each.task))
            if run.is_withdrawn:
                group.withdrawn += 1
            else:
                group.runs.append((run, answers))
    return [each for each in groups.values() if len(each.runs) > 1], len(rows) > LOOKED_AT


def runs_beside(
    pool: ConnectionPool, project: int, run: int, before: int = 0, size: int = PAGE_SIZE
) -> tuple[list[tuple[ListedRun, int]], bool]:
    """Other runs of a project that share samples with a run, the newest first, with their answers; are there more?

    ``before`` is the id of the last run of the page before, 0 for the first page. Found by an index of digests, however
    many runs the project has.
    """
    earlier = (
        "AND (r.pushed_at, r.id) < (SELECT pushed_at, id FROM steelyard.run WHERE id = %(before)s "
        "AND project_id = %(project)s) "
    )
    query = (
        f"SELECT {LISTED}, r.answers FROM steelyard.run r JOIN steelyard.project j ON j.id = r.project_id "  # noqa: S608
        "WHERE r.project_id = %(project)s AND r.id <> %(run)s "
        "AND NOT EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = r.id) "
        "AND steelyard.digests_of(r.samples) && "
        "(SELECT steelyard.digests_of(samples) FROM steelyard.run WHERE id = %(run)s) "
        f"{earlier if before else ''}ORDER BY r.pushed_at DESC, r.id DESC LIMIT %(most)s"
    )
    asked = {"project": project, "run": run, "before": before, "most": size + 1}
    with pool.connection() as connection:
        rows = connection.execute(query.encode(), asked).fetchall()
    return [(ListedRun(*listed), answers) for *listed, answers in rows[:size]], len(rows) > size
