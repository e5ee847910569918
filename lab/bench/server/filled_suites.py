"""Suites of a filled platform: a large one that is reviewed in part, small ones with versions, and a set of labels."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import SuiteItem
from steelyard.suites.labels import AnswerToLabel
from steelyard.suites.review import Change, seen_digest
from steelyard_server.suites.summary import SeenBy, SuiteSummary

SMALL, VERSIONS, ANSWERS = 12, 8, 1_000


def add_suites(connection: Any, project: int, name: str, items: int, decisions: int) -> tuple[str, int]:
    """The digest of the large suite, and how many items it has."""
    for number in range(SMALL):
        for version in range(1, VERSIONS + 1):
            _add_suite(connection, project, f"suite-{number}", version, 50)
    large, digest = _add_suite(connection, project, name, 1, items)
    _add_decisions(connection, large, decisions)
    _add_labels(connection, project, name)
    return digest, items


def _add_suite(connection: Any, project: int, name: str, version: int, items: int) -> tuple[int, str]:
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    summary = SuiteSummary(
        name=name, number=version, digest=digest, about="Questions of our customers", language="en", items=items,
        without_answer=0, with_images=0, variants=0, groups=0, categories=(("pumps", items),), difficulty=(),
        prompts=("plain",), scorer="answer", choices=(), endpoints=(), readers=(), sealed_at="", signed_by="",
        released=0, reviewed=0, seen=tuple(SeenBy(recipient=f"https://{n}.example:443/v1", items=9) for n in range(20)),
    )  # fmt: skip
    row = connection.execute(
        "INSERT INTO steelyard.suite_version (project_id, name, number, digest, content, items, files, size_bytes, "
        "facts, brought_by) VALUES (%s, %s, %s, %s, %s, %s, 2, %s, %s, 1) RETURNING id",
        (project, name, version, digest, digest, items, 400 * items, msgspec.json.encode(summary).decode()),
    ).fetchone()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY steelyard.suite_item (version_id, place, id, line, sha256, item, decision, change) FROM STDIN"
        ) as copy,
    ):
        for place in range(1, items + 1):
            item = _item(place)
            copy.write_row(
                (row[0], place, item.id, place, seen_digest(item), canonical(without_defaults(item)).decode(), "", "")
            )
    connection.execute("SELECT steelyard.begin_review(%s)", (row[0],))
    for file, content in (("suite.yaml", b"suite: x\n"), ("samples.jsonl", b"x" * (400 * items))):
        connection.execute(
            "INSERT INTO steelyard.suite_file (version_id, name, sha256, content) VALUES (%s, %s, %s, %s)",
            (row[0], file, hashlib.sha256(content).hexdigest(), content),
        )
    return row[0], digest


def _item(place: int) -> SuiteItem:
    return SuiteItem(
        id=f"q{place}", question=f"Who mends pump {place}? " + "It has stood still since this morning. " * 6,
        answer=f"team {place % 17}", tags=("pumps",), canary=f"{place:032x}",
    )  # fmt: skip


def _add_decisions(connection: Any, version: int, number: int) -> None:
    """Of the first items, as a reviewer goes through them; every fourth one is decided twice."""
    changes = [(place, Change(item=f"q{place}", decision="keep")) for place in range(1, number + 1)]
    changes += [(place, Change(item=f"q{place}", decision="drop", reason="no")) for place in range(4, number + 1, 4)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO steelyard.suite_decision (version_id, item, before, after, decision, change, person_id) "
            "SELECT version_id, id, sha256, CASE %(kind)s WHEN 'drop' THEN '' ELSE sha256 END, %(kind)s, %(change)s, 1 "
            "FROM steelyard.suite_item WHERE version_id = %(version)s AND place = %(place)s",
            [
                {
                    "kind": each.decision, "place": place, "version": version,
                    "change": canonical(without_defaults(each)).decode(),
                }
                for place, each in changes
            ],
        )  # fmt: skip
    connection.execute(
        "INSERT INTO steelyard.suite_view (version_id, person_id, place, number) SELECT %s, p.id, place, place "
        "FROM steelyard.person p, generate_series(1, %s) place WHERE p.id <= 10",
        (version, number),
    )


def _add_labels(connection: Any, project: int, suite: str) -> None:
    """A set that five people have labelled."""
    row = connection.execute(
        "INSERT INTO steelyard.label_set (project_id, suite, title, sha256, answers, brought_by) "
        "VALUES (%s, %s, 'judge of May', %s, %s, 1) RETURNING id",
        (project, suite, "0" * 64, ANSWERS),
    ).fetchone()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO steelyard.label_answer (set_id, place, id, answer) VALUES (%s, %s, %s, %s)",
            [(row[0], place, f"a{place}", _answer(place)) for place in range(1, ANSWERS + 1)],
        )
    connection.execute(
        "INSERT INTO steelyard.label (set_id, place, label, person_id) SELECT %s, place, 'yes', p.id "
        "FROM steelyard.person p, generate_series(1, %s) place WHERE p.id <= 5",
        (row[0], ANSWERS),
    )


def _answer(place: int) -> str:
    found = AnswerToLabel(
        id=f"a{place}",
        question=f"Who mends pump {place}?",
        answer="The team of the night. " * 20,
        criterion="It names a team.",
    )
    return canonical(without_defaults(found)).decode()
