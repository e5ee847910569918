"""The worker's side of a job's process: started in a group of its own, told of its lease, heard, and killed whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import StorageError
from steelyard_server.jobs.messages import MAX_LINE, MAX_SETUP, SPECIFICATION, Ended, Progress, Setup

__all__ = ["Child", "empty_folder", "job_environment"]

_KEPT: Final = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "HOME", "STEELYARD_DATA",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "XDG_CACHE_HOME", "PIP_INDEX_URL", "PIP_CONFIG_FILE",
)  # fmt: skip

_PLACES: Final = frozenset(
    {"PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "HOME", "STEELYARD_DATA", "SSL_CERT_FILE",
     "SSL_CERT_DIR", "HF_HOME", "XDG_CACHE_HOME"}
)  # fmt: skip


class Child:
    """A running job's process. Its own thread reads it; any thread may tell it something or end it."""

    def __init__(self, specification: bytes, run: Path, inputs: Path, state: Path, until: float, setup: Setup) -> None:
        (inputs / SPECIFICATION).write_bytes(specification)
        places = [str(path.absolute()) for path in (run, inputs)]
        heard, self._told = _pipe_with(setup)
        try:
            self._process = subprocess.Popen(  # noqa: S603 — our own module
                [sys.executable, "-P", "-m", "steelyard_server.jobs.process", *places, str(os.getpid())],
                cwd=empty_folder(inputs),
                stdin=heard,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # its group is killed whole, and a terminal's Ctrl-C reaches the worker alone
                env=job_environment(state),
                bufsize=0,
            )
        except BaseException:
            os.close(self._told)
            raise
        finally:
            os.close(heard)
        self._is_closed = False
        self.renew(until)

    @property
    def number(self) -> int:
        """The number of the process, which is that of its group."""
        return self._process.pid

    def renew(self, until: float) -> None:
        """Tell it until when the lease holds, on its clock."""
        if not self._is_closed:
            with contextlib.suppress(OSError):  # it has ended, or is stopped and hears nothing
                os.write(self._told, f"{until:.3f}\n".encode())

    def stop(self) -> None:
        """Ask it to stop at a checkpoint; asked again, it does not wait for what is in flight."""
        self._signal(os.kill, signal.SIGTERM)

    def kill(self) -> None:
        """End its whole group at once."""
        self._signal(os.killpg, signal.SIGKILL)

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        # Until the process is waited for, its number is nobody else's: so nothing here asks whether it has ended, which
        # would wait for it.
        if not self._is_closed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(self._process.pid, number)

    def lines(self) -> Iterator[Progress | Ended]:
        """What it says, until its end; what is no such line is passed over."""
        assert self._process.stdout is not None
        held = b""
        while piece := os.read(self._process.stdout.fileno(), MAX_LINE):
            *lines, held = (held + piece).split(b"\n")
            held = held[:MAX_LINE]
            for line in lines:
                with contextlib.suppress(msgspec.DecodeError):
                    yield msgspec.json.decode(line, type=Progress | Ended)

    def close(self) -> int:
        """Kill what is left of its group, and give its exit code: the negative number of a signal that ended it."""
        self.kill()
        self._is_closed = True
        os.close(self._told)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.wait()


def _pipe_with(setup: Setup) -> tuple[int, int]:
    """The two ends of a pipe that holds the setup already, so that nobody waits until it is read."""
    line = msgspec.json.encode(setup) + b"\n"
    if len(line) > MAX_SETUP:
        raise StorageError("what the job's process must know is too long: an address of the database, or a key")
    heard, told = os.pipe()
    os.set_blocking(told, False)
    try:
        if os.write(told, line) == len(line):
            return heard, told
    except BlockingIOError:
        pass
    os.close(heard)
    os.close(told)
    raise StorageError("this user has too many pipes (/proc/sys/fs/pipe-user-pages-soft)")


def empty_folder(above: Path) -> Path:
    """The working folder of a job's process: nothing lies there that a name could mean."""
    path = above / "empty"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def job_environment(state: Path) -> dict[str, str]:
    """What Python and the network here need, and no key; what a run notes for its user goes to ``state``.

    Places are absolute, since the process works in another folder.
    """
    kept = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    for name in _PLACES & kept.keys():
        parts = kept[name].split(os.pathsep)
        kept[name] = os.pathsep.join(os.path.abspath(part) if part else part for part in parts)
    return kept | {"XDG_STATE_HOME": str(state.absolute())}
