"""Where a job's process keeps its run: in the database, under a lease of the run, from the plan to the seal.

What an earlier attempt committed is finished, whatever became of its process; what it held uncommitted is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError
from steelyard.evidence import layout
from steelyard.storage.run_folder import RunFolder
from steelyard_server.database.connection import plain_errors
from steelyard_server.jobs.carrying import note_plan
from steelyard_server.store.folders import begin_run, open_run, write_folder
from steelyard_server.store.leases import Lease, LeaseLost, leave_when_woken_late, take
from steelyard_server.store.store import Connect, PostgresStore

if TYPE_CHECKING:
    from steelyard_server.jobs.messages import Setup

__all__ = ["KeptRun", "kept_run"]

_LOOK_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 60.0  # for the lease of an attempt that was lost, in times of a lease: at least so many


class KeptRun:
    """The store of an attempt: that of the run which it goes on with, or of the one that it begins (:meth:`begin`)."""

    def __init__(self, connect: Connect, setup: Setup) -> None:
        self.segment = ""
        self._connect = connect
        self._setup = setup
        self._inner: PostgresStore | None = None

    def begin(self, run: RunFolder) -> None:
        """Put the run's plan and its questions into the database, note it with the job, and take the run's lease.

        To be called when the plan is sealed and nothing was asked. Raises LeaseLost where the job is another attempt's
        by now, StorageError where the database takes nothing.
        """
        with plain_errors(), self._connect() as connection:
            with connection.transaction():
                number = begin_run(connection, run, self._setup.project, self._holder)
                note_plan(connection, number, run)
                if not _note(connection, self._setup, number):
                    raise LeaseLost("the lease of the job is over: another attempt goes on with it")
            lease = take(connection, number, self._holder, self._setup.lease_seconds)
        if lease is None:
            raise LeaseLost("another process took the run's lease")
        leave_when_woken_late(lease)
        digests = {name: layout.digest_and_lines(run.path, name)[0] for name in layout.run_files(run.path)}
        self._inner = PostgresStore(self._connect, lease, digests=digests)

    def go_on(self, store: PostgresStore) -> None:
        """Write to this store from now on."""
        self._inner, self.segment = store, store.segment

    def close(self) -> None:
        """Commit what was given, and give the run's lease back."""
        if self._inner is not None:
            self._inner.close()

    @property
    def _holder(self) -> str:
        return f"job {self._setup.job}, attempt {self._setup.attempt}"

    # ── the verbs of a store ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _store(self) -> PostgresStore:
        if self._inner is None:
            raise StorageError("nothing is kept before the run is begun")
        return self._inner

    def text(self, line: bytes) -> None:
        """As of :class:`Store`."""
        self._store.text(line)

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        """As of :class:`Store`."""
        self._store.line(segment, sequence, line)

    def image(self, name: str, data: bytes) -> None:
        """As of :class:`Store`."""
        self._store.image(name, data)

    async def room(self) -> None:
        """As of :class:`Store`."""
        await self._store.room()

    async def committed(self) -> None:
        """As of :class:`Store`."""
        await self._store.committed()

    async def keep_files(self, run: Path) -> None:
        """As of :class:`Store`."""
        await self._store.keep_files(run)


@contextmanager
def kept_run(connect: Connect, setup: Setup, run: Path) -> Iterator[KeptRun]:
    """The store of an attempt; where an earlier one has begun the run, its folder is written to ``run`` first.

    Waits for the lease of an attempt that was lost. Raises StorageError where the database takes nothing.
    """
    kept = KeptRun(connect, setup)
    if setup.stored_run is None:
        try:
            yield kept
        finally:
            kept.close()
        return
    lease = _leased(connect, setup, setup.stored_run)
    if lease is None:  # sealed: the attempt was lost when it had all but handed its run over
        with plain_errors(), connect() as connection:
            write_folder(connection, setup.stored_run, run)
        yield kept
        return
    leave_when_woken_late(lease)
    with plain_errors(), open_run(connect, lease, run) as store:
        kept.go_on(store)
        yield kept


def _leased(connect: Connect, setup: Setup, run: int) -> Lease | None:
    """The next lease of a run; None where it is sealed."""
    until = time.monotonic() + max(_LONGEST_SECONDS, 3 * setup.lease_seconds)
    while time.monotonic() < until:
        with plain_errors(), connect() as connection:
            try:
                lease = take(connection, run, f"job {setup.job}, attempt {setup.attempt}", setup.lease_seconds)
            except InputError:
                return None
        if lease is not None:
            return lease
        time.sleep(_LOOK_SECONDS)
    raise StorageError("an earlier attempt still holds the run's lease")


def _note(connection: Any, setup: Setup, number: int) -> bool:
    """Note the run with its job, where this attempt still has the job."""
    done = connection.execute(
        "UPDATE steelyard.job SET stored_run_id = %s WHERE id = %s AND attempt = %s AND state = 'running' "
        "AND leased_until > clock_timestamp()",
        (number, setup.job, setup.attempt),
    )
    return bool(done.rowcount == 1)
