"""How often jobs of a project asked a model about the same: whoever tries often enough gets any verdict once.

Questions of somebody's own are the same under any name: a job's process says with its progress which items its plan
has. A job counts from its sealed plan on, whether it finished, failed, was cancelled or still runs: from then on
somebody can see how it goes, and stop it. One that goes on with another counts once with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.claims.benchmarks import key_of, lookup
from steelyard.claims.sheet import sheet_of
from steelyard.errors import InputError
from steelyard.util.text import one_line
from steelyard_server.jobs.messages import read_progress

if TYPE_CHECKING:
    import psycopg

__all__ = ["Try", "asked_tasks", "named_tasks", "other_tries"]

_LOOKED_AT: Final = 500  # the newest jobs of the same model at the same endpoint
_MOST_TASKS: Final = 1_000
_LONGEST_SHEET: Final = 200_000  # characters that are read, as of a pasted one: reading takes a second for 250,000
_QUERY: Final = (
    "WITH own AS (SELECT b.id, b.project_id, b.endpoint_id, b.model FROM steelyard.job j "
    "JOIN steelyard.job b ON b.id = coalesce(j.resumes, j.id) WHERE j.id = %(job)s AND j.project_id = %(project)s), "
    "later AS MATERIALIZED (SELECT DISTINCT ON (j.resumes) j.resumes, j.id, j.state, j.run_id, j.progress, "
    "max(j.stored_run_id) OVER (PARTITION BY j.resumes) AS stored FROM steelyard.job j "
    "WHERE j.project_id = %(project)s AND j.resumes IS NOT NULL ORDER BY j.resumes, j.id DESC) "
    "SELECT coalesce(l.id, b.id), coalesce(l.state, b.state), coalesce(r.seal_sha256, ''), b.id = own.id, b.tasks, "
    "b.progress, coalesce(l.progress, '') "
    "FROM own JOIN steelyard.job b ON b.project_id = own.project_id AND b.model = own.model AND b.resumes IS NULL "
    "AND b.endpoint_id IS NOT DISTINCT FROM own.endpoint_id LEFT JOIN later l ON l.resumes = b.id "
    "LEFT JOIN steelyard.run r ON r.id = coalesce(l.run_id, b.run_id) "
    "WHERE coalesce(b.stored_run_id, l.stored) IS NOT NULL "
    "ORDER BY b.id = own.id DESC, b.id DESC LIMIT %(most)s"
)


@dataclass(frozen=True, slots=True)
class Try:
    """A job that asked the same; ``seal`` is that of the run that it made, "" where it made none."""

    job: int
    state: str
    seal: str


def other_tries(connection: psycopg.Connection[Any], project: int, job: int) -> tuple[Try, ...]:
    """The other jobs of a project that began to ask the same model about a benchmark of this job, the newest first.

    Of the newest 500 of that model at that endpoint. A sheet that cannot be read, or is longer than any, counts as one
    of the same.
    """
    values = {"project": project, "job": job, "most": _LOOKED_AT}
    rows = connection.execute(_QUERY.encode(), values).fetchall()
    own = next((_keys(*asked) for _, _, _, is_own, *asked in rows if is_own), frozenset())
    found = []
    for number, state, seal, is_own, *asked in rows:
        other = _keys(*asked)
        if not is_own and (own & other or not own or not other):
            found.append(Try(number, state, seal))
    return tuple(found)


def asked_tasks(tasks: Iterable[str]) -> tuple[str, ...]:
    """The tasks of a job's row as they are shown: at most 20, each on one line."""
    return tuple(dict.fromkeys(one_line(each, 80) for each in tasks))[:20]


def named_tasks(specification: str | bytes) -> list[str]:
    """All that it names, at most 1,000, a sheet read as the job reads it: what a job's row keeps of its specification.

    Empty for a sheet that cannot be read, or is longer than any.
    """
    asks = msgspec.json.decode(specification)
    named = _named(asks.get("sheet"), asks.get("task"), asks.get("questions") or ())
    return list(dict.fromkeys(each.replace("\0", "\N{REPLACEMENT CHARACTER}") for each in named))[:_MOST_TASKS]


def _keys(tasks: list[str], *progress: str) -> frozenset[str]:
    """What a job asks: benchmarks by their names, and questions of somebody's own by what they are, too."""
    told = (read_progress(each) for each in progress)
    return frozenset(_key(each) for each in tasks).union(*(each.own for each in told if each is not None))


def _named(sheet: str | None, task: str | None, questions: Any) -> Iterator[str]:
    if sheet:
        yield from _tasks_of(sheet)
    elif task:
        yield task
    else:
        yield from questions


def _tasks_of(sheet: str) -> list[str]:
    if len(sheet) > _LONGEST_SHEET:
        return []
    try:
        return [each.task for each in sheet_of(sheet).claims]
    except InputError:
        return []


def _key(name: str) -> str:
    known = lookup(name)
    return key_of(known.id if known else name)
