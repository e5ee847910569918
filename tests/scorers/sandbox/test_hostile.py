"""Hostile programs, each against the wall that should hold it; the host that they look for is really there."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from steelyard.scorers.sandbox.box import Box, Sandbox, _run, open_box
from tests.scorers.sandbox.hostile import PROGRAMS, Hostile, listed
from tests.scorers.sandbox.syscalls import NUMBERS
from tests.scorers.sandbox.test_containment import groups_left

PAGE = Path(__file__).parents[3] / "docs" / "code-tasks.md"
IPC_CREATE, IPC_MODE, IPC_REMOVE = 0o1000, 0o666, 0


class Host:
    """What a program would find if it got out: a port, an abstract socket, a process, a file, shared memory."""

    def __init__(self, folder: Path) -> None:
        self.port = socket.create_server(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0{folder.name}")
        self.abstract.listen()
        self.process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        self.file = folder / "file"
        self.file.write_text("of the host")
        self.file.chmod(0o666)
        self.leaked = os.open(self.file, os.O_RDWR)
        os.set_inheritable(self.leaked, True)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.key = 0x5EE1_0000 | os.getpid() & 0xFFFF
        self.shared = self._libc.shmget(self.key, 4096, IPC_CREATE | IPC_MODE)
        assert self.shared != -1

    def told(self) -> dict[str, object]:
        return {"port": self.port.getsockname()[1], "abstract": self.abstract.getsockname()[1:].decode(),
                "process": self.process.pid, "file": str(self.file), "shared": self.key}  # fmt: skip

    def is_untouched(self) -> bool:
        for listener in (self.port, self.abstract):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
        return self.process.poll() is None and self.file.read_text() == "of the host"

    def close(self) -> None:
        self._libc.shmctl(self.shared, IPC_REMOVE, None)
        os.close(self.leaked)
        self.port.close()
        self.abstract.close()
        self.process.communicate()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with tempfile.TemporaryDirectory(prefix="steelyard-host-") as name:
        Path(name).chmod(0o755)
        host = Host(Path(name))
        yield host
        host.close()


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program.runs_here], ids=lambda one: one.tries)
def test_it_is_contained(sandbox: Sandbox, host: Host, program: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret of the user")
    limits = msgspec.structs.replace(sandbox.limits, seconds=program.seconds)
    done = sandbox.run(f"HOST = {host.told()!r}\n{program.program}", limits=limits)
    assert done.end in program.ends, done.stderr.decode()
    said = "" if program.wall == "limits of output" else done.stdout.decode().strip()
    assert said in program.prints, done.stderr.decode()
    assert len(done.stdout) <= limits.output
    assert len(done.stderr) <= limits.output
    assert host.is_untouched()
    assert groups_left(os.getpid()) == []


def test_the_host_can_be_reached_without_a_sandbox(host: Host) -> None:
    """What the programs look for is there: the walls are what holds them, not an error of the test."""
    told = host.told()
    socket.create_connection(("127.0.0.1", host.port.getsockname()[1]), timeout=5).close()
    host.port.setblocking(True)
    host.port.accept()[0].close()
    assert Path(str(told["file"])).read_text() == "of the host"
    os.kill(host.process.pid, 0)
    assert ctypes.CDLL(None).shmget(host.key, 0, 0) == host.shared


# What any kernel of the last years lets a program do without privileges.
@pytest.mark.parametrize("tries", ["a socket to the kernel's tables (AF_NETLINK)", "to be traced",
                                   "the session's keyring, which the user's programs share",
                                   "another execution domain (personality)",
                                   "to read its own or another's memory by number"])  # fmt: skip
def test_the_filter_alone_holds_it(sandbox: Sandbox, tries: str) -> None:
    """Under a filter that allows everything, and with all other walls, the same program succeeds."""
    found = open_box()
    allow = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
    without = Box(found.tools, found.python, found._cages, allow)
    (program,) = (program for program in PROGRAMS if program.tries == tries)
    assert _run(without, program.program, b"", {}, sandbox.limits).stdout == b"out\n"


def test_at_least_sixty_each_with_a_name_of_its_own() -> None:
    assert len({program.tries for program in PROGRAMS}) == len(PROGRAMS) >= 60
    assert all(program.only in ("", *NUMBERS) for program in PROGRAMS)


def test_the_page_has_the_list() -> None:
    """``python -m tests.scorers.sandbox.hostile`` prints it anew."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(r"<!-- hostile programs -->\n\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert found == listed()
