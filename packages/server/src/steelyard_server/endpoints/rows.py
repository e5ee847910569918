"""The rows of endpoints, and their keys: set, used and forgotten, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.database.audit import append_audit
from steelyard_server.database.reading import reading
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.endpoints.form import NewEndpoint, Terms, check_key

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.encryption.key_file import SecretKeyFile
    from steelyard_server.http.facts import RequestFacts

__all__ = [
    "Endpoint",
    "Endpoints",
    "all_sealed",
    "find_by_name",
    "lock_keys",
    "unreadable_endpoints",
    "with_key",
]

_LOCK: Final = 8101738236425

_COLUMNS: Final = (
    "e.id, e.name, e.kind, e.scheme, e.host, e.port, e.path, e.models, e.concurrency, e.price_in, e.price_out, "
    "e.made_at, e.retired_at, CASE WHEN k.sealed IS NOT NULL THEN k.set_at END"
)
_FROM: Final = "FROM steelyard.endpoint e LEFT JOIN steelyard.endpoint_key k ON k.endpoint_id = e.id"


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. Prices are of a million tokens; ``key_set_at`` is None where it has no key."""

    id: int
    name: str
    kind: str
    scheme: str
    host: str
    port: int
    path: str
    models: tuple[str, ...]
    concurrency: int
    price_in: Decimal | None
    price_out: Decimal | None
    made_at: datetime
    retired_at: datetime | None
    key_set_at: datetime | None

    @property
    def address(self) -> str:
        """The base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def about(self) -> dict[str, Any]:
        """What its key was given for: with any other address the ciphertext is worth nothing."""
        return {"address": self.address, "endpoint": self.id, "kind": self.kind, "what": "key of an endpoint"}


class Endpoints:
    """What the pages do with endpoints. Each method is one transaction, with its audit line."""

    def __init__(self, pool: ConnectionPool, key_file: SecretKeyFile) -> None:
        self._pool = pool
        self.key_file = key_file

    def all(self) -> list[Endpoint]:
        """All of them, those that are used first, by name."""
        with reading(self._pool) as connection:
            return _found(connection, "ORDER BY e.retired_at IS NOT NULL, lower(e.name) LIMIT 500")

    def find(self, number: int) -> Endpoint | None:
        """The endpoint with this number."""
        with reading(self._pool) as connection:
            found = _found(connection, "WHERE e.id = %s", number)
        return found[0] if found else None

    def add(self, new: NewEndpoint, caller: Caller, facts: RequestFacts) -> int:
        """Add an endpoint; its number. Raises InputError where the name is taken."""
        values = (new.name, new.kind, new.scheme, new.host, new.port, new.path, *_terms(new.terms), caller.person)
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, path, models, concurrency, price_in, "
                "price_out, made_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (lower(name)) DO NOTHING RETURNING id",
                values,
            ).fetchone()
            if row is None:
                raise InputError("an endpoint has this name already, maybe a retired one: take another")
            more = {"kind": new.kind, "address": f"{new.scheme}://{new.host}:{new.port}{new.path}"}
            _audit(connection, "add-endpoint", caller, facts, row[0], more)
        return int(row[0])

    def change(self, number: int, terms: Terms, caller: Caller, facts: RequestFacts) -> None:
        """Change what may be changed: models, calls at once, prices."""
        with self._pool.connection() as connection:
            changed = connection.execute(
                "UPDATE steelyard.endpoint SET models = %s, concurrency = %s, price_in = %s, price_out = %s "
                "WHERE id = %s AND retired_at IS NULL",
                (*_terms(terms), number),
            ).rowcount
            if changed:
                more = {"models": len(terms.models), "concurrency": terms.concurrency}
                _audit(connection, "change-endpoint", caller, facts, number, more)

    def retire(self, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Take it out of use for good, and forget its key."""
        with self._pool.connection() as connection:
            retired = connection.execute(
                "UPDATE steelyard.endpoint SET retired_at = now() WHERE id = %s AND retired_at IS NULL", (number,)
            ).rowcount
            if retired:
                _forget(connection, number, caller)
                _audit(connection, "retire-endpoint", caller, facts, number)

    # ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def set_key(self, number: int, key: str, caller: Caller, facts: RequestFacts) -> None:
        """Encrypt and keep a key in place of the one before.

        Raises InputError for what no HTTP header can carry, without quoting it, for a retired endpoint, and where the
        secret key cannot be used.
        """
        check_key(key)
        with self._pool.connection() as connection:
            lock_keys(connection)
            endpoint = _in_use(connection, number)
            sealed = self.key_file.keyring().encrypt(key, endpoint.about)
            connection.execute(
                "INSERT INTO steelyard.endpoint_key (endpoint_id, sealed, set_by) VALUES (%s, %s, %s) "
                "ON CONFLICT (endpoint_id) DO UPDATE SET sealed = excluded.sealed, set_at = now(), "
                "set_by = excluded.set_by",
                (number, sealed, caller.person),
            )
            _audit(connection, "set-endpoint-key", caller, facts, number)

    def forget_key(self, number: int, caller: Caller, facts: RequestFacts) -> None:
        """Delete a key; nothing happens where there is none."""
        with self._pool.connection() as connection:
            if _forget(connection, number, caller):
                _audit(connection, "forget-endpoint-key", caller, facts, number)

    def use(self, number: int, act: str, caller: Caller, facts: RequestFacts) -> tuple[Endpoint, str]:
        """An endpoint and its key ("" where it has none), for a call that is put on record as ``act`` first.

        Raises InputError where it is retired, UnreadableError where its key must be given again.
        """
        with self._pool.connection() as connection:
            found = with_key(connection, self.key_file, number)
            _audit(connection, act, caller, facts, number)
        return found

    def unreadable(self) -> list[str]:
        """The names of endpoints whose keys the secret key file does not decrypt, in order."""
        with reading(self._pool) as connection:
            return unreadable_endpoints(connection, self.key_file)


