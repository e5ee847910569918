"""Control groups: the only limit that holds for all processes of a run together.

Seen without one: six children of 300 MB each live side by side under an address-space limit of 1 GB. Version 1 or
2 is used, whichever is mounted and writable; where neither is, systemd makes a scope.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from steelyard.scorers.sandbox.limits import SandboxError, SandboxLimits

__all__ = ["Cage", "CageMaker", "Mounts", "find_cages", "read_mounts"]

_NEEDED = ("pids", "memory")
_CLEARING_SECONDS = 5.0
# The processes of the walls: for each of a run's two sandboxes a monitor, an init and the program itself.
_WALL_PROCESSES = 8
# The share of two processes, as an examination's two sides are; the kernel gives 1,024 to each.
_SHARES = 2048
# Each process joins the groups by writing to their files, then becomes the command. Without joining it does not run.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 97; shift; done; shift; exec "$@"'
_numbers = itertools.count()


class Cage(Protocol):
    """The control group of one run."""

    def inside(self, command: list[str]) -> list[str]:
        """The command that runs ``command`` in here, or not at all."""
        ...

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed a process in here for want of memory."""
        ...

    def close(self) -> None:
        """Kill whatever is still in here, and remove it."""
        ...


CageMaker = Callable[[SandboxLimits], Cage]


class Mounts(msgspec.Struct, frozen=True):
    """Where the controllers can be reached: ``v1`` by name; ``v2`` is the folder under which groups may be made."""

    v1: Mapping[str, tuple[Path, ...]]
    v2: tuple[Path, ...]


def read_mounts(mountinfo: str, own: str) -> Mounts:
    """Read ``/proc/self/mountinfo`` and ``/proc/self/cgroup``: for each controller the folders to try, nearest first.

    Groups of version 1 are made below our own. In version 2 a group with processes cannot have controlled children, so
    they are made beside our own.
    """
    groups: dict[str, str] = {}
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        groups.update(dict.fromkeys(names.split(","), path))
    v1: dict[str, tuple[Path, ...]] = {}
    v2: tuple[Path, ...] = ()
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup2":
            group = _below(Path(point), root, groups.get("", "/"))
            v2 = (group.parent if group != Path(point) else group, Path(point))
        elif kind == "cgroup":
            for name in options.split(","):
                if name in groups:
                    v1[name] = (_below(Path(point), root, groups[name]), Path(point))
    return Mounts(v1, v2)


def _below(point: Path, root: str, group: str) -> Path:
    inner = group.removeprefix(root.rstrip("/")) if group.startswith(root) else group
    return point / inner.lstrip("/")


