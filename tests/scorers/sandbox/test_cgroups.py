"""Which control groups are chosen, by what real machines say of theirs, and how they are cleaned up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from steelyard.scorers.sandbox import cgroups
from steelyard.scorers.sandbox.cgroups import FolderCage, Mounts, ScopeCage, read_mounts
from steelyard.scorers.sandbox.limits import SandboxError, SandboxLimits

SYSTEMD_V2 = (
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
)
V1 = (
    "31 25 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "33 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "35 31 0:31 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "36 31 0:32 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
)
DOCKER_V1 = "40 25 0:30 /docker/abc /sys/fs/cgroup/memory ro,relatime master:9 - cgroup cgroup rw,memory\n"


def test_systemd_version_2() -> None:
    own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope\n"
    base = Path("/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice")
    assert read_mounts(SYSTEMD_V2, own) == Mounts({}, (base, Path("/sys/fs/cgroup")))
    assert read_mounts(SYSTEMD_V2, "0::/\n").v2[0] == Path("/sys/fs/cgroup")


def test_version_1_below_our_own() -> None:
    own = "8:pids:/\n4:memory:/api/x\n2:cpu,cpuacct:/\n0::/\n"
    found = read_mounts(V1, own)
    assert found.v1["memory"] == (Path("/sys/fs/cgroup/memory/api/x"), Path("/sys/fs/cgroup/memory"))
    assert found.v1["pids"][0] == Path("/sys/fs/cgroup/pids")
    assert found.v1["cpu"][0] == Path("/sys/fs/cgroup/cpu")


def test_in_a_container_our_group_is_the_mounts_root() -> None:
    assert read_mounts(DOCKER_V1, "4:memory:/docker/abc\n").v1["memory"][0] == Path("/sys/fs/cgroup/memory")


def test_version_2_files(tmp_path: Path) -> None:
    """Ordinary files stand in for the kernel's here: this machine mounts version 1."""
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    assert cgroups._controls(tmp_path)
    made = FolderCage({"unified": tmp_path}, SandboxLimits(memory=1 << 20, processes=8), version=2)
    (folder,) = tmp_path.glob("steelyard-*")
    assert (folder / "memory.max").read_text() == str(1 << 20)
    assert int((folder / "pids.max").read_text()) > 8
    assert made.inside(["true"])[-3:] == [f"{folder}/cgroup.procs", "--", "true"]
    (folder / "memory.events").write_text("low 0\noom 2\noom_kill 0\n")
    assert not made.ran_out_of_memory()
    (folder / "memory.events").write_text("low 0\noom 2\noom_kill 2\n")
    assert made.ran_out_of_memory()
    for file in folder.iterdir():
        file.unlink()
    made.close()
    assert not folder.exists()


def test_a_base_without_the_controllers_is_no_use(tmp_path: Path) -> None:
    assert not cgroups._controls(tmp_path)
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    (tmp_path / "cgroup.subtree_control").chmod(0o400)
    if os.geteuid() != 0:
        assert not cgroups._controls(tmp_path)


def test_only_the_dead_are_swept(tmp_path: Path) -> None:
    alive = tmp_path / cgroups._new_name()
    reused = tmp_path / f"steelyard-{os.getpid()}-1-0"  # our number, but another process had it
    gone = tmp_path / "steelyard-999999999-5-0"
    busy = tmp_path / "steelyard-999999999-5-1"
    strange = tmp_path / "steelyard-not-one-ofours"
    for folder in (alive, reused, gone, busy, strange):
        folder.mkdir()
    (busy / "cgroup.procs").write_text("1")
    cgroups._sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {alive, busy, strange}


def test_a_group_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="no control group can be made"):
        FolderCage({"unified": tmp_path / "absent"}, SandboxLimits(), version=2)


def test_without_a_control_group_the_message_says_how_to_fix_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "read_mounts", lambda *_: Mounts({}, ()))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match=r"nothing limits the memory of all processes together: (mount|run as root)"):
        cgroups.find_cages()


def test_a_scope_carries_the_limits() -> None:
    command = ScopeCage(SandboxLimits(memory=5)).inside(["bwrap", "x"])
    assert command[:3] == ["systemd-run", "--user", "--scope"]
    assert "MemoryMax=5" in command
    assert command[-3:] == ["--", "bwrap", "x"]
