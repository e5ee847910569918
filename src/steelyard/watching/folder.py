"""The folder of a watch: its log, appended to line by line under a lock, and beside it the run of each pass."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import sha256_hex
from steelyard.records.watching import WatchLine, WatchOpened
from steelyard.watching.log import LOG, WatchLog, encode_line, read_log, with_line

__all__ = ["WatchFolder", "is_watch", "now_text", "open_log"]

MAX_LOG_BYTES: Final = 100_000_000  # some hundred thousand looks


def is_watch(path: Path) -> bool:
    """Whether this is the folder of a watch."""
    return (path / LOG).is_file()


def now_text() -> str:
    """The time now, as a log states it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def open_log(path: Path) -> WatchLog:
    """Read the log of a watch; raises InputError where there is none, VerificationError where it does not hold."""
    return read_log(_read(path))


def _read(path: Path) -> bytes:
    if not is_watch(path):
        raise InputError(f"is not the folder of a watch: there is no {LOG} in it", where=path)
    with (path / LOG).open("rb") as file:
        data = file.read(MAX_LOG_BYTES + 1)
    if len(data) > MAX_LOG_BYTES:
        raise VerificationError(f"{path / LOG}: larger than {MAX_LOG_BYTES:,} bytes")
    return data


class WatchFolder:
    """A watch whose lock this process holds; ``log`` is what its file says. Open it with :meth:`open`."""

    def __init__(self, path: Path, log: WatchLog, descriptor: int) -> None:
        self.path, self.log = path, log
        self._descriptor = descriptor

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[WatchFolder]:
        """Lock a watch for the time of the block, and cut a last line that a crash left unfinished.

        Raises InputError where another process has the lock or there is no watch, VerificationError for a broken log.
        """
        _read(path)
        descriptor = os.open(path / LOG, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        try:
            _lock(descriptor, path)
            data = _read(path)
            folder = cls(path, read_log(data), descriptor)
            if torn := len(data) - (data.rfind(b"\n") + 1):
                os.ftruncate(descriptor, len(data) - torn)
            yield folder
        finally:
            os.close(descriptor)

    @classmethod
    def create(cls, path: Path, opened: WatchOpened, first: Callable[[WatchLog], WatchLine]) -> None:
        """Write a new log with two lines: nothing is left of a watch whose first pass could not begin.

        Raises InputError where there is one already.
        """
        log = with_line(None, opened)
        lines = [opened, first(log)]
        with_line(log, lines[1])
        try:
            descriptor = os.open(path / LOG, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            raise InputError("is a watch already: choose another --out", where=path) from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(encode_line(line) + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def append(self, make: Callable[[int, str], WatchLine]) -> None:
        """Append the line that ``make`` gives for its number and the digest of the line before; it reaches the disk.

        Raises OSError, with nothing of the line left.
        """
        line = make(self.log.lines, self.log.head)
        after, data = with_line(self.log, line), encode_line(line) + b"\n"
        size = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, data) < len(data):
                raise OSError(28, "no space left on device")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, size)
            raise
        assert after.head == sha256_hex(data[:-1])
        self.log = after


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError("another process is looking: nothing was asked; wait for it or stop it", where=path) from None
