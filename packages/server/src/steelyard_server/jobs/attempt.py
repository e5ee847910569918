"""One attempt at a job, in a thread of the worker: folder, process, verification, and the write that ends it."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, SteelyardError, StorageError, VerificationError
from steelyard_server.http.facts import place_of
from steelyard_server.jobs.child import Child
from steelyard_server.jobs.folders import job_folder
from steelyard_server.jobs.leases import Outcome, leave_job, note_progress
from steelyard_server.jobs.link import Link, LinkLost
from steelyard_server.jobs.messages import Ended, Progress, clock, kept_progress, without_folder
from steelyard_server.push.verifying import Verifier

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.folder import DataFolder
    from steelyard_server.jobs.folders import JobFolder
    from steelyard_server.jobs.leases import Lease
    from steelyard_server.jobs.messages import Setup

__all__ = ["JobAttempt"]

_RETRY_SECONDS: Final = 0.2
STOP, PAUSE, CANCEL, CUT, LOST = "stop", "pause", "cancel", "cut", "lost"


class JobAttempt:
    """A job that this worker has. The worker's main thread renews the lease and passes on what is wanted."""

    def __init__(
        self,
        lease: Lease,
        until: float,
        data: DataFolder,
        worker: str,
        pause: float,
        on_end: Callable[[JobAttempt, str], None],
        lease_seconds: float = 10.0,
    ) -> None:
        self.lease = lease
        self._lease_seconds = lease_seconds
        self.until = until  # on our clock, counted from before the database was asked
        self.progress = ""
        self._data = data
        self._worker = worker
        self._pause = pause
        self._on_end = on_end
        self._wish = ""
        self._child: Child | None = None
        self._verifier = Verifier()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"job {lease.job}", daemon=True)

    def start(self) -> None:
        """Begin; ``on_end`` is called from the thread when all is over, with how it ended in a word or a line."""
        self._thread.start()

    def renew(self, until: float) -> None:
        """The lease holds until then."""
        self.until = until
        with self._guard:
            if self._child is not None:
                self._child.renew(until)

    def wish(self, what: str) -> None:
        """Pass on *pause*, *cancel* or *stop* (the worker ends): the process stops at a checkpoint.

        *cancel* again does not wait for what is in flight; *cut* and *lost* kill.
        """
        with self._guard:
            is_new = self._wish != what
            if self._wish in (CUT, LOST):
                return
            self._wish = what
            if what in (CUT, LOST):
                self._verifier.stop()
                if self._child is not None:
                    self._child.kill()
            elif self._child is not None and (is_new or what == CANCEL):
                self._child.stop()

    def lose(self) -> None:
        """The lease is lost: what runs is killed, and nothing is written."""
        self.wish(LOST)

    def join(self, seconds: float | None = None) -> None:
        """Wait for the thread's end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            said = self._conducted()
        except Exception as error:  # its text may quote anything; the lease runs out, and counts as a failure
            said = f"internal error: {type(error).__name__} {place_of(error)}"
        self._on_end(self, said)

    def _conducted(self) -> str:
        """Do the job and write how it ended; in words, what became of it."""
        try:
            folder = job_folder(self._data, self.lease)
            ended, code = self._process(folder, self._setup())
            if ended is not None and ended.how == "sealed":
                return self._take_in(folder)
            outcome = self._outcome(ended, code)
        except VerificationError as error:
            outcome = Outcome("failed", f"its own run does not verify: {error}")
        except InputError as error:
            outcome = Outcome("failed", str(error)) if not self._wish else self._wished()
        except SteelyardError as error:
            outcome = Outcome("again", str(error))
        except OSError as error:
            outcome = Outcome("again", f"the worker cannot use its folder: {error.strerror}")
        return self._end(outcome)

    def _setup(self) -> Setup:
        """Ask the database, again where it was away, as long as the lease holds."""
        import psycopg

        from steelyard_server.jobs.setting_up import prepare_setup

        link = Link(self._data)
        try:
            while True:
                try:
                    connection = link.connection()
                    return prepare_setup(connection, link.database, self._data, self.lease, self._lease_seconds)
                except (LinkLost, psycopg.OperationalError, psycopg.InterfaceError):
                    link.close()
                    if self._wish or clock() > self.until:
                        raise StorageError("the database could not be asked for its endpoint") from None
                    time.sleep(_RETRY_SECONDS)
        finally:
            link.close()

    def _process(self, folder: JobFolder, setup: Setup) -> tuple[Ended | None, int]:
        """Run the process to its end: what it said last, and its exit code."""
        with self._guard:
            if self._wish:
                return None, 0
            specification = self.lease.specification.encode()
            self._child = Child(specification, folder.run, folder.inputs, folder.state, self.until, setup)
        last = None
        try:
            for line in self._child.lines():
                if isinstance(line, Progress):
                    self.progress = kept_progress(line)
                else:
                    last = line
        finally:
            with self._guard:
                child, self._child = self._child, None
                code = child.close()
        return last, code

    def _outcome(self, ended: Ended | None, code: int) -> Outcome:
        if self._wish:
            return self._wished()
        if ended is None:
            said = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            return Outcome("again", f"its process ended {said}, without a word")
        if ended.how == "unusable":
            return Outcome("failed", ended.reason)
        if ended.how in ("budget", "approval"):
            return Outcome("waiting", ended.reason, waits_for=ended.how)
        if ended.how == "key":
            return Outcome("paused", ended.reason)
        return Outcome("again", ended.reason or "its process was stopped by somebody else", rests=ended.unavailable)

    def _wished(self) -> Outcome:
        """What the database makes of this, it knows best: the wish may have been taken back."""
        return Outcome("waiting", "its worker was stopped" if self._wish in (STOP, CUT) else "stopped as it was wanted")

    def _take_in(self, folder: JobFolder) -> str:
        from steelyard_server.jobs.taking_in import finish, keep_run, verified_copy

        run = verified_copy(folder.run, folder.taken, self._verifier)

        def write(connection: psycopg.Connection[Any]) -> bool:
            keep_run(connection, self._data, folder.taken, run, self.lease)
            return finish(connection, self.lease, run, self._worker)

        try:
            is_written, said = self._written(write, f"finished: run {run.seal[:12]}")
            if is_written:
                folder.remove_earlier()
        finally:
            shutil.rmtree(folder.taken, ignore_errors=True)
        return said

    def _end(self, outcome: Outcome) -> str:
        outcome = replace(outcome, reason=without_folder(outcome.reason, str(self._data.path)))
        said = f"{outcome.state}: {outcome.reason}" if outcome.reason else outcome.state
        return self._written(
            lambda connection: leave_job(connection, self.lease, outcome, self._worker, self._pause), said
        )[1]

    def _written(self, write: Callable[[psycopg.Connection[Any]], bool], said: str) -> tuple[bool, str]:
        """Write while the lease holds, again where the database was away: the write's own fence decides."""
        import psycopg

        link = Link(self._data)
        try:
            while self._wish != LOST and clock() < self.until:
                try:
                    connection = link.connection()
                    if self.progress:
                        note_progress(connection, self.lease, self.progress)
                    is_written = write(connection)
                    return is_written, said if is_written else f"refused, another attempt has it: {said}"
                except (LinkLost, psycopg.OperationalError, psycopg.InterfaceError):
                    link.close()
                    time.sleep(_RETRY_SECONDS)
                except psycopg.Error as error:
                    return False, f"refused by the database ({error.sqlstate}): {said}"
            return False, f"the lease was lost: {said}"
        finally:
            link.close()
