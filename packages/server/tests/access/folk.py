"""People in a real database, as the pages make them, and what they do by its pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg_pool import ConnectionPool

from steelyard_server.access.callers import Caller
from steelyard_server.access.groups import Groups
from steelyard_server.access.members import Members
from steelyard_server.access.people import People
from steelyard_server.access.roles import roles_of
from steelyard_server.access.tokens import Tokens
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts

FACTS = RequestFacts("request 1", address="192.0.2.7")
ISSUER = "https://id.example"


@dataclass
class Folk:
    """All parts on one pool."""

    pool: ConnectionPool
    people: People = field(init=False)
    members: Members = field(init=False)
    tokens: Tokens = field(init=False)
    groups: Groups = field(init=False)

    def __post_init__(self) -> None:
        self.people, self.members = People(self.pool, ISSUER), Members(self.pool, ISSUER)
        self.tokens, self.groups = Tokens(self.pool, ISSUER), Groups(self.pool, ISSUER)

    def add(self, name: str, *, is_admin: bool = False, has_password: bool = True) -> int:
        """A person; the number."""
        query = "INSERT INTO steelyard.person (name, is_admin, password_hash) VALUES (%s, %s, %s) RETURNING id"
        found: int = self.ask(query, name, is_admin, "argon2…" if has_password else None)[0][0]
        return found

    def caller(self, person: int) -> Caller:
        """The person as their session would be."""
        name, is_admin = self.ask("SELECT name, is_admin FROM steelyard.person WHERE id = %s", person)[0]
        with self.pool.connection() as connection:
            is_admin, memberships = roles_of(connection, person, ISSUER, is_admin=is_admin)
        return Caller(person=person, name=name, session=1, is_admin=is_admin, memberships=memberships)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.pool.connection() as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def acts(self, number: int) -> list[str]:
        """The last acts of the audit log, the oldest first."""
        rows = self.ask("SELECT act FROM steelyard.audit ORDER BY sequence DESC LIMIT %s", number)
        return [row[0] for row in reversed(rows)]


@contextmanager
def folk_of(database: Database) -> Iterator[Folk]:
    """On a database for the length of the block."""
    with database.pool(3) as pool:
        yield Folk(pool)
