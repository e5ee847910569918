"""Which runs of a project asked the same samples: by the digest of these, as it stands in each sealed plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard_server.database.reading import reading
from steelyard_server.runs.rows import LISTED, PAGE_SIZE, ListedRun
from steelyard_server.runs.summary import AskedSamples

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

__all__ = ["LOOKED_AT", "SameSamples", "SameSamplesPage", "runs_beside", "runs_of_same_samples"]

LOOKED_AT: Final = 200  # of the newest runs
GROUPS: Final = 20  # of a page
RUNS: Final = 30  # of a group
_KEY: Final = 16  # digits, in 0020_lists_read_no_texts.sql
_ASKED: Final = (
    "SELECT r.id, r.sample_keys, EXISTS (SELECT FROM steelyard.run_withdrawn d WHERE d.run_id = r.id) "
    "FROM steelyard.run r WHERE r.project_id = %s ORDER BY r.pushed_at DESC, r.id DESC LIMIT %s"
)
_LISTED: Final = (
    f"SELECT {LISTED}, r.answers, CASE WHEN r.id = ANY (%s) THEN r.samples ELSE '[]' END FROM steelyard.run r "  # noqa: S608
    "JOIN steelyard.project j ON j.id = r.project_id WHERE r.id = ANY (%s)"
)
_SAMPLES: Final = msgspec.json.Decoder(tuple[AskedSamples, ...])


@dataclass
class SameSamples:
    """A task, and the runs (two or more) whose samples of it have one digest, the newest first, with their answers.

    At most 30 of them, ``left`` says how many more there are; ``withdrawn``: how many others there were, which can be
    compared no more. ``key`` names the group in an address.
    """

    task: str
    key: str
    runs: list[tuple[ListedRun, int]]
    left: int
    withdrawn: int


@dataclass(frozen=True)
class SameSamplesPage:
    """A page of groups; ``after`` is the key from which the next one goes on, "" on the last.

    ``is_cut``: there are older runs, which were not looked at.
    """

    groups: list[SameSamples]
    after: str
    is_cut: bool


@dataclass
class _Group:
    key: str
    place: int  # among the samples of its first run
    ids: list[int] = field(default_factory=list)
    withdrawn: int = 0


def runs_of_same_samples(pool: ConnectionPool, project: int, after: str = "", size: int = GROUPS) -> SameSamplesPage:
    """Groups among the newest runs of a project, by the newest of their runs, from behind the one with this key."""
    with reading(pool) as connection:
        rows = connection.execute(_ASKED, (project, LOOKED_AT + 1)).fetchall()
        groups = _grouped(rows[:LOOKED_AT])
        first = next((place for place, each in enumerate(groups, 1) if each.key == after), 0)
        shown = groups[first : first + size]
        ids, named = {number for each in shown for number in each.ids[:RUNS]}, {each.ids[0] for each in shown}
        listed = connection.execute(_LISTED.encode(), (list(named), list(ids))).fetchall() if ids else []
    found = {row[0]: (ListedRun(*row[:-2]), row[-2]) for row in listed}
    samples = {row[0]: _SAMPLES.decode(row[-1]) for row in listed if row[0] in named}
    return SameSamplesPage(
        [
            SameSamples(
                samples[each.ids[0]][each.place].task, each.key, [found[number] for number in each.ids[:RUNS]],
                max(0, len(each.ids) - RUNS), each.withdrawn,
            )
            for each in shown
        ],
        shown[-1].key if first + size < len(groups) else "",
        len(rows) > LOOKED_AT,
    )  # fmt: skip


def _grouped(rows: Iterable[tuple[int, str, bool]]) -> list[_Group]:
    """The groups of two runs or more that were not withdrawn."""
    groups: dict[str, _Group] = {}
    for number, keys, is_withdrawn in rows:
        for place in range(len(keys) // _KEY):
            key = keys[_KEY * place : _KEY * (place + 1)]
            group = groups.get(key)
            if group is None:
                group = groups[key] = _Group(key, place)
            if is_withdrawn:
                group.withdrawn += 1
                continue
            if not group.ids:
                group.place = place
            group.ids.append(number)
    return [each for each in groups.values() if len(each.ids) > 1]


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
    with reading(pool) as connection:
        rows = connection.execute(query.encode(), asked).fetchall()
    return [(ListedRun(*listed), answers) for *listed, answers in rows[:size]], len(rows) > size
