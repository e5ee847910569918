"""The command line that isolates one program: another user, namespaces, resource limits, a filter of system calls.

Each part closes a hole that was observed: started as root without another user, the limit of processes is not enforced
(2,000 forks); without ``--disable-userns`` nested namespaces can be made; without a control group, six processes have
six times the memory of one.
Inside there are an interpreter with its standard library, the system's shared libraries, one small writable folder and
the given files: no network, no /proc, no packages, no shell, nothing of the host's users.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from steelyard.scorers.sandbox.limits import SandboxError, SandboxLimits

__all__ = ["NOBODY", "Interpreter", "Tools", "find_interpreters", "find_tools", "walled"]

NOBODY = 65534
_LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/lib32")
_LOADER = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_OLDEST = (3, 10)
_ASK = "import sys, sysconfig; print(sys.version_info[:2], sysconfig.get_path('stdlib'), sys.base_prefix, sep='\\n')"
# A fixed hash seed: an answer whose value depends on the order of a set is scored the same way each time.
_ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 — the sandbox's own
    "PATH": "/usr/bin",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Tools(msgspec.Struct, frozen=True):
    """Paths of the isolation tools; ``setpriv`` is needed by root only."""

    bwrap: str
    prlimit: str
    setpriv: str


class Interpreter(msgspec.Struct, frozen=True):
    """The Python inside: its file, the folders that it needs, and the package folders in them that are hidden."""

    executable: str
    version: str
    folders: tuple[str, ...]
    hidden: tuple[str, ...]


def find_tools() -> Tools:
    """Find the programs, or raise SandboxError with what to install."""
    packages = {"bwrap": ("bubblewrap", "bubblewrap"), "prlimit": ("prlimit", "util-linux")}
    if os.geteuid() == 0:
        packages["setpriv"] = ("setpriv", "util-linux")
    found = {name: shutil.which(name) or "" for name in ("bwrap", "prlimit", "setpriv")}
    for name, (title, package) in packages.items():
        if not found[name]:
            raise SandboxError(f"{title} is not installed: apt install {package}")
    return Tools(**found)


def find_interpreters() -> Iterator[Interpreter]:
    """Interpreters that may serve inside: the one that runs Steelyard, else the system's (ours is unreadable)."""
    seen = set()
    for name in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        executable = os.path.realpath(name)
        if executable not in seen and os.path.isfile(executable):
            seen.add(executable)
            if interpreter := _asked(executable):
                yield interpreter


def _asked(executable: str) -> Interpreter | None:
    try:
        answer = subprocess.run([executable, "-I", "-S", "-c", _ASK], capture_output=True, text=True, timeout=20)  # noqa: S603
        version, library, prefix = answer.stdout.splitlines()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    major, minor = (int(part) for part in version.strip("()").split(","))
    if (major, minor) < _OLDEST:
        return None
    folders = [folder for folder in (library, f"{prefix}/lib") if os.path.isdir(folder)]
    folders = [folder for folder in folders if not folder.startswith(_LIBRARIES)]
    if f"{prefix}/lib" in folders:
        folders = [f"{prefix}/lib"]  # with it the standard library, and a libpython that is shared
    packages = [*Path("/usr/lib").glob("python3*/*-packages"), *Path(library).glob("*-packages")]
    hidden = sorted({str(folder) for folder in packages if folder.is_dir()})
    return Interpreter(executable, f"{major}.{minor}", tuple(folders), tuple(hidden))


def walled(
    tools: Tools, python: Interpreter, limits: SandboxLimits, files: Mapping[str, int], program: list[str], *,
    status: int, calls: int,
) -> list[str]:  # fmt: skip
    """The command that runs ``python … program`` inside; ``files`` are open descriptors by their path inside.

    To the descriptor ``status``, which is not open inside, ``"exit-code"`` is written once the program has run.
    From ``calls``, which is not open there either, the filter of system calls is read.
    """
    command = [
        tools.bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--hostname", "sandbox", "--json-status-fd", str(status), "--clearenv",
        "--seccomp", str(calls),
    ]  # fmt: skip
    if os.geteuid() == 0:
        user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--")
        command = [tools.setpriv, *user, *command]
    for name, value in _ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += _folders(tools, python)
    command += ["--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--size", str(limits.disk), "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108
    for path, descriptor in files.items():
        command += ["--ro-bind-data", str(descriptor), path]
    # The root is a tmpfs too, and without this a writable one that has no limit of its own.
    command += ["--remount-ro", "/", "--", tools.prlimit, *_rlimits(limits), "--"]
    return [*command, python.executable, "-s", "-S", *program]


def _folders(tools: Tools, python: Interpreter) -> list[str]:
    command = []
    for folder in _LIBRARIES:
        if os.path.islink(folder):
            command += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            command += ["--ro-bind", folder, folder]
    for path in (*_LOADER, *python.folders, tools.prlimit, python.executable):
        command += ["--ro-bind-try", path, path]
    for folder in python.hidden:
        command += ["--size", "4096", "--tmpfs", folder, "--remount-ro", folder]
    return command


def _rlimits(limits: SandboxLimits) -> list[str]:
    # The wall clock ends a run; the limit of processor time works even if this process is stopped.
    return [
        f"--as={limits.address_space}",
        f"--nproc={limits.processes}",
        f"--cpu={limits.processor_seconds or math.ceil(limits.seconds) + 1}",
        f"--fsize={limits.file}",
        f"--nofile={limits.open_files}",
        "--core=0",
    ]
