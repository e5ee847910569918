"""Connections of the pool that cost a page no more round trips than it has questions.

A block of the pool's own is a transaction: the connection is asked whether it lives, then come BEGIN, the statement and
COMMIT. On a busy machine each of the four waits for a processor, and a page has ten such blocks.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

__all__ = ["LifeCheck", "reading"]

_FRESH_SECONDS: Final = 2.0


@contextmanager
def reading(pool: ConnectionPool, timeout: float | None = None) -> Iterator[psycopg.Connection[Any]]:
    """A connection for statements that only read, each of which is a transaction of its own.

    That is all that statements of one transaction would see of each other's moment, too: it is *read committed*. Where
    something is written, or rows are locked, the pool's own block is the transaction that it needs. ``timeout`` is as
    of the pool's block.
    """
    from psycopg.pq import TransactionStatus

    with pool.connection(timeout) as connection:
        connection.autocommit = True
        try:
            yield connection
        finally:
            if connection.info.transaction_status == TransactionStatus.IDLE:
                connection.autocommit = False
            else:  # broken, or left in the middle of something: nobody gets it after us
                connection.close()


class LifeCheck:
    """Whether a connection of the pool still lives, asked before it is lent; raises psycopg's OperationalError.

    A server that ends says so on the socket, which needs no round trip to be seen. One that is gone without a word may
    not: so a connection that nobody used for two seconds is asked.
    """

    def __init__(self) -> None:
        self._used: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()
        self._lock = Lock()

    def __call__(self, connection: psycopg.Connection[Any]) -> None:
        """As the pool calls it."""
        from psycopg_pool import ConnectionPool

        now = time.monotonic()
        with self._lock:
            is_fresh = now - self._used.get(connection, 0.0) < _FRESH_SECONDS
        if not is_fresh or _has_news(connection):
            ConnectionPool.check_connection(connection)
        with self._lock:
            self._used[connection] = now


def _has_news(connection: psycopg.Connection[Any]) -> bool:
    """Whether something came that nobody asked for, such as the goodbye of a server."""
    watched = select.poll()
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))
