"""The webhooks of a project: added, tested, switched off and on, retired; their secrets are shown once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.database.reading import reading
from steelyard_server.endpoints.rows import lock_keys
from steelyard_server.events import TEST, note_event
from steelyard_server.notify.sealed import about_webhook, address_of
from steelyard_server.notify.signing import new_signing_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller, Membership
    from steelyard_server.encryption.key_file import SecretKeyFile
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.notify.form import Target

__all__ = ["MAX_WEBHOOKS", "OLD_SECRET_HOURS", "Attempt", "Webhook", "Webhooks", "switch_off"]

MAX_WEBHOOKS: Final = 20  # of a project
OLD_SECRET_HOURS: Final = 24
_LISTED_DAYS: Final = 7
_LISTED: Final = 100
_COLUMNS: Final = (
    "w.id, w.scheme, w.host, w.port, w.path, w.kinds, w.made_at, w.failing_since, w.disabled_at, w.disabled_because, "
    "(SELECT count(*) FROM steelyard.webhook_key s WHERE s.webhook_id = w.id AND s.sealed IS NOT NULL "
    "AND (s.ends_at IS NULL OR s.ends_at > now())), EXISTS (SELECT FROM steelyard.webhook_place p "
    "WHERE (p.scheme, p.host, p.port) = (w.scheme, w.host, w.port) AND p.retired_at IS NULL)"
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that is not retired. ``secrets`` counts those that sign now; ``is_allowed``: its place is in the list.

    ``failing_since`` is None where the last attempt was taken, ``disabled_at`` where it is on.
    """

    id: int
    scheme: str
    host: str
    port: int
    path: str
    kinds: tuple[str, ...]
    made_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: str
    secrets: int
    is_allowed: bool

    @property
    def address(self) -> str:
        """Its URL."""
        return address_of(self.scheme, self.host, self.port, self.path)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An event on its way, or one attempt at it: ``state`` is that of the delivery, ``status`` HTTP's, None without."""

    message: str
    kind: str
    made_at: datetime
    state: str
    next_at: datetime
    attempt: int
    at: datetime | None
    status: int | None
    problem: str
    reply: str


