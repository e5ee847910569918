"""The questions of a withdrawn run, taken out of what its jobs were given and out of the schedules that ask them.

A schedule holds a copy of its own of what it asks, and would ask it again. Which ones are found by the rows of the
text, however they are written, where jobs of this server made the run, and by the digest of the samples in the plans of
a schedule's runs, where it was pushed. One row is enough. A schedule without its questions is off for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from steelyard.evidence.canonical import canonical

if TYPE_CHECKING:
    import psycopg

__all__ = ["remove_questions"]

_EMPTY: Final = "UPDATE steelyard.schedule SET specification = %s, is_on = false, withdrawn_at = now() WHERE id = %s"


def remove_questions(connection: psycopg.Connection[Any], run: int) -> None:
    """Take them out, as the owner and in the caller's transaction, in which the run with this number was withdrawn."""
    jobs = connection.execute(
        "SELECT id, specification, state IN ('finished', 'failed', 'cancelled') FROM steelyard.job "
        "WHERE coalesce(resumes, id) IN (SELECT coalesce(resumes, id) FROM steelyard.job WHERE run_id = %s) "
        "ORDER BY id",
        (run,),
    ).fetchall()
    gone = {row for _, asked, _ in jobs for text in _questions(asked).values() for row in _rows(text)}
    _empty_schedules(connection, run, gone)
    for job, asked, has_ended in jobs:
        if has_ended and (questions := _questions(asked)):
            _write(connection, "UPDATE steelyard.job SET specification = %s WHERE id = %s", job, asked, questions)


def _empty_schedules(connection: psycopg.Connection[Any], run: int, gone: set[str]) -> None:
    row = connection.execute("SELECT project_id, samples FROM steelyard.run WHERE id = %s", (run,)).fetchone()
    assert row is not None
    project, samples = row
    digests = {digest for _, digest in _samples(samples)}
    rows = connection.execute(
        "SELECT id, specification FROM steelyard.schedule WHERE project_id = %s ORDER BY id", (project,)
    ).fetchall()
    for schedule, asked in rows:
        questions = {name: text for name, text in _questions(asked).items() if text}
        if not questions:
            continue
        same = {name for name, text in questions.items() if not gone.isdisjoint(_rows(text))}
        same |= {task for task, digest in _asked_by(connection, schedule) if digest in digests} & questions.keys()
        if same:
            _write(connection, _EMPTY, schedule, asked, same)


def _asked_by(connection: psycopg.Connection[Any], schedule: int) -> list[tuple[str, str]]:
    """Task and digest of all samples in the plans of a schedule's runs."""
    rows = connection.execute(
        "SELECT DISTINCT r.samples FROM steelyard.job l JOIN steelyard.job j ON j.id = l.id OR j.resumes = l.id "
        "JOIN steelyard.run r ON r.id = j.run_id WHERE l.schedule_id = %s",
        (schedule,),
    ).fetchall()
    return [each for (samples,) in rows for each in _samples(samples)]


def _samples(text: str) -> list[tuple[str, str]]:
    return [(str(each.get("task", "")), str(each.get("digest", ""))) for each in json.loads(text)]


def _questions(asked: str) -> dict[str, str]:
    found = json.loads(asked).get("questions")
    return dict(found) if isinstance(found, dict) else {}


def _rows(text: str) -> Iterator[str]:
    """A digest of what each row says, whatever its spaces, escapes and order of fields; else of the line as it is."""
    for line in text.removeprefix("\ufeff").split("\n"):
        if not (said := line.strip()):
            continue
        with suppress(ValueError, RecursionError):
            said = json.dumps(json.loads(said), sort_keys=True)
        yield hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _write(connection: psycopg.Connection[Any], change: str, row: int, asked: str, names: Iterable[str]) -> None:
    document = json.loads(asked)
    document["questions"] = {**document["questions"], **dict.fromkeys(names, "")}
    connection.execute(change.encode(), (canonical(document).decode(), row))
