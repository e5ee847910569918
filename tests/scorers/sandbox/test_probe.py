"""The trial before a sandbox is trusted: with each wall taken away in turn, it is refused and the wall is named.

A script by the name of ``bwrap`` stands first on the PATH, as a distribution's own might, and starts the real one
without an option, or with another.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.scorers.sandbox import box
from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.inside.probe import WALLS

# Takes its arguments one by one from the front and puts them back at the end, but for those that a case holds.
SCRIPT = """#!/bin/sh
left=$#
while [ $left -gt 0 ]; do
    option=$1; shift; left=$((left - 1))
    case "$option" in
        {case}
        *) set -- "$@" "$option" ;;
    esac
done
exec {real} "$@"
"""
DROPPED = "shift; left=$((left - 1)) ;;"  # the option with its value
NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup-try")


def all_namespaces_but(one: str) -> str:
    return f'--unshare-all) set -- "$@" {" ".join(f"--unshare-{name}" for name in NAMESPACES if name != one)} ;;'


# What is taken away or added, the wall, and what is seen without it.
HOLES = {
    "user": ('--clearenv) set -- "$@" --clearenv --uid 0 --gid 0 ;;', "another user", "it runs as root"),
    "files": (
        '--dev) set -- "$@" --ro-bind /etc/passwd /etc/passwd --dev ;;',
        "only the files it needs", "it sees /etc/passwd",
    ),
    "proc": ('--dev) set -- "$@" --proc /proc --dev ;;', "only the files it needs", "it sees proc"),
    "read-only": (f"--remount-ro) {DROPPED}", "read-only folders", "it can write /new"),
    "disk": (f"--size) {DROPPED}", "a small disk", "it may write"),
    "network": (all_namespaces_but("net"), "network namespace", "it sees "),
    "processes": (all_namespaces_but("pid"), "process namespace", "it sees processes of the host"),
    "host name": (f"--hostname) {DROPPED}", "host name of its own", "it sees the host's name"),
    "session": ("--new-session) ;;", "session of its own", "it belongs to the session that started it"),
    "environment": ("--clearenv) ;;", "empty environment", "it sees 1 variables of the environment"),
    "capabilities": ('--cap-drop) set -- "$@" --cap-add ;;', "no capabilities", "it opens a file that nobody may open"),
    "address space": ("--as=*) ;;", "resource limits", "no limit of address space"),
    "rlimits": ("--nproc=*|--nofile=*) ;;", "resource limits", "no limit of processes, open files"),
    "filter": (f"--seccomp) {DROPPED}", "filter of system calls", "the kernel is asked for a netlink socket"),
}  # fmt: skip


@pytest.fixture
def folder(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The first folder of the PATH. The user inside must be able to read it, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="steelyard-test-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{name}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        yield Path(name)


def install(folder: Path, case: str) -> None:
    real = shutil.which("bwrap")
    script = folder / "bwrap"
    script.write_text(SCRIPT.format(case=case, real=real))
    script.chmod(0o755)


@pytest.mark.parametrize("hole", HOLES)
def test_each_missing_wall_is_named(folder: Path, hole: str) -> None:
    case, wall, seen = HOLES[hole]
    install(folder, case)
    found = box._found.__wrapped__()
    assert isinstance(found, str), "a sandbox with a hole was trusted"
    assert f"missing walls: {wall} ({seen}" in found
    assert f"{folder}/bwrap and " in found
    # The wall alone: no other one was taken away.
    assert [name for name in WALLS if f"{name} (" in found] == [wall]


def test_every_wall_is_taken_away_once() -> None:
    assert {wall for _, wall, _ in HOLES.values()} == set(WALLS)


def test_all_missing_walls_are_named_at_once(folder: Path) -> None:
    install(folder, f"--seccomp|--size|--hostname) {DROPPED}")
    found = str(box._found.__wrapped__())
    assert "missing walls: a small disk (it may write" in found
    assert ", host name of its own (it sees the host's name), filter of system calls (" in found


def test_a_script_that_changes_nothing_is_trusted(folder: Path) -> None:
    install(folder, "--no-such-option) ;;")
    assert not isinstance(box._found.__wrapped__(), str)


def test_doctor_names_it(folder: Path, tmp_path: Path) -> None:
    install(folder, f"--seccomp) {DROPPED}")
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "doctor", "--json"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (check,) = (check for check in json.loads(done.stdout)["checks"] if check["what"] == "sandbox")
    assert not check["works"]
    assert "missing walls: filter of system calls (the kernel is asked for a netlink socket)" in check["text"]
