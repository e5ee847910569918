from __future__ import annotations

from packages.server.tests.jobs.yard import a_person
from steelyard_server.access.audit_names import Named, find_person, names_of
from steelyard_server.database.connection import Database


def test_what_is_there_has_a_name_and_what_is_not_or_is_no_reference_has_none(database: Database) -> None:
    person = a_person(database, "who is named")
    with database.connect() as connection:
        found = names_of(
            connection,
            (
                f"person:{person}",
                "project:1",
                "person:999999999999999999",
                "run:0",
                "x:1",
                "",
                "owner",
                "person:1;DROP",
            ),
        )
        assert found == {
            f"person:{person}": Named("who is named", f"/admin/people/{person}"),
            "project:1": Named("default", "/p/default/runs"),
        }
        kinds = ("token", "run", "job", "schedule", "webhook", "suite-version", "endpoint", "mapping")
        assert not names_of(connection, (f"{kind}:999999999" for kind in kinds)), "each query can be run"
        assert find_person(connection, "WHO is named") == f"person:{person}"
        assert find_person(connection, "nobody") == ""
