"""The filter of system calls that holds inside the sandbox: a classic BPF program, assembled here.

Namespaces do not hold everything: an AF_VSOCK socket reaches the machine's hypervisor from within any network
namespace, keyrings belong to none, and each system call that a program never needs is code of the kernel that it could
attack. The filter allows three families of sockets, and refuses the calls of ``REFUSED`` and every call that is newer
than its tables: the C libraries fall back from those, since older kernels lack them.

The kernel runs the program at each system call, on ``struct seccomp_data {int nr; u32 arch; u64 ip; u64 args[6]}``
(linux/seccomp.h); it can only jump forwards, and what it returns decides. Arguments that the kernel declares as
``int`` or ``unsigned int`` are compared by their low word alone, as the kernel reads them: whoever compares all 64 bits
lets a caller through who sets a high one (CVE-2019-10063).
"""

from __future__ import annotations

import errno
import functools
import struct

import msgspec

from steelyard.scorers.sandbox.limits import SandboxError

__all__ = ["FAMILIES", "MACHINES", "REFUSED", "Machine", "assemble"]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between architectures: AUDIT_ARCH (linux/audit.h) and the numbers of system calls.

    ``first_new``: no number from here on was in use on this architecture before Linux 5.1, with which all architectures
    began to share their new numbers (424 and up). The x32 ABI of x86_64, whose numbers have bit 30 set, lies there too.
    """

    audit: int
    first_new: int
    clone: int
    ioctl: int
    socket: int
    socketpair: int


MACHINES = {
    "x86_64": Machine(audit=0xC000003E, first_new=335, clone=56, ioctl=16, socket=41, socketpair=53),
    "aarch64": Machine(audit=0xC00000B7, first_new=295, clone=220, ioctl=29, socket=198, socketpair=199),
}
# Refused with EPERM: the number on x86_64, then on aarch64, which never had some of them.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # the memory and the descriptors of other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    # the kernel's keyrings, which belong to no namespace
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # programs and traces inside the kernel; page faults that a program answers itself, to win races
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "lookup_dcookie": (212, 18),
    "userfaultfd": (323, 282),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "quotactl": (179, 60),
    # files by handle, past every mount
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # the kernel's own code, and the state of the whole machine
    "create_module": (174, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # how addresses are laid out, and on which node memory lies
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "remap_file_pages": (216, 234),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "get_mempolicy": (239, 236),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # old code of the kernel that hardly anything uses
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
    "nfsservctl": (180, 42),
    "io_setup": (206, 0),
    "vmsplice": (278, 75),
}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
# With others, SCTP for example, the kernel loads a module on demand.
_PROTOCOLS = (0, 6, 17)  # the type's own, TCP, UDP
# Typing into a terminal, and changing what the kernel makes of its bytes (asm-generic/ioctls.h).
_IOCTLS = (0x5412, 0x541C, 0x5423)  # TIOCSTI, TIOCLINUX, TIOCSETD
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. clone3 has its flags in memory, which no filter sees;
# as a new call it is refused whole, and the C libraries then use clone.
_NAMESPACES = 0x7E020000
_CLOSE_RANGE = 436  # with which C libraries close descriptors before a program starts

_NUMBER, _AUDIT, _ARGUMENTS = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NEXT = ""


class _Assembler:
    """Instructions with jumps to labels, which are resolved at the end."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, int, str, str]] = []
        self._places: dict[str, int] = {}

    def label(self, name: str) -> None:
        self._places[name] = len(self._steps)

    def load(self, offset: int) -> None:
        self._steps.append((_LOAD, offset, _NEXT, _NEXT))

    def jump(self, test: int, value: int, where: str, otherwise: str = _NEXT) -> None:
        self._steps.append((test, value, where, otherwise))

    def leave(self, value: int) -> None:
        self._steps.append((_RETURN, value, _NEXT, _NEXT))

    def program(self) -> bytes:
        """``struct sock_filter {u16 code; u8 jt, jf; u32 k}`` (linux/filter.h), one after the other."""
        packed = []
        for place, (code, value, where, otherwise) in enumerate(self._steps):
            yes, no = (self._places[name] - place - 1 if name else 0 for name in (where, otherwise))
            packed.append(struct.pack("<HBBI", code, yes, no, value))
        return b"".join(packed)


@functools.cache
def assemble(architecture: str) -> bytes:
    """The program for an architecture by its name in ``uname -m``. Raises SandboxError where there is none for it."""
    machine = MACHINES.get(architecture)
    if machine is None:
        raise SandboxError(f"no filter of system calls for {architecture}: it needs {' or '.join(MACHINES)}")
    column = list(MACHINES).index(architecture)
    to = _Assembler()
    to.load(_AUDIT)
    to.jump(_EQUAL, machine.audit, _NEXT, "kill")
    to.load(_NUMBER)
    to.jump(_AT_LEAST, machine.first_new, "new")
    for number, label in (
        (machine.socket, "socket"), (machine.socketpair, "socket"), (machine.ioctl, "ioctl"), (machine.clone, "clone"),
    ):  # fmt: skip
        to.jump(_EQUAL, number, label)
    for numbers in REFUSED.values():
        if (refused := numbers[column]) is not None:
            to.jump(_EQUAL, refused, "refuse")
    _arguments(to)
    return to.program()


def _arguments(to: _Assembler) -> None:
    """Other calls end at the first line; after it come those whose arguments decide, and the endings."""
    to.leave(_ALLOW)
    to.label("new")
    to.jump(_EQUAL, _CLOSE_RANGE, "allow", "unknown")
    to.label("clone")
    to.load(_ARGUMENTS)
    to.jump(_ANY_BIT, _NAMESPACES, "refuse", "allow")
    to.label("ioctl")
    to.load(_ARGUMENTS + 8)
    for request in _IOCTLS:
        to.jump(_EQUAL, request, "refuse")
    to.leave(_ALLOW)
    to.label("socket")
    to.load(_ARGUMENTS)
    to.jump(_EQUAL, FAMILIES["AF_UNIX"], "allow")
    to.jump(_EQUAL, FAMILIES["AF_INET"], "protocol")
    to.jump(_EQUAL, FAMILIES["AF_INET6"], "protocol")
    to.leave(_ERROR | errno.EAFNOSUPPORT)
    to.label("protocol")
    to.load(_ARGUMENTS + 16)
    for protocol in _PROTOCOLS:
        to.jump(_EQUAL, protocol, "allow")
    to.leave(_ERROR | errno.EPROTONOSUPPORT)
    to.label("allow")
    to.leave(_ALLOW)
    to.label("refuse")
    to.leave(_ERROR | errno.EPERM)
    to.label("unknown")
    to.leave(_ERROR | errno.ENOSYS)
    to.label("kill")
    to.leave(_KILL_PROCESS)
