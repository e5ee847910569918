"""The filter of system calls: its machine code for both architectures by an interpreter, and by the kernel itself."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.limits import End, SandboxError
from steelyard.scorers.sandbox.seccomp import MACHINES, REFUSED, assemble
from tests.scorers.sandbox.bpf import check, disassembled, run
from tests.scorers.sandbox.syscalls import HERE, NUMBERS

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, FAMILY, PROTOCOL = (
    0x00050000 | number for number in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
)
BY_ARGUMENTS = {"socket", "socketpair", "ioctl", "clone"}
# linux/audit.h: i386, arm, big-endian arm64's 32-bit sibling, s390x, ppc64le, riscv64, mips64, loongarch64.
OTHERS = (0x40000003, 0x40000028, 0x00000028, 0x80000016, 0xC0000015, 0xC00000F3, 0x80000008, 0xC0000102, 0)
# linux/sched.h: the flags that make namespaces, and those with which glibc makes a process and a thread.
NAMESPACES = {"CLONE_NEWNS": 0x00020000, "CLONE_NEWCGROUP": 0x02000000, "CLONE_NEWUTS": 0x04000000,
              "CLONE_NEWIPC": 0x08000000, "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000,
              "CLONE_NEWNET": 0x40000000}  # fmt: skip
FORK, VFORK, THREAD = 0x01200011, 0x00004111, 0x003D0F00
both = pytest.mark.parametrize("architecture", list(MACHINES))
high = st.integers(0, 2**32 - 1).map(lambda word: word << 32)


def result(architecture: str, call: str | int, *arguments: int, audit: int | None = None) -> int:
    number = NUMBERS[architecture][call] if isinstance(call, str) else call
    audit = MACHINES[architecture].audit if audit is None else audit
    return run(assemble(architecture), number=number, audit=audit, arguments=arguments)


def expected(architecture: str, number: int) -> int:
    """What the filter's docstring says, written another way, for calls that no argument decides."""
    name = next((name for name, its in NUMBERS[architecture].items() if its == number), "")
    if name == "close_range":
        return ALLOW
    # 334 and 294 are the last numbers of before 424; x86_64's uretprobe, which came later, is one of the new.
    if number > {"x86_64": 334, "aarch64": 294}[architecture]:
        return ENOSYS
    return EPERM if name in REFUSED else ALLOW


@both
def test_the_kernel_would_load_it(architecture: str) -> None:
    check(assemble(architecture))


def test_the_page_counts_its_instructions() -> None:
    lengths = [f"{len(disassembled(assemble(name)))}" for name in ("x86_64", "aarch64")]
    page = (Path(__file__).parents[3] / "docs" / "code-tasks.md").read_text(encoding="utf-8")
    assert "({} instructions on x86_64, {} on aarch64)".format(*lengths) in page


@both
def test_its_numbers_are_the_kernels(architecture: str) -> None:
    column = list(MACHINES).index(architecture)
    numbers, machine = NUMBERS[architecture], MACHINES[architecture]
    assert {name: numbers.get(name) for name in REFUSED} == {name: its[column] for name, its in REFUSED.items()}
    assert {name: getattr(machine, name) for name in BY_ARGUMENTS} == {name: numbers[name] for name in BY_ARGUMENTS}


@both
def test_every_number(architecture: str) -> None:
    decided = {NUMBERS[architecture][name] for name in BY_ARGUMENTS}
    for number in (*range(1024), 0x40000000, 0x40000101, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, -1, -2):
        if number not in decided:
            assert result(architecture, number) == expected(architecture, number & 0xFFFFFFFF), number