class Webhooks:
    """What a project's admins do with webhooks. Each method is one transaction, with its audit line."""

    def __init__(self, pool: ConnectionPool, key_file: SecretKeyFile) -> None:
        self._pool = pool
        self._key_file = key_file

    def of_project(self, project: Membership) -> list[Webhook]:
        """Those of a project, the newest first."""
        with reading(self._pool) as connection:
            return _found(connection, project, "ORDER BY w.id DESC")

    def find(self, project: Membership, number: int) -> Webhook | None:
        """The webhook of a project with this number."""
        with reading(self._pool) as connection:
            found = _found(connection, project, "AND w.id = %s", number)
        return found[0] if found else None

    def attempts(self, project: Membership, number: int) -> list[Attempt]:
        """What was sent to a webhook in the last seven days, or waits to be, the newest first, at most 100."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT e.message, e.kind, d.made_at, d.state, d.next_at, coalesce(a.attempt, d.attempt), a.at, "
                "a.status, coalesce(a.problem, ''), coalesce(a.reply, '') FROM steelyard.delivery d "
                "JOIN steelyard.webhook w ON w.id = d.webhook_id JOIN steelyard.event e ON e.id = d.event_id "
                "LEFT JOIN steelyard.delivery_attempt a ON a.delivery_id = d.id "
                "WHERE d.webhook_id = %s AND w.project_id = %s AND (d.made_at > now() - make_interval(days => %s) "
                "OR a.at > now() - make_interval(days => %s)) ORDER BY d.id DESC, a.attempt DESC LIMIT %s",
                (number, project.project_id, _LISTED_DAYS, _LISTED_DAYS, _LISTED),
            ).fetchall()
        return [Attempt(*row) for row in rows]

    def add(
        self, project: Membership, target: Target, kinds: Sequence[str], caller: Caller, facts: RequestFacts
    ) -> tuple[int, str]:
        """Add a webhook; its number, and its secret, which nobody is shown again.

        Raises InputError where the administrators' list has not its place, where a project has too many, and where the
        secret key cannot be used.
        """
        with self._pool.connection() as connection:
            lock_keys(connection)
            if not _is_allowed(connection, target):
                raise InputError(
                    "webhooks may not go there: an administrator of the server lists the places, under Admin, Webhooks"
                )
            connection.execute(
                "SELECT FROM steelyard.project WHERE id = %s FOR NO KEY UPDATE", (project.project_id,)
            )  # so that two who count do so in turn
            if len(_found(connection, project, "")) >= MAX_WEBHOOKS:
                raise InputError(f"a project has at most {MAX_WEBHOOKS} webhooks: retire one")
            number = insert_one(
                connection,
                "INSERT INTO steelyard.webhook (project_id, scheme, host, port, path, kinds, made_by) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (project.project_id, target.scheme, target.host, target.port, target.path, [*kinds], caller.person),
            )
            address = address_of(target.scheme, target.host, target.port, target.path)
            secret = self._keep_new_secret(connection, number, address)
            more = {"place": address_of(target.scheme, target.host, target.port), "project": project.project}
            audit_act(connection, "add-webhook", f"person:{caller.person}", facts, f"webhook:{number}", more)
        return number, secret

    def change(
        self, project: Membership, number: int, kinds: Sequence[str], caller: Caller, facts: RequestFacts
    ) -> None:
        """Change which kinds of events it gets."""
        with self._pool.connection() as connection:
            _in_use(connection, project, number)
            connection.execute("UPDATE steelyard.webhook SET kinds = %s WHERE id = %s", ([*kinds], number))
            more = {"kinds": ", ".join(kinds)}
            audit_act(connection, "change-webhook", f"person:{caller.person}", facts, f"webhook:{number}", more)

    def new_secret(self, project: Membership, number: int, caller: Caller, facts: RequestFacts) -> str:
        """Another secret; the last one signs, too, for a day, and those before it do not any more."""
        with self._pool.connection() as connection:
            lock_keys(connection)
            webhook = _in_use(connection, project, number)
            connection.execute(
                "UPDATE steelyard.webhook_key SET sealed = NULL WHERE webhook_id = %s AND ends_at IS NOT NULL",
                (number,),
            )
            connection.execute(
                "UPDATE steelyard.webhook_key SET ends_at = now() + make_interval(hours => %s) "
                "WHERE webhook_id = %s AND sealed IS NOT NULL",
                (OLD_SECRET_HOURS, number),
            )
            secret = self._keep_new_secret(connection, number, webhook.address)
            audit_act(connection, "new-webhook-secret", f"person:{caller.person}", facts, f"webhook:{number}")
        return secret

    def end_old_secret(self, project: Membership, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Forget the secret that was replaced, before its day is over."""
        with self._pool.connection() as connection:
            _in_use(connection, project, number)
            ended = connection.execute(
                "UPDATE steelyard.webhook_key SET sealed = NULL "
                "WHERE webhook_id = %s AND ends_at IS NOT NULL AND sealed IS NOT NULL",
                (number,),
            ).rowcount
            if ended:
                audit_act(connection, "end-webhook-secret", f"person:{caller.person}", facts, f"webhook:{number}")

    def test(self, project: Membership, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Send a test event to this one alone; raises InputError where it is off, or one is still on its way."""
        with self._pool.connection() as connection:
            webhook = _in_use(connection, project, number)
            if webhook.disabled_at is not None:
                raise InputError("this webhook is off: switch it on first")
            waits = connection.execute(
                "SELECT FROM steelyard.delivery d JOIN steelyard.event e ON e.id = d.event_id "
                "WHERE d.webhook_id = %s AND d.state = 'waiting' AND e.kind = %s",
                (number, TEST),
            ).fetchone()
            if waits is not None:
                raise InputError("a test is still on its way: see below when it is tried again")
            data = {"path": f"/p/{project.project}/webhooks/{number}", "project": project.project}
            event = note_event(connection, TEST, data, project_id=project.project_id)
            connection.execute("INSERT INTO steelyard.delivery (event_id, webhook_id) VALUES (%s, %s)", (event, number))
            audit_act(connection, "test-webhook", f"person:{caller.person}", facts, f"webhook:{number}")

    def switch(self, project: Membership, number: int, caller: Caller, facts: RequestFacts, *, on: bool) -> None:
        """Switch it on again, from the next event on, or off: what waits is not sent."""
        with self._pool.connection() as connection:
            webhook = _in_use(connection, project, number)
            if on == (webhook.disabled_at is None):
                return
            if on:
                connection.execute(
                    "UPDATE steelyard.webhook SET disabled_at = NULL, disabled_because = '', failing_since = NULL "
                    "WHERE id = %s",
                    (number,),
                )
            else:
                switch_off(connection, number, "an admin of the project switched it off")
            act = "webhook-on" if on else "webhook-off"
            audit_act(connection, act, f"person:{caller.person}", facts, f"webhook:{number}")

    def retire(self, project: Membership, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Take it out of use for good, and forget its secrets."""
        with self._pool.connection() as connection:
            _in_use(connection, project, number)
            switch_off(connection, number, "retired")
            connection.execute("UPDATE steelyard.webhook_key SET sealed = NULL WHERE webhook_id = %s", (number,))
            connection.execute("UPDATE steelyard.webhook SET retired_at = now() WHERE id = %s", (number,))
            audit_act(connection, "retire-webhook", f"person:{caller.person}", facts, f"webhook:{number}")

    def _keep_new_secret(self, connection: psycopg.Connection[Any], number: int, address: str) -> str:
        secret = new_signing_secret()
        sealed = self._key_file.keyring().encrypt(secret, about_webhook(number, address))
        connection.execute("INSERT INTO steelyard.webhook_key (webhook_id, sealed) VALUES (%s, %s)", (number, sealed))
        return secret


def switch_off(connection: psycopg.Connection[Any], number: int, because: str) -> None:
    """Send nothing more to a webhook; what waits is dropped."""
    connection.execute(
        "UPDATE steelyard.webhook SET disabled_at = coalesce(disabled_at, now()), disabled_because = %s WHERE id = %s",
        (because[:300], number),
    )
    connection.execute(
        "UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now() "
        "WHERE webhook_id = %s AND state = 'waiting'",
        (number,),
    )


def _found(connection: psycopg.Connection[Any], project: Membership, condition: str, *values: object) -> list[Webhook]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM steelyard.webhook w WHERE w.project_id = %s AND w.retired_at IS NULL "  # noqa: S608
        f"{condition}".encode(),
        (project.project_id, *values),
    ).fetchall()
    return [replace(found, kinds=tuple(found.kinds)) for found in (Webhook(*row) for row in rows)]


def _in_use(connection: psycopg.Connection[Any], project: Membership, number: int) -> Webhook:
    found = _found(connection, project, "AND w.id = %s FOR UPDATE OF w", number)
    if not found:
        raise InputError("there is no such webhook, or it is retired")
    return found[0]


def _is_allowed(connection: psycopg.Connection[Any], target: Target) -> bool:
    query = "SELECT FROM steelyard.webhook_place WHERE scheme = %s AND host = %s AND port = %s AND retired_at IS NULL"
    return connection.execute(query, (target.scheme, target.host, target.port)).fetchone() is not None
