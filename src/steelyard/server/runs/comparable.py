"""Which runs of a project asked the same samples: by the digest of these, as it stands in each sealed plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.server.runs.rows import LISTED, ListedRun
from steelyard.server.runs.summary import AskedSamples

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["LOOKED_AT", "SameSamples", "runs_of_same_samples"]

LOOKED_AT: Final = 200  # of the newest runs
_RUNS: Final = (
    f"SELECT {LISTED}, r.answers, r.samples FROM steelyard.run r JOIN steelyard.project j ON j.id = r.project_id "  # noqa: S608
    "WHERE r.project_id = %s ORDER BY r.pushed_at DESC, r.id DESC LIMIT %s"
)


@dataclass
class SameSamples:
    """A task, and the runs (two or more) whose samples of it have one digest, the newest first, with their answers."""

    task: str
    runs: list[tuple[ListedRun, int]] = field(default_factory=list)


def runs_of_same_samples(pool: ConnectionPool, project: int) -> tuple[list[SameSamples], bool]:
    """The groups among the newest runs of a project, and whether there are older runs that were not looked at."""
    with pool.connection() as connection:
        rows = connection.execute(_RUNS.encode(), (project, LOOKED_AT + 1)).fetchall()
    groups: dict[tuple[str, str], SameSamples] = {}
    for *listed, answers, samples in rows[:LOOKED_AT]:
        run = ListedRun(*listed)
        for each in msgspec.json.decode(samples, type=tuple[AskedSamples, ...]):
            group = groups.setdefault((each.task, each.digest), SameSamples(each.task))
            group.runs.append((run, answers))
    return [each for each in groups.values() if len(each.runs) > 1], len(rows) > LOOKED_AT
