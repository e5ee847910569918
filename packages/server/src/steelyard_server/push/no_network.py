"""A process that can open no socket: a small filter of system calls, which it puts on itself and cannot take off.

It needs no privileges and no program beside Python, unlike a network namespace. What the process starts inherits it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Final

from steelyard.scorers.sandbox.seccomp import MACHINES

__all__ = ["refuse_sockets"]

_NO_NEW_PRIVILEGES: Final = 38  # PR_SET_NO_NEW_PRIVS (linux/prctl.h)
_SET_SECCOMP, _FILTER_MODE = 22, 2  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE: Final = 0x00050000 | errno.EACCES
_X32: Final = 0x40000000  # the second set of numbers on x86_64, which has a socket of its own
# By name in ``uname -m``, in the order of MACHINES: ptrace, process_vm_readv, process_vm_writev.
_OTHERS: Final = {"x86_64": (101, 310, 311), "aarch64": (117, 270, 271)}
_IO_URING_SETUP, _PIDFD_GETFD = 425, 438  # the first opens sockets by itself, the second takes another process's


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_sockets() -> None:
    """Refuse every new socket to this process from now on, and to all that it starts (EACCES); socket pairs are left.

    Raises OSError where the kernel or the processor has no such filter.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {platform.machine()}")
    refused = (machine.socket, *_OTHERS[platform.machine()], _IO_URING_SETUP, _PIDFD_GETFD)
    program = _assembled(machine.audit, refused)
    _prctl(_NO_NEW_PRIVILEGES, 1)
    _prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(_Program(len(program) // 8, program)))


def _assembled(audit: int, refused: tuple[int, ...]) -> bytes:
    """``struct sock_filter {u16 code; u8 jt, jf; u32 k}``, one after the other; the last three are the endings."""
    last = 3 + len(refused) + 1  # of "allow"
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 0, last + 2 - 2, audit), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, last + 1 - 4, 0, _X32)]
    steps += [(_EQUAL, last + 1 - (4 + place) - 1, 0, number) for place, number in enumerate(refused)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _KILL)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _prctl(option: int, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, *arguments, *(0,) * (4 - len(arguments))) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the kernel takes no filter of system calls: {os.strerror(number)}")