@both
@settings(deadline=None, max_examples=300)
@given(number=st.integers(0, 500) | st.integers(0, 2**32 - 1), words=st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_no_argument_changes_what_a_number_decides(architecture: str, number: int, words: list[int]) -> None:
    if number not in {NUMBERS[architecture][name] for name in BY_ARGUMENTS}:
        assert result(architecture, number, *words) == expected(architecture, number)


@both
@pytest.mark.parametrize("audit", OTHERS)
def test_another_architecture_is_killed_at_any_number(architecture: str, audit: int) -> None:
    other = next(machine.audit for name, machine in MACHINES.items() if name != architecture)
    for number in (*range(512), 0x40000000):
        assert result(architecture, number, 1, 1, audit=audit) == KILL
        assert result(architecture, number, 1, 1, audit=other) == KILL


def test_the_x32_abi_is_refused_at_any_number() -> None:
    for number in range(1024):
        assert result("x86_64", 0x40000000 | number, 1, 1) == ENOSYS


@both
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_every_family(architecture: str, call: str) -> None:
    """All families there are, numbers beyond, and negative ones."""
    for family in (*range(512), 2**31, 2**32 - 1):
        assert result(architecture, call, family, 1) == (ALLOW if family in (1, 2, 10) else FAMILY), family


@both
@settings(deadline=None)
@given(upper=high, family=st.integers(0, 60), kind=st.integers(0, 2**64 - 1), protocol=st.integers(0, 300))
def test_family_and_protocol(architecture: str, upper: int, family: int, kind: int, protocol: int) -> None:
    """Whatever stands in the upper words, which the kernel does not read."""
    found = result(architecture, "socket", upper | family, kind, upper | protocol)
    if family == 1:
        assert found == ALLOW
    elif family in (2, 10):
        assert found == (ALLOW if protocol in (0, 6, 17) else PROTOCOL)
    else:
        assert found == FAMILY


@both
@settings(deadline=None)
@given(upper=high, request=st.integers(0x5400, 0x5460) | st.integers(0, 2**32 - 1), file=st.integers(0, 2**64 - 1))
def test_requests_to_terminals(architecture: str, upper: int, request: int, file: int) -> None:
    held = request in (0x5412, 0x541C, 0x5423)
    assert result(architecture, "ioctl", file, upper | request) == (EPERM if held else ALLOW)


@both
@settings(deadline=None)
@given(upper=high, flags=st.integers(0, 2**32 - 1))
def test_namespaces_by_clone(architecture: str, upper: int, flags: int) -> None:
    held = any(flags & bit for bit in NAMESPACES.values())
    assert result(architecture, "clone", upper | flags) == (EPERM if held else ALLOW)


@both
def test_processes_and_threads_can_be_made(architecture: str) -> None:
    for flags in (FORK, VFORK, THREAD):
        assert result(architecture, "clone", flags) == ALLOW
        for bit in NAMESPACES.values():
            assert result(architecture, "clone", flags | bit) == EPERM
    assert result(architecture, "clone3") == ENOSYS  # on which glibc and musl call clone


def test_no_filter_for_other_machines() -> None:
    with pytest.raises(SandboxError, match="no filter of system calls for riscv64: it needs x86_64 or aarch64"):
        assemble("riscv64")


ASK = """
import ctypes, errno, json, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
found = {}
for number in json.load(sys.stdin):
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    found[number] = errno.errorcode.get(ctypes.get_errno(), 'none') if done == -1 else 'done'
print(json.dumps(found))
"""


def test_the_kernel_decides_as_the_interpreter(sandbox: Sandbox) -> None:
    """Every call that is refused is made inside, with arguments that would do nothing anyway."""
    numbers = [HERE[name] for name in REFUSED if name in HERE]
    # x86_64's 335 and 336, with which a probed program returns, pass Linux 6.14's filters unread; others get SIGILL.
    new = [*range(337, 436), *range(437, 600), 1000]
    done = sandbox.run(ASK, stdin=json.dumps(numbers + new).encode())
    assert done.end is End.PASSED, done.stderr
    assert json.loads(done.stdout) == {
        **{str(number): "EPERM" for number in numbers},
        **{str(number): "ENOSYS" for number in new},
    }


def test_every_process_inside_has_it(sandbox: Sandbox) -> None:
    """prctl(PR_GET_SECCOMP) is 2 under a filter: for the program, its children and what they execute."""
    program = """
import ctypes, os, sys
print(ctypes.CDLL(None).prctl(21), flush=True)
if os.fork() == 0:
    code = 'import ctypes; print(ctypes.CDLL(None).prctl(21))'
    os.execv(sys.executable, ['python', '-S', '-c', code])
os.wait()
"""
    assert sandbox.run(program).stdout == b"2\n2\n"
