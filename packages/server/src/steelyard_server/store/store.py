"""The store that commits what a run writes to PostgreSQL, in batches, from a thread of its own.

A batch is one statement, and so one transaction: it is committed whole or not at all, and the database checks the lease
in it. (Not COPY: that takes several messages, and a process that is stopped between two would hold the run's lock.)
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from steelyard.errors import StorageError
from steelyard.evidence import layout
from steelyard_server.store.leases import Lease, give_back, is_over, lost, renew, seconds_now

if TYPE_CHECKING:
    import psycopg

__all__ = ["BATCH_RECORDS", "BATCH_SECONDS", "PART_BYTES", "Connect", "PostgresStore", "insert_file", "parts_of"]

Connect = Callable[[], "psycopg.Connection[Any]"]

BATCH_RECORDS: Final = 100
BATCH_SECONDS: Final = 0.02
PART_BYTES: Final = 4 << 20  # of a file in one row
_BATCH_BYTES: Final = 8 << 20
_MAX_OPEN_BYTES: Final = 64 << 20  # not committed: beyond them no call is sent
_AGAIN_SECONDS: Final = 0.1  # between two tries to reach the database

# "b": arrays in binary form, which is as fast as COPY.
_INSERT: Final = """
WITH written AS (
    INSERT INTO steelyard.stored_text (run_id, sequence, lease, line)
    SELECT %(run)s, sequence, %(lease)s, line
    FROM unnest(%(text_sequences)b::bigint[], %(texts)b::bytea[]) AS given (sequence, line)
)
INSERT INTO steelyard.stored_line (run_id, segment, sequence, lease, line)
SELECT %(run)s, segment, sequence, %(lease)s, line
FROM unnest(%(segments)b::text[], %(sequences)b::bigint[], %(lines)b::bytea[]) AS given (segment, sequence, line)
"""


class _Text(NamedTuple):
    sequence: int
    line: bytes


class _Line(NamedTuple):
    segment: str
    sequence: int
    line: bytes


class _Image(NamedTuple):
    name: str
    line: bytes


class _Files(NamedTuple):
    """Files of a run's folder, by name, that are committed together."""

    run: Path
    names: tuple[str, ...]
    line: bytes = b""


_Given = _Text | _Line | _Image | _Files


