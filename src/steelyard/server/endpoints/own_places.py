"""Where the platform itself and its database listen, so that no endpoint leads there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from steelyard.models.proxy import is_loopback
from steelyard.server.endpoints.addresses import OwnPlaces

if TYPE_CHECKING:
    from steelyard.server.database.connection import Database
    from steelyard.server.settings import ServeSettings

__all__ = ["own_places"]


def own_places(settings: ServeSettings, database: Database) -> OwnPlaces:
    """Ports of this machine, places elsewhere, and the public name, that are the platform's own.

    A database on a Unix socket may listen on loopback, too: its port of this machine counts.
    """
    ports, places = {settings.port}, set()
    for host, port in database.addresses():
        if not host or host.startswith(("/", "@")) or is_loopback(host):
            ports.add(port)
        else:
            places.add((host, port))
    names = []
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        names.append((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))
    return OwnPlaces(ports=tuple(sorted(ports)), places=tuple(sorted(places)), names=tuple(names))
