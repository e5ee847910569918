"""Where the platform itself and its database listen, so that no endpoint leads there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from steelyard.server.endpoints.addresses import OwnPlaces

if TYPE_CHECKING:
    from steelyard.server.database.connection import Database
    from steelyard.server.settings import ServeSettings

__all__ = ["own_places"]


def own_places(settings: ServeSettings, database: Database) -> OwnPlaces:
    """Ports of this machine and places elsewhere that are the platform's own.

    A database on a Unix socket may listen on loopback, too: its port of this machine counts. A proxy in front of the
    platform is known by its name, which may lead to other services as well: an endpoint may not have that name.
    """
    ports, places = {settings.port}, set()
    for host, port in database.addresses():
        if not host or host.startswith(("/", "@")):
            ports.add(port)
        else:
            places.add((host, port))
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        places.add((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))
    local = {port for host, port in places if host in ("localhost", "127.0.0.1", "::1")}
    return OwnPlaces(ports=tuple(sorted(ports | local)), places=tuple(sorted(places)))