class PostgresStore:
    """Commits a run's texts, lines, images and files under a lease, which it renews; see :class:`Store` for the verbs.

    A batch is closed after ``batch_records`` lines of the journal, or ``batch_seconds`` after its first. A database
    that cannot be reached is tried again until the lease is over. ``texts`` and ``digests`` are what the database holds
    of the run: how many texts, and the SHA-256 of its files by name. Leave the block, or :meth:`close` it.
    """

    def __init__(
        self,
        connect: Connect,
        lease: Lease,
        *,
        segment: str = "",
        texts: int = 0,
        digests: dict[str, str] | None = None,
        batch_records: int = BATCH_RECORDS,
        batch_seconds: float = BATCH_SECONDS,
    ) -> None:
        self.segment = segment
        self._connect, self._lease = connect, lease
        self._batch_records, self._batch_seconds = batch_records, batch_seconds
        self._next_text, self._digests = texts, digests or {}
        self._connection: psycopg.Connection[Any] | None = None
        self._changed = threading.Condition()
        # All of these are read and changed with the lock of the condition alone.
        self._given: deque[_Given] = deque()
        self._first_at = 0.0  # when the oldest that is not in a batch was given
        self._count = self._committed = self._wanted = 0  # of what was given; up to where somebody waits
        self._open_lines = self._open_bytes = 0  # given, and not committed
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._error: StorageError | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # ── what is given ────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, line: bytes) -> None:
        """Take the next line of the texts; raises StorageError where nothing is taken any more."""
        with self._changed:
            self._give(_Text(self._next_text, line))
            self._next_text += 1

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        """Take a line of a segment; raises StorageError where nothing is taken any more."""
        with self._changed:
            self._open_lines += 1
            self._give(_Line(segment, sequence, line))

    def image(self, name: str, data: bytes) -> None:
        """Take an image; raises StorageError where nothing is taken any more."""
        with self._changed:
            self._give(_Image(name, data))

    def _give(self, given: _Given) -> None:
        if self._error is not None:
            raise self._error
        if not self._given:
            self._first_at = seconds_now()
            self._changed.notify()
        self._given.append(given)
        self._count += 1
        self._open_bytes += len(given.line)
        if self._open_lines == self._batch_records or self._open_bytes >= _BATCH_BYTES:
            self._changed.notify()

    # ── what is waited for ───────────────────────────────────────────────────────────────────────────────────────────

    async def room(self) -> None:
        """Wait while a batch or more is not committed; raises LeaseLost once the lease is over."""
        await self._until(lambda: self._open_lines < self._batch_records and self._open_bytes < _MAX_OPEN_BYTES)

    async def committed(self) -> None:
        """Wait until all that was given is committed; raises StorageError where that will not be."""
        with self._changed:
            wanted = self._wanted = self._count
            self._changed.notify()
        if self._committed < wanted:
            await self._until(lambda: self._committed >= wanted)

    async def keep_files(self, run: Path) -> None:
        """Commit, together, the files that are neither segments nor texts nor images, where they changed."""
        changed: dict[str, str] = {}
        for name in layout.run_files(run):
            if layout.is_journal(name) or layout.is_text(name) or layout.is_media(name) or layout.is_litter(name):
                continue
            digest, _ = await asyncio.to_thread(layout.digest_and_lines, run, name)
            if self._digests.get(name) != digest:
                changed[name] = digest
        if changed:
            with self._changed:
                self._give(_Files(run, tuple(changed)))
        await self.committed()
        self._digests |= changed

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while True:
            with self._changed:
                if self._error is not None:
                    raise self._error
                if self._lease.is_over:
                    raise lost(self._lease)
                if is_so():
                    return
                woken = asyncio.Event()
                self._waiting.append((asyncio.get_running_loop(), woken))
            # No longer than the lease: whatever the database does, nobody waits for it then.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._lease.over_at - seconds_now())):
                    await woken.wait()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for loop, woken in waiting:
            with suppress(RuntimeError):  # its loop is closed: nobody waits any more
                loop.call_soon_threadsafe(woken.set)

    def close(self) -> None:
        """Commit what was given, as far as the database takes it, and give the lease back; nothing is taken after."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(max(1.0, self._lease.over_at - seconds_now()))
        with self._changed:
            self._error = self._error or StorageError("the store is closed")
            self._wake()

    # ── the thread that commits ──────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                if batch:
                    self._commit(batch)
                if self._renew_at <= seconds_now():
                    self._persist(lambda connection, again: renew(connection, self._lease))
            self._persist(lambda connection, again: give_back(connection, self._lease))
        except StorageError as error:
            self._fail(error)
        except Exception as error:
            self._fail(StorageError(f"the store failed: {type(error).__name__}"))
        finally:
            self._disconnect()

    @property
    def _renew_at(self) -> float:
        return self._lease.over_at - self._lease.seconds * 2 / 3

    def _fail(self, error: StorageError) -> None:
        with self._changed:
            self._error = error
            self._wake()

    def _next_batch(self) -> list[_Given] | None:
        """Wait for a batch to be closed; an empty one when the lease must be renewed, None at the end."""
        with self._changed:
            while True:
                now = seconds_now()
                if self._given and (self._is_closed() or now >= self._first_at + self._batch_seconds):
                    return self._taken()
                if self._closing:
                    return self._taken() if self._given else None
                if now >= self._renew_at:
                    return []
                due = self._first_at + self._batch_seconds if self._given else self._renew_at
                self._changed.wait(min(due, self._renew_at) - now)

    def _is_closed(self) -> bool:
        """Whether a batch need not wait for more."""
        return (
            self._open_lines >= self._batch_records
            or self._open_bytes >= _BATCH_BYTES
            or self._wanted > self._committed
        )

    def _taken(self) -> list[_Given]:
        """The next of what was given that go into one transaction: files and images each by themselves."""
        batch: list[_Given] = []
        lines = size = 0
        while self._given and lines < self._batch_records and size < _BATCH_BYTES:
            apart = isinstance(self._given[0], _Files | _Image)
            if apart and batch:
                break
            given = self._given.popleft()
            batch.append(given)
            if apart:
                break
            lines += isinstance(given, _Line)
            size += len(given.line)
        self._first_at = seconds_now()
        return batch

    def _commit(self, batch: list[_Given]) -> None:
        first = batch[0]
        if isinstance(first, _Files):
            self._persist(lambda connection, again: self._insert_files(connection, first, again=again))
        elif isinstance(first, _Image):
            self._persist(lambda connection, again: self._insert_image(connection, first, again=again))
        else:
            self._persist(lambda connection, again: self._insert_lines(connection, batch, again=again))
        with self._changed:
            self._committed += len(batch)
            self._open_lines -= sum(isinstance(given, _Line) for given in batch)
            self._open_bytes -= sum(len(given.line) for given in batch)
            self._wake()

    def _insert_lines(self, connection: psycopg.Connection[Any], batch: list[_Given], *, again: bool) -> None:
        texts = [given for given in batch if isinstance(given, _Text)]
        lines = [given for given in batch if isinstance(given, _Line)]
        if again and self._is_there(connection, texts, lines):
            return
        connection.execute(
            _INSERT,
            {
                "run": self._lease.run,
                "lease": self._lease.number,
                "text_sequences": [each.sequence for each in texts],
                "texts": [each.line for each in texts],
                "segments": [each.segment for each in lines],
                "sequences": [each.sequence for each in lines],
                "lines": [each.line for each in lines],
            },
        )

    def _is_there(self, connection: psycopg.Connection[Any], texts: list[_Text], lines: list[_Line]) -> bool:
        """Whether a batch was committed, although the connection broke before that was said: one of it tells of all."""
        if lines:
            found = connection.execute(
                "SELECT lease, line FROM steelyard.stored_line WHERE run_id = %s AND segment = %s AND sequence = %s",
                (self._lease.run, lines[0].segment, lines[0].sequence),
                binary=True,
            ).fetchone()
            return found == (self._lease.number, lines[0].line)
        found = connection.execute(
            "SELECT lease, line FROM steelyard.stored_text WHERE run_id = %s AND sequence = %s",
            (self._lease.run, texts[0].sequence),
            binary=True,
        ).fetchone()
        return found == (self._lease.number, texts[0].line)

    def _insert_files(self, connection: psycopg.Connection[Any], files: _Files, *, again: bool) -> None:
        """Parts that follow each other in one transaction; where this process is stopped, the database ends it."""
        if again and self._has_file(connection, files.names[0]):
            return
        with connection.transaction():
            for name in files.names:
                for _ in insert_file(connection, self._lease, name, parts_of(files.run, name)):
                    if self._renew_at <= seconds_now():
                        renew(connection, self._lease)

    def _insert_image(self, connection: psycopg.Connection[Any], image: _Image, *, again: bool) -> None:
        if again and self._has_file(connection, image.name):
            return
        parts = (image.line[at : at + PART_BYTES] for at in range(0, len(image.line), PART_BYTES))
        with connection.transaction():
            for _ in insert_file(connection, self._lease, image.name, parts):
                pass

    def _has_file(self, connection: psycopg.Connection[Any], name: str) -> bool:
        return (
            connection.execute(
                "SELECT FROM steelyard.stored_file WHERE run_id = %s AND name = %s AND lease = %s AND part = 0",
                (self._lease.run, name, self._lease.number),
            ).fetchone()
            is not None
        )

    def _persist(self, work: Callable[[psycopg.Connection[Any], bool], None]) -> None:
        """Do something in the database, as often as its connection breaks, until the lease is over."""
        import psycopg

        again = has_collided = False
        while True:
            try:
                if self._connection is None:
                    self._connection = self._open()
                work(self._connection, again)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self._disconnect()
                if self._lease.is_over:
                    raise lost(self._lease, _primary(error)) from None
                again = True
                threading.Event().wait(_AGAIN_SECONDS)
            except psycopg.errors.UniqueViolation:
                if has_collided:
                    raise lost(self._lease, "another process wrote there") from None
                again = has_collided = True  # it may be our own, sent before the connection broke
            except psycopg.Error as error:
                if is_over(error):
                    raise lost(self._lease) from None
                raise StorageError(f"the database: {_primary(error)}") from None
            else:
                return

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        milliseconds = max(100, int(self._lease.seconds * 1000))
        connection.autocommit = True
        connection.execute("SET synchronous_commit = on")
        # What takes longer than the lease is refused anyway, and must not keep another process from going on.
        for setting in (b"statement_timeout", b"idle_in_transaction_session_timeout"):
            connection.execute(b"SET %s = %d" % (setting, milliseconds))
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def insert_file(connection: psycopg.Connection[Any], lease: Lease, name: str, parts: Iterator[bytes]) -> Iterator[int]:
    """Insert a file's parts one by one, within the caller's transaction; gives the number of each that is in."""
    for number, part in enumerate(parts):
        connection.execute(
            "INSERT INTO steelyard.stored_file (run_id, name, lease, part, data) VALUES (%s, %s, %s, %s, %b)",
            (lease.run, name, lease.number, number, part),
        )
        yield number


def parts_of(run: Path, name: str) -> Iterator[bytes]:
    """A file of a run's folder in parts; one that is empty has an empty one."""
    with layout.open_regular(run, name) as file:
        yield file.read(PART_BYTES)
        while part := file.read(PART_BYTES):
            yield part


def _primary(error: psycopg.Error) -> str:
    """What PostgreSQL says of an error, without the DETAIL, which may quote rows, and never what a driver quotes."""
    return error.diag.message_primary or "it cannot be reached"
