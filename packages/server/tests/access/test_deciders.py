"""Who could decide: by role in the project, by the server, and never who is disabled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import Folk, folk_of
from packages.server.tests.suites.yard import caller_of
from steelyard_server.access.callers import Role
from steelyard_server.access.deciders import in_words, people_reaching
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ""), (("ada",), "ada"), (("ada", "bob"), "ada or bob"), (("a", "b", "c"), "a, b or c"),
        (("a", "b", "c", "d"), "a, b, c or d"), (("a", "b", "c", "d", "e"), "a, b, c or 2 others"),
        (("a\nb",), "a b"),
    ],
)  # fmt: skip
def test_names_in_words(names: tuple[str, ...], said: str) -> None:
    assert in_words(dict(enumerate(names))) == said


def test_who_reaches_a_role(folk: Folk) -> None:
    people = {role: caller_of(folk) for role in ("viewer", "editor", "admin", "elsewhere", "server", "gone", "ended")}
    with folk.pool.connection() as connection:
        row = connection.execute("INSERT INTO steelyard.project (name) VALUES ('deciders') RETURNING id").fetchone()
        other = connection.execute("INSERT INTO steelyard.project (name) VALUES ('others') RETURNING id").fetchone()
        assert row is not None
        assert other is not None
        for name, (project, role) in {
            "viewer": (row, "viewer"), "editor": (row, "editor"), "admin": (row, "admin"),
            "elsewhere": (other, "admin"), "gone": (row, "admin"), "ended": (row, "admin"),
        }.items():  # fmt: skip
            connection.execute(
                "INSERT INTO steelyard.membership (person_id, project_id, role) VALUES (%s, %s, %s)",
                (people[name].person, project[0], role),
            )
        for query, name in (
            ("UPDATE steelyard.person SET is_admin = true WHERE id = %s", "server"),
            ("UPDATE steelyard.person SET disabled_at = now() WHERE id = %s", "gone"),
            ("UPDATE steelyard.membership SET ended_at = now() WHERE person_id = %s", "ended"),
        ):
            connection.execute(query.encode(), (people[name].person,))

        def found(least: Role, without: str = "") -> set[str]:
            listed = people_reaching(
                connection, row[0] if row else 0, least, "", without=people[without].person if without else None
            )
            return {name for name, caller in people.items() if caller.person in listed}

        assert found(Role.ADMIN) == {"admin", "server"}
        assert found(Role.ADMIN, "admin") == {"server"}
        assert found(Role.EDITOR) == {"editor", "admin", "server"}
        assert found(Role.VIEWER) == {"viewer", "editor", "admin", "server"}
        connection.rollback()
