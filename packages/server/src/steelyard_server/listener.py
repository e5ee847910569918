"""The listening socket, and how many connections are held at once: altogether, and of one address.

uvicorn counts connections when their TLS handshake is over, and asyncio writes a traceback for each that finds no file
left. So they are counted here, where they are accepted: what is too many is closed at once, without a line in the log.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.attempts import network_of
from steelyard_server.web.hosts import is_in, plain_address

if TYPE_CHECKING:
    from steelyard_server.settings import Network, ServeSettings

__all__ = ["BACKLOG", "HANDSHAKE_SECONDS", "Listener", "TimedLoop", "listen", "raise_file_limit"]

MAX_OPEN: Final = 1000
MAX_OF_ADDRESS: Final = 100
HANDSHAKE_SECONDS: Final = 10.0  # of TLS; asyncio's own limit is 60
_WANTED_FILES: Final = 65_536
_OTHER_FILES: Final = 400  # the database's connections, what is received and what is sent
BACKLOG: Final = 128


class Listener(socket.socket):
    """Accepts connections while there are few enough; asyncio then sees one that was closed before it came.

    A trusted proxy's connections are bounded by the sum alone.
    """

    most, most_of_address = MAX_OPEN, MAX_OF_ADDRESS
    proxies: tuple[Network, ...] = ()

    def __init__(self, family: int = -1, kind: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        super().__init__(family, kind, proto, fileno)
        self._open: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; raises ConnectionAbortedError for one too many, which is closed."""
        connection, address = super().accept()
        peer = plain_address(str(address[0]))
        network = network_of(peer)
        is_too_many = self._open[network] >= self.most_of_address and not is_in(peer, self.proxies)
        if is_too_many or self.count >= self.most:
            connection.close()
            raise ConnectionAbortedError
        self._open[network] += 1
        return _Counted(connection, lambda: self._forget(network)), address

    @property
    def count(self) -> int:
        """How many connections are open."""
        return self._open.total()

    def _forget(self, network: str) -> None:
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]


class _Counted(socket.socket):
    """A connection that says when it is closed."""

    def __init__(self, connection: socket.socket, forget: Callable[[], None]) -> None:
        super().__init__(connection.family, connection.type, connection.proto, connection.detach())
        self._forget_once: Callable[[], None] | None = forget

    def close(self) -> None:
        """Close it, and count it no more."""
        super().close()
        if self._forget_once is not None:
            self._forget_once()
            self._forget_once = None


class TimedLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers give a TLS handshake some seconds: uvicorn has no option for that."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        """Make a server."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", HANDSHAKE_SECONDS)
        return await super().create_server(*arguments, **options)


def raise_file_limit() -> int:
    """Allow this process as many open files as it may have; how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft if soft != resource.RLIM_INFINITY else _WANTED_FILES


def listen(settings: ServeSettings) -> Listener:
    """A listening socket; raises InputError where the port is taken, or the address is not this machine's."""
    listener = Listener(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.proxies = settings.proxies
    listener.most = max(10, min(MAX_OPEN, raise_file_limit() - _OTHER_FILES))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio sets it only for sockets that name their protocol, and what is accepted here names none: without it each
    # reply on a connection that is kept waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}): give another --bind; port 0 takes "
            "any free one"
        ) from None
    return listener
