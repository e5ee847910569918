"""Where the platform itself and its database listen, so that no endpoint leads there: as seen here, and from elsewhere.

``steelyard serve`` notes in the database where it listens, since its workers may run on other machines, and with it
whose groups give roles: it is told so when it starts, and workers are not.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from steelyard.errors import InputError, StorageError
from steelyard.models.proxy import is_loopback
from steelyard_server.endpoints.addresses import OwnPlaces

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database
    from steelyard_server.settings import ServeSettings

__all__ = ["check_folder", "note_own_places", "noted_issuer", "noted_own_places", "own_places"]

_EVERY_INTERFACE: Final = ("0.0.0.0", "::", "")  # noqa: S104 — compared, not bound


class _Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted beside :class:`OwnPlaces`; a version of before noted none."""

    issuer: str = ""


def own_places(settings: ServeSettings, database: Database) -> OwnPlaces:
    """Ports of this machine, places elsewhere, and the public name, that are the platform's own.

    A database on a Unix socket may listen on loopback, too: its port of this machine counts.
    """
    ports, places = _of_database(database)
    names = []
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        names.append((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))
    return OwnPlaces(ports=_sorted(ports | {settings.port}), places=_sorted(places), names=tuple(names))


def note_own_places(
    connection: psycopg.Connection[Any], settings: ServeSettings, database: Database, folder: str = ""
) -> None:
    """Put on record where this process listens, by this machine's addresses, and its identity provider, for workers.

    ``folder`` is the id of the data folder that serves. Raises InputError where a database that is not in it is served
    by another one: its runs are there, and what workers must not call would be lost here.
    """
    own = own_places(settings, database)
    if settings.host in _EVERY_INTERFACE:
        hosts = {socket.gethostname(), socket.getfqdn()}
    else:
        hosts = set() if settings.is_loopback else {settings.host}
    found = OwnPlaces(
        ports=own.ports, places=_sorted({*own.places, *((host, settings.port) for host in hosts)}), names=own.names
    )
    issuer = settings.oidc.issuer if settings.oidc else ""
    row = connection.execute(
        "INSERT INTO steelyard.serving AS s (places, folder) VALUES (%s, %s) ON CONFLICT (one) DO UPDATE "
        "SET places = excluded.places, folder = excluded.folder, noted_at = now() "
        "WHERE s.folder IN ('', excluded.folder) OR %s RETURNING true",
        (msgspec.json.encode({**msgspec.to_builtins(found), "issuer": issuer}).decode(), folder, database.is_embedded),
    ).fetchone()
    if row is None:
        raise InputError(
            "the database that DATABASE_URL names is served from another data folder, which has its runs: start "
            "steelyard serve with that --data, or, where that folder is lost, restore a backup (steelyard serve "
            "restore)"
        )


def check_folder(connection: psycopg.Connection[Any], folder: str) -> None:
    """That a worker has the data folder that serves, by its id; its database is not in it.

    Runs and the keys of projects are files in there: beside others a series of audits would be counted anew. Raises
    InputError where another folder serves, StorageError where none has said so yet, as after a restore.
    """
    row = connection.execute("SELECT folder FROM steelyard.serving").fetchone()
    if row is None or not row[0]:
        raise StorageError("no steelyard serve has started on this database yet: a worker has the same --data")
    if row[0] != folder:
        raise InputError(
            "the database that DATABASE_URL names is served from another data folder, which has its runs and the keys "
            "of its projects: start steelyard worker with that --data"
        )


def noted_own_places(connection: psycopg.Connection[Any], database: Database) -> OwnPlaces:
    """What was noted, with the database as it is reached from here.

    Raises StorageError where no ``steelyard serve`` has noted anything yet: then it is not known what not to call.
    """
    row = connection.execute("SELECT places FROM steelyard.serving").fetchone()
    if row is None:
        raise StorageError("no steelyard serve of this version has run on this database yet: start it once")
    noted = msgspec.json.decode(row[0], type=OwnPlaces)
    ports, places = _of_database(database)
    return OwnPlaces(ports=_sorted({*noted.ports, *ports}), places=_sorted({*noted.places, *places}), names=noted.names)


def noted_issuer(connection: psycopg.Connection[Any]) -> str:
    """The identity provider that ``steelyard serve`` was started with; "" where there is none, or nothing is noted."""
    row = connection.execute("SELECT places FROM steelyard.serving").fetchone()
    return "" if row is None else msgspec.json.decode(row[0], type=_Noted).issuer


def _of_database(database: Database) -> tuple[set[int], set[tuple[str, int]]]:
    ports, places = set(), set()
    for host, port in database.addresses():
        if not host or host.startswith(("/", "@")) or is_loopback(host):
            ports.add(port)
        else:
            places.add((host, port))
    return ports, places


def _sorted(found: set[Any]) -> tuple[Any, ...]:
    return tuple(sorted(found))