def with_key(connection: psycopg.Connection[Any], file: SecretKeyFile, number: int) -> tuple[Endpoint, str]:
    """An endpoint and its key ("" where it has none), in the caller's transaction; raises as :meth:`Endpoints.use`."""
    lock_keys(connection)
    endpoint = _in_use(connection, number)
    row = connection.execute("SELECT sealed FROM steelyard.endpoint_key WHERE endpoint_id = %s", (number,)).fetchone()
    if row is None or row[0] is None:
        return endpoint, ""
    try:
        return endpoint, file.keyring().decrypt(row[0], endpoint.about)
    except UnreadableError as error:
        raise UnreadableError(f"the key of this endpoint {error}: give it again") from None


def find_by_name(connection: psycopg.Connection[Any], name: str, model: str) -> Endpoint:
    """The endpoint of this name, which is not retired before the caller's transaction ends, and has this model.

    Raises InputError, in words, where there is none.
    """
    found = _found(connection, "WHERE lower(e.name) = lower(%s) AND e.retired_at IS NULL FOR SHARE OF e", name)
    if not found:
        raise InputError(f"there is no endpoint {name[:80]!r} in this platform's list: an administrator adds it")
    if model not in found[0].models:
        raise InputError(
            f"the endpoint {name[:80]!r} has no model {model[:120]!r} in its list: an administrator adds it"
        )
    return found[0]


def lock_keys(connection: psycopg.Connection[Any], *, alone: bool = False) -> None:
    """Hold off a rotation until the transaction ends; with ``alone`` also whoever reads or writes a secret."""
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    connection.execute(f"SELECT {function}(%s)".encode(), (_LOCK,))


def all_sealed(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, int, bytes, dict[str, Any]]]:
    """Of each endpoint with a key: name, number, ciphertext, and what it was made for."""
    keys = dict(connection.execute("SELECT endpoint_id, sealed FROM steelyard.endpoint_key WHERE sealed IS NOT NULL"))
    for endpoint in _found(connection, "ORDER BY lower(e.name)"):
        if endpoint.id in keys:
            yield endpoint.name, endpoint.id, keys[endpoint.id], endpoint.about


def unreadable_endpoints(connection: psycopg.Connection[Any], file: SecretKeyFile) -> list[str]:
    """The names of endpoints whose keys the file does not decrypt: all that have one, where it cannot be used."""
    sealed = [*all_sealed(connection)]
    if not sealed:
        return []
    try:
        ring = file.keyring()
    except InputError:
        return [name for name, *_ in sealed]
    names = []
    for name, _, data, about in sealed:
        try:
            ring.decrypt(data, about)
        except UnreadableError:
            names.append(name)
    return names


def _found(connection: psycopg.Connection[Any], condition: str, *values: object) -> list[Endpoint]:
    rows = connection.execute(f"SELECT {_COLUMNS} {_FROM} {condition}".encode(), values).fetchall()
    return [replace(found, models=tuple(found.models)) for found in (Endpoint(*row) for row in rows)]


def _in_use(connection: psycopg.Connection[Any], number: int) -> Endpoint:
    found = _found(connection, "WHERE e.id = %s", number)
    if not found or found[0].retired_at is not None:
        raise InputError("there is no such endpoint, or it is retired")
    return found[0]


def _forget(connection: psycopg.Connection[Any], number: int, caller: Caller) -> bool:
    query = (
        "UPDATE steelyard.endpoint_key SET sealed = NULL, set_at = now(), set_by = %s "
        "WHERE endpoint_id = %s AND sealed IS NOT NULL"
    )
    return connection.execute(query, (caller.person, number)).rowcount > 0


def _terms(terms: Terms) -> tuple[Any, ...]:
    return [*terms.models], terms.concurrency, terms.price_in, terms.price_out


def _audit(
    connection: psycopg.Connection[Any],
    act: str,
    caller: Caller,
    facts: RequestFacts,
    number: int,
    more: dict[str, Any] | None = None,
) -> None:
    details = {"address_of_caller": facts.address[:100], **(more or {})}
    append_audit(
        connection, act, actor=f"person:{caller.person}", subject=f"endpoint:{number}", details=details,
        request=facts.request_id,
    )  # fmt: skip