def find_cages() -> CageMaker:
    """The kind of control group that works here; removes those that killed runs left.

    Raises SandboxError, saying how to fix it, where none works.
    """
    mounts = read_mounts(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    if all(name in mounts.v1 for name in _NEEDED):
        # The share of the processor is optional: it keeps one run's sixty loops from slowing its neighbour.
        bases = {name: base for name in (*_NEEDED, "cpu") if (base := _first_usable(mounts.v1.get(name, ())))}
        if all(name in bases for name in _NEEDED):
            return lambda limits: FolderCage(bases, limits, version=1)
    for base in mounts.v2:
        if _controls(base) and (usable := _first_usable((base,))):
            return lambda limits: FolderCage({"unified": usable}, limits, version=2)
    if shutil.which("systemd-run") and os.geteuid() != 0 and _scope_works():
        return ScopeCage
    if os.geteuid() == 0:
        fix = "mount them writable (a container needs --privileged --cgroupns=host)"
    else:
        fix = "run as root, or as a user whose systemd delegates groups (systemd-run --user --scope true must work)"
    raise SandboxError(f"no control group can be made, so nothing limits the memory of all processes together: {fix}")


def _controls(base: Path) -> bool:
    """Whether groups under ``base`` have the controllers that we need, after asking for them."""
    control = base / "cgroup.subtree_control"
    with contextlib.suppress(OSError):
        if not set(_NEEDED) <= set(control.read_text().split()):
            control.write_text("+memory +pids")
        return set(_NEEDED) <= set(control.read_text().split())
    return False


def _first_usable(bases: tuple[Path, ...]) -> Path | None:
    for base in bases:
        trial = base / _new_name()
        with contextlib.suppress(OSError):
            trial.mkdir()
            trial.rmdir()
            _sweep(base)
            return base
    return None


def _scope_works() -> bool:
    command = ["systemd-run", "--user", "--scope", "--quiet", "-p", "MemoryMax=64M", "-p", "TasksMax=8", "true"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0  # noqa: S603
    return False


def _new_name() -> str:
    """``steelyard-<process>-<its start>-<number>``: so that a later run sees whether its maker is still alive."""
    return f"steelyard-{os.getpid()}-{_started(os.getpid())}-{next(_numbers)}"


def _started(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _sweep(base: Path) -> None:
    """Remove the groups of makers that have ended; one that still holds a process stays."""
    for folder in base.glob("steelyard-*-*-*"):
        _, process, started, *_ = folder.name.split("-")
        if process.isdecimal() and _started(int(process)) != started:
            with contextlib.suppress(OSError):
                folder.rmdir()


class FolderCage:
    """A control group made as a folder: one in each hierarchy of version 1, or the one of version 2."""

    def __init__(self, bases: Mapping[str, Path], limits: SandboxLimits, version: int) -> None:
        name = _new_name()
        self._folders = {controller: base / name for controller, base in bases.items()}
        self._version = version
        try:
            for folder in self._folders.values():
                folder.mkdir()
            self._set(limits)
        except OSError as error:
            self.close()
            raise SandboxError(f"no control group can be made: {error.strerror}") from None

    def _set(self, limits: SandboxLimits) -> None:
        memory, pids = (self._folders.get(name) or self._folders["unified"] for name in ("memory", "pids"))
        (pids / "pids.max").write_text(str(limits.processes + _WALL_PROCESSES))
        if processor := self._folders.get("cpu"):
            (processor / "cpu.shares").write_text(str(_SHARES))
        if self._version == 1:
            (memory / "memory.limit_in_bytes").write_text(str(limits.memory))
            swap = memory / "memory.memsw.limit_in_bytes"
        else:
            (memory / "memory.max").write_text(str(limits.memory))
            swap = memory / "memory.swap.max"
        if swap.exists():  # not where the kernel counts no swap
            swap.write_text(str(limits.memory) if self._version == 1 else "0")

    def inside(self, command: list[str]) -> list[str]:
        """See :class:`Cage`."""
        files = [str(folder / "cgroup.procs") for folder in self._folders.values()]
        return ["/bin/sh", "-c", _JOIN, "cage", *files, "--", *command]

    def ran_out_of_memory(self) -> bool:
        """See :class:`Cage`."""
        if self._version == 1:
            counts = self._folders["memory"] / "memory.oom_control"
        else:
            counts = self._folders["unified"] / "memory.events"
        with contextlib.suppress(OSError):
            return any(
                line.startswith("oom_kill ") and line.split()[1] != "0" for line in counts.read_text().splitlines()
            )
        return False

    def close(self) -> None:
        """See :class:`Cage`; the kernel needs a moment until the last process is gone."""
        until = time.monotonic() + _CLEARING_SECONDS
        for folder in self._folders.values():
            while not _removed(folder) and time.monotonic() < until:
                _kill_all(folder)
                time.sleep(0.001)


def _removed(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def _kill_all(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "cgroup.kill").write_text("1")
        return
    with contextlib.suppress(OSError):
        for process in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)


class ScopeCage:
    """A scope of the user's systemd for each sandbox of a run; it goes when its last process does."""

    def __init__(self, limits: SandboxLimits) -> None:
        properties = (
            f"MemoryMax={limits.memory}", "MemorySwapMax=0", f"TasksMax={limits.processes + _WALL_PROCESSES}",
        )  # fmt: skip
        named = [part for one in properties for part in ("-p", one)]
        self._start = ["systemd-run", "--user", "--scope", "--quiet", "--collect", *named, "--"]

    def inside(self, command: list[str]) -> list[str]:
        """See :class:`Cage`."""
        return [*self._start, *command]

    def ran_out_of_memory(self) -> bool:
        """See :class:`Cage`: systemd keeps no count for us, so this shows as a killed process instead."""
        return False

    def close(self) -> None:
        """See :class:`Cage`: nothing is left once the sandboxes have been killed."""
