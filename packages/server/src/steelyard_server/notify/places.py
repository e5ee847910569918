"""Where webhooks may be sent: an administrator's list of scheme, host and port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.database.reading import reading
from steelyard_server.notify.sealed import address_of

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.notify.form import Target

__all__ = ["Place", "Places"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the list; ``webhooks`` counts those that go there."""

    id: int
    address: str
    made_at: datetime
    webhooks: int


class Places:
    """The list. Each change is one transaction, with its audit line."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def all(self) -> list[Place]:
        """Those that count now, by host."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT p.id, p.scheme, p.host, p.port, p.made_at, (SELECT count(*) FROM steelyard.webhook w "
                "WHERE (w.scheme, w.host, w.port) = (p.scheme, p.host, p.port) AND w.retired_at IS NULL) "
                "FROM steelyard.webhook_place p WHERE p.retired_at IS NULL ORDER BY p.host, p.port, p.scheme LIMIT 500"
            ).fetchall()
        return [
            Place(number, address_of(scheme, host, port), made_at, webhooks)
            for number, scheme, host, port, made_at, webhooks in rows
        ]

    def add(self, target: Target, caller: Caller, facts: RequestFacts) -> None:
        """Add a place; raises InputError where it is there already."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO steelyard.webhook_place (scheme, host, port, made_by) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING RETURNING id",
                (target.scheme, target.host, target.port, caller.person),
            ).fetchone()
            if row is None:
                raise InputError("this place is in the list already")
            more = {"place": address_of(target.scheme, target.host, target.port)}
            audit_act(connection, "add-webhook-place", f"person:{caller.person}", facts, f"place:{row[0]}", more)

    def retire(self, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Take a place out: nothing is sent there any more."""
        with self._pool.connection() as connection:
            taken = connection.execute(
                "UPDATE steelyard.webhook_place SET retired_at = now() WHERE id = %s AND retired_at IS NULL", (number,)
            ).rowcount
            if taken:
                audit_act(connection, "retire-webhook-place", f"person:{caller.person}", facts, f"place:{number}")
