"""``steelyard worker``: takes jobs while there are some, renews their leases, and never ends by itself.

The process stays small: what a run needs is imported in the job's own process. One thread asks the database, renews and
starts; each job has a thread that waits for its process.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.util.software import software
from steelyard_server.http.logs import JsonLog
from steelyard_server.jobs.attempt import CUT, STOP, JobAttempt
from steelyard_server.jobs.disk import FLOOR, why_no_room
from steelyard_server.jobs.leases import end_lost_lease, lost_jobs, renew_leases, take_job
from steelyard_server.jobs.link import Link, LinkLost
from steelyard_server.jobs.messages import clock
from steelyard_server.jobs.workers import NOTE_SECONDS, Presence

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = ["JobWorker", "WorkerSettings", "worker_settings"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_LONGEST_PAUSE_SECONDS: Final = 5.0
_CUT_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """How a worker works. ``lease_seconds`` are renewed every ``beat_seconds``; ``poll_seconds`` behind notifications.

    ``pause_seconds``: until a job that failed once is tried again; twice as long each time. ``schedule_seconds``: how
    often schedules are looked at. ``least_free``: bytes of the disk, below which no job is taken.
    """

    name: str
    concurrency: int = 1
    lease_seconds: float = 10.0
    beat_seconds: float = 3.0
    poll_seconds: float = 5.0
    pause_seconds: float = 5.0
    schedule_seconds: float = 15.0
    least_free: int = FLOOR


def worker_settings(name: str, concurrency: int) -> WorkerSettings:
    """Settings from the command line; the name is the machine's and the process's where it is ""."""
    name = name or re.sub(r"[^A-Za-z0-9._-]", "-", f"{socket.gethostname()[:40]}-{os.getpid()}").lstrip("._-")
    if not _NAME.fullmatch(name):
        raise InputError(f"--name takes letters, digits, '.', '_' and '-', at most 60, not {name[:80]!r}")
    return WorkerSettings(name=name, concurrency=concurrency)


class JobWorker:
    """One worker; :meth:`run` returns after SIGTERM or SIGINT, and for no other reason."""

    def __init__(self, data: DataFolder, settings: WorkerSettings, log: JsonLog) -> None:
        self._data = data
        self._settings = settings
        self._log = log
        self._link = Link(data, listens=True)
        self._running: dict[tuple[int, int], JobAttempt] = {}
        self._signals = 0
        self._is_stopping = False
        self._lost = 0  # how often in a row the database could not be reached
        self._beaten = self._scheduled = self._noted = 0.0
        self._presence = Presence(settings.name, settings.concurrency, software())
        self._problem = ""
        self._wake, self._waker = os.pipe()
        for end in (self._wake, self._waker):
            os.set_blocking(end, False)

    def run(self) -> None:
        """Work until a signal: the first lets jobs stop at a checkpoint and gives them back, a second kills them.

        Raises InputError for an address of a database that is none.
        """
        with self._signalled():
            try:
                with suppress(LinkLost):
                    self._link.connection()  # an address that is none ends it here, and nothing later does
                while not (self._signals and not self._running) and self._signals < 2:
                    self._pass()
                    self._wait()
                self._cut()
                self._say_goodbye()
            finally:
                self._link.close()
                self._log.write("info", "worker ended", worker=self._settings.name)

    def _pass(self) -> None:
        """Renew, pass on what is wanted, take what is free."""
        import psycopg

        if self._signals:
            if not self._is_stopping:
                self._is_stopping = True
                self._log.write("info", "stopping: jobs are given back at a checkpoint", jobs=len(self._running))
            for attempt in tuple(self._running.values()):
                attempt.wish(STOP)
        try:
            self._beat()
            self._note_alive()
            if not self._signals:
                self._make_due_jobs()
                self._end_lost()
                while not self._problem and len(self._running) < self._settings.concurrency and self._take():
                    pass
            if self._lost:
                self._log.write("info", "the database answers again", tries=self._lost)
            self._lost = 0
        except (LinkLost, psycopg.Error) as error:
            if not self._lost:
                # What the database itself says may quote anything.
                reason = str(error)[:300] if isinstance(error, LinkLost) else type(error).__name__
                self._log.write("warning", "the database does not answer: trying again", reason=reason)
            self._lost += 1
            self._link.close()
        self._drop_lost()

    def _beat(self) -> None:
        if not self._running or clock() - self._beaten < self._settings.beat_seconds * 0.9:
            return
        held = dict(self._running)
        asked = clock()
        wanted = renew_leases(
            self._link.connection(),
            {each.lease: each.progress for each in held.values()},
            self._settings.lease_seconds,
        )
        self._beaten = asked
        for key, attempt in held.items():
            if key in wanted:
                attempt.renew(asked + self._settings.lease_seconds)
                if wanted[key] and not self._signals:
                    attempt.wish(wanted[key])
            elif key in self._running:  # and did not end meanwhile
                attempt.lose()

    def _note_alive(self) -> None:
        """Look whether there is room for a job, and say now and then that this worker is here."""
        connection = self._link.connection()
        problem = why_no_room(self._data, self._settings.least_free)
        if bool(problem) == bool(self._problem) and clock() - self._noted < NOTE_SECONDS:
            return
        if bool(problem) != bool(self._problem):
            said = ("warning", "no job is taken") if problem else ("info", "jobs are taken again")
            self._log.write(*said, reason=problem)
        self._problem = problem
        self._presence.note(connection, problem)
        self._noted = clock()

    def _say_goodbye(self) -> None:
        import psycopg

        if self._link.fileno() is not None:  # the database may be away
            with suppress(LinkLost, psycopg.Error):
                self._presence.end(self._link.connection())

    def _make_due_jobs(self) -> None:
        """Look at the schedules now and then; of several workers, one does so at a time."""
        if clock() - self._scheduled < self._settings.schedule_seconds:
            return
        from steelyard_server.jobs.schedules import make_due_jobs

        self._scheduled = clock()
        made = make_due_jobs(
            self._link.connection(),
            lambda reason: self._log.write("error", "a schedule cannot be read here", reason=reason[:300]),
        )
        if made:
            self._log.write("info", "schedules were due", jobs=made)

    def _end_lost(self) -> None:
        """End the jobs whose lease ran out; one that cannot be ended now keeps no other from being ended or taken."""
        import psycopg

        connection = self._link.connection()
        for job in lost_jobs(connection):
            try:
                end_lost_lease(connection, job, self._settings.name, self._settings.pause_seconds)
            except psycopg.Error as error:
                if connection.closed:
                    raise
                self._log.write("warning", "a lost job could not be ended", job=job, reason=type(error).__name__)
            self._beat()

    def _take(self) -> bool:
        asked = clock()
        lease = take_job(self._link.connection(), self._settings.name, self._settings.lease_seconds)
        if lease is None:
            return False
        attempt = JobAttempt(
            lease,
            asked + self._settings.lease_seconds,
            self._data,
            self._settings.name,
            self._settings.pause_seconds,
            self._ended,
            self._settings.lease_seconds,
        )
        self._running[lease.job, lease.attempt] = attempt
        self._log.write("info", "job taken", job=lease.job, attempt=lease.attempt, kind=lease.kind)
        attempt.start()
        return True

    def _drop_lost(self) -> None:
        """Kill what has no lease any more: the database could not be asked, or this process was stopped."""
        for attempt in tuple(self._running.values()):
            if clock() > attempt.until:
                attempt.lose()

    def _ended(self, attempt: JobAttempt, said: str) -> None:
        """Called from the attempt's thread."""
        lease = attempt.lease
        self._running.pop((lease.job, lease.attempt), None)
        self._log.write("info", "job left", job=lease.job, attempt=lease.attempt, how=said[:400])
        self._rouse()

    def _wait(self) -> None:
        """Until something happens, the next renewal, or the next look."""
        if self._signals and not self._running:
            return
        seconds = self._settings.poll_seconds
        if self._lost:
            longest = _LONGEST_PAUSE_SECONDS if not self._running else _LONGEST_PAUSE_SECONDS / 10  # leases run
            seconds = min(longest, 0.1 * 2 ** min(self._lost, 10))
        elif self._running:
            seconds = min(seconds, max(0.05, self._beaten + self._settings.beat_seconds - clock()))
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if (told := self._link.fileno()) is not None:
            poll.register(told, select.POLLIN)
        poll.poll(1000 * seconds)
        while True:
            try:
                if not os.read(self._wake, 512):
                    return
            except BlockingIOError:
                return

    def _cut(self) -> None:
        for attempt in (left := tuple(self._running.values())):
            attempt.wish(CUT)
        ends = time.monotonic() + _CUT_SECONDS
        for attempt in left:
            attempt.join(max(0.0, ends - time.monotonic()))

    def _rouse(self) -> None:
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:  # it is full, so the other end is readable
            return

    def _signal(self, _: int, __: FrameType | None) -> None:
        self._signals += 1
        self._rouse()

    @contextmanager
    def _signalled(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                # One more SIGTERM while the process ends must not make a failure of it.
                signal.signal(number, signal.SIG_IGN if handler is signal.SIG_DFL else handler)
