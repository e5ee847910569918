"""Sets of answers that people label for a judge: each labeller sees their own labels alone; the last one counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.suites.labels import AnswerToLabel, Label, answers_digest, read_answers
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts

__all__ = ["MAX_ANSWERS", "LabelSet", "LabelSets", "Labeller", "read_label_file"]

MAX_ANSWERS: Final = 2_000
_LISTED: Final = 100
_LAST: Final = (
    "SELECT DISTINCT ON (person_id, place) person_id, place, label, at FROM steelyard.label WHERE set_id = %s "
    "ORDER BY person_id, place, id DESC"
)


@dataclass(frozen=True)
class LabelSet:
    """A set as it was brought."""

    id: int
    title: str
    answers: int
    brought_by: str
    brought_at: datetime


@dataclass(frozen=True)
class Labeller:
    """Somebody who labels a set: how many answers, those counted that they could not say."""

    person: int
    name: str
    labels: int


def read_label_file(path: Path) -> list[AnswerToLabel]:
    """What is to be labelled, without labels that stand in the file; raises InputError with the line."""
    found = read_answers(path)
    if len(found) > MAX_ANSWERS:
        raise InputError(f"has {len(found):,} answers, and a set here at most {MAX_ANSWERS:,}")
    empty = {"label": "", "labeller": "", "second": "", "second_labeller": ""}
    return [msgspec.structs.replace(each, **empty) for each in found]


class LabelSets:
    """The sets in the database, each of a suite in a project. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def listed(self, project: int, suite: str) -> list[LabelSet]:
        """The sets of a suite, the newest first."""
        with reading(self._pool) as connection:
            return _sets(connection, "s.project_id = %s AND s.suite = %s", (project, suite))

    def find(self, project: int, suite: str, number: int) -> LabelSet | None:
        """One of them."""
        with reading(self._pool) as connection:
            found = _sets(connection, "s.project_id = %s AND s.suite = %s AND s.id = %s", (project, suite, number))
        return next(iter(found), None)

    def add(
        self, project: int, suite: str, title: str, answers: list[AnswerToLabel], caller: Caller, facts: RequestFacts
    ) -> int:
        """Put a set in; its number."""
        with self._pool.connection() as connection:
            made = insert_one(
                connection,
                "INSERT INTO steelyard.label_set (project_id, suite, title, sha256, answers, brought_by) "
                "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
                (project, suite, title, answers_digest(answers), len(answers), caller.person),
            )
            with (
                connection.cursor() as cursor,
                cursor.copy("COPY steelyard.label_answer (set_id, place, id, answer) FROM STDIN") as copy,
            ):
                for place, each in enumerate(answers, 1):
                    copy.write_row((made, place, each.id, canonical(without_defaults(each)).decode()))
            more = {"answers": len(answers), "suite": suite}
            audit_act(connection, "bring-answers", f"person:{caller.person}", facts, f"label-set:{made}", more)
        return made

    def answers(self, number: int) -> list[AnswerToLabel]:
        """What is labelled, in its order."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT answer FROM steelyard.label_answer WHERE set_id = %s ORDER BY place", (number,)
            ).fetchall()
        return [msgspec.json.decode(answer, type=AnswerToLabel) for (answer,) in rows]

    def answer(self, number: int, place: int) -> AnswerToLabel | None:
        """One answer, by its place from 1."""
        with reading(self._pool) as connection:
            row = connection.execute(
                "SELECT answer FROM steelyard.label_answer WHERE set_id = %s AND place = %s",
                (number, min(place, 2**31 - 1)),
            ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=AnswerToLabel)

    def label(self, number: int, place: int, label: str, caller: Caller, facts: RequestFacts) -> None:
        """Put a label on record, which counts in place of the caller's last one; raises InputError for what is none."""
        if label not in ("yes", "no", "unsure"):
            raise InputError("choose one of the buttons")
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO steelyard.label (set_id, place, label, person_id) VALUES (%s, %s, %s, %s)",
                (number, place, label, caller.person),
            )
            audit_act(
                connection, "label-answer", f"person:{caller.person}", facts, f"label-set:{number}", {"place": place}
            )

    def of_person(self, number: int, person: int | None) -> dict[int, Literal["yes", "no", "unsure"]]:
        """The labels of one person, by place."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                f"SELECT place, label FROM ({_LAST}) l WHERE person_id = %s".encode(),  # noqa: S608 — our own words
                (number, person),
            ).fetchall()
        return dict(rows)

    def labellers(self, number: int) -> list[Labeller]:
        """Who labels a set, those with the most labels first."""
        query = (
            f"SELECT p.id, p.name, count(*) FROM ({_LAST}) l JOIN steelyard.person p ON p.id = l.person_id "  # noqa: S608
            "GROUP BY p.id, p.name ORDER BY 3 DESC, min(l.at), p.id"
        )
        with reading(self._pool) as connection:
            return [Labeller(*row) for row in connection.execute(query.encode(), (number,)).fetchall()]

    def saved(self, number: int, person: int | None, name: str) -> bytes:
        """One person's labels as the file that the page of labels saves, under this ``name``."""
        labels = self.of_person(number, person)
        lines = [
            Label(id=answer.id, label=labels[place], labeller=name)
            for place, answer in enumerate(self.answers(number), 1)
            if place in labels
        ]
        return b"".join(canonical(without_defaults(line)) + b"\n" for line in lines)


def _sets(connection: psycopg.Connection[Any], condition: str, values: tuple[object, ...]) -> list[LabelSet]:
    query = (
        "SELECT s.id, s.title, s.answers, p.name, s.brought_at FROM steelyard.label_set s "  # noqa: S608 — our words
        f"JOIN steelyard.person p ON p.id = s.brought_by WHERE {condition} ORDER BY s.id DESC LIMIT {_LISTED}"
    )
    return [LabelSet(*row) for row in connection.execute(query.encode(), values).fetchall()]
