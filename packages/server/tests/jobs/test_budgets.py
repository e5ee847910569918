from __future__ import annotations

from decimal import Decimal

import pytest
from psycopg.errors import InsufficientPrivilege

from packages.server.tests.jobs.yard import an_endpoint
from steelyard.errors import InputError
from steelyard_server.database.connection import Database
from steelyard_server.jobs.budgets import budgets_of, set_budget


def test_a_budget_is_for_one_endpoint_or_for_all_and_is_changed_in_place(database: Database, person: int) -> None:
    name = an_endpoint(database, "http://127.0.0.1:1/budgets/v1")
    with database.connect() as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES ('thrifty') ON CONFLICT DO NOTHING")
        first = set_budget(connection, "thrifty", name, person, cost=Decimal("10.50"))
        whole = set_budget(connection, "thrifty", "", person, tokens=10**6)
        assert set_budget(connection, "thrifty", name.upper(), person, cost=Decimal(12), tokens=500) == first
        found = budgets_of(connection, "thrifty")
    assert [(each.id, each.endpoint, each.cost, each.tokens) for each in found] == [
        (whole, "", None, 10**6), (first, name, Decimal(12), 500),
    ]  # fmt: skip
    for each in found:
        assert each.spent_cost + each.spent_tokens + each.reserved_cost + each.reserved_tokens == 0


def test_the_application_does_not_write_what_was_spent(database: Database) -> None:
    for table in ("spending", "reservation"):
        with database.connect() as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(f"DELETE FROM steelyard.{table}".encode())
        with database.connect() as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(f"UPDATE steelyard.{table} SET month = month".encode())


@pytest.mark.parametrize(("cost", "tokens"), [(Decimal(-1), None), (Decimal("NaN"), None), (None, -1)])
def test_what_is_no_amount_is_refused(
    database: Database, person: int, cost: Decimal | None, tokens: int | None
) -> None:
    with database.connect() as connection, pytest.raises(InputError, match="from 0 on"):
        set_budget(connection, "default", "", person, cost=cost, tokens=tokens)


def test_a_budget_is_of_a_project_and_an_endpoint_that_there_are(database: Database, person: int) -> None:
    with database.connect() as connection:
        with pytest.raises(InputError, match="no endpoint 'nowhere'"):
            set_budget(connection, "default", "nowhere", person, tokens=1)
        with pytest.raises(InputError, match="no project 'nowhere'"):
            set_budget(connection, "nowhere", "", person, tokens=1)
