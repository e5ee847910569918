"""Runs inside the sandbox before it is trusted: tries each wall, and prints those that are missing.

It uses the standard library alone and no ctypes, which some interpreters lack. Where two walls stand behind each
other, as the filter of system calls before what needs a capability, it tries what only the one of them refuses.
"""

from __future__ import annotations

import array
import errno
import fcntl
import json
import os
import resource
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["WALLS", "main", "missing"]

_SIOCGIFCONF, _TIOCSTI = 0x8912, 0x5412
_NETLINK, _ALG, _VSOCK, _RAW_TCP = 16, 38, 40, 6
_HOST = {"home", "root", "proc", "sys", "var", "run", "bin", "sbin", "opt", "srv", "mnt"}
_VARIABLES = {"HOME", "PATH", "PWD", "LC_CTYPE"}


def _user(limits: Mapping[str, int]) -> str:
    return "it runs as root" if 0 in (os.getuid(), os.geteuid(), os.getgid()) else ""


def _files(limits: Mapping[str, int]) -> str:
    seen = sorted(_HOST & set(os.listdir("/"))) + [path for path in ("/etc/passwd", "/usr/bin/env") if _is(path)]
    return f"it sees {', '.join(seen)}" if seen else ""


def _is(path: str) -> bool:
    return os.path.lexists(path)


def _read_only(limits: Mapping[str, int]) -> str:
    for place in ("/new", "/dev/new", "/usr/lib/new"):
        try:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT))
        except OSError:
            continue
        return f"it can write {place}"
    return ""


def _disk(limits: Mapping[str, int]) -> str:
    found = os.statvfs("/tmp")  # noqa: S108 — the sandbox's own
    size = found.f_blocks * found.f_frsize
    return f"it may write {size} bytes" if size > limits["disk"] + found.f_frsize else ""


def _network(limits: Mapping[str, int]) -> str:
    others = sorted(set(_interfaces()) - {"lo"})
    return f"it sees {', '.join(others)}" if others else ""


def _interfaces() -> Iterator[str]:
    """Not ``socket.if_nameindex()``, which needs a netlink socket: by their addresses, and by the first numbers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        room = array.array("B", bytes(16_384))
        address, size = room.buffer_info()
        answer = fcntl.ioctl(asked, _SIOCGIFCONF, struct.pack("iP", size, address))
        filled = struct.unpack("iP", answer)[0]
    entry = struct.calcsize("16s") + struct.calcsize("PPP")  # struct ifreq: a name, and a union of 24 bytes
    for place in range(0, filled, entry):
        yield room.tobytes()[place : place + 16].split(b"\0")[0].decode("ascii", "replace")
    for number in range(1, 256):
        try:
            yield socket.if_indextoname(number)
        except OSError:
            continue


def _processes(limits: Mapping[str, int]) -> str:
    return "" if (os.getppid(), os.getpid()) == (1, 2) else "it sees processes of the host"


def _host_name(limits: Mapping[str, int]) -> str:
    return "" if os.uname().nodename == "sandbox" else "it sees the host's name"


def _session(limits: Mapping[str, int]) -> str:
    return "" if os.getsid(0) else "it belongs to the session that started it"


def _environment(limits: Mapping[str, int]) -> str:
    others = [name for name in os.environ if name not in _VARIABLES and not name.startswith("PYTHON")]
    return f"it sees {len(others)} variables of the environment" if others else ""


def _capabilities(limits: Mapping[str, int]) -> str:
    """CAP_DAC_OVERRIDE, which holds for files of one's own even in a namespace that owns nothing; and CAP_NET_RAW."""
    path = "/tmp/closed"  # noqa: S108
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0))
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return "" if _made(socket.AF_INET, socket.SOCK_RAW, _RAW_TCP) else "a raw socket can be made"
    finally:
        os.unlink(path)
    return "it opens a file that nobody may open"


def _made(family: int, kind: int, protocol: int = 0) -> int:
    """0 where the socket can be made and closed; else the number of the error, so that only 0 is a hole."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        return error.errno or -1
    return 0


def _rlimits(limits: Mapping[str, int]) -> str:
    held = {
        resource.RLIMIT_AS: ("address space", "address_space"),
        resource.RLIMIT_NPROC: ("processes", "processes"),
        resource.RLIMIT_CPU: ("processor time", "processor_seconds"),
        resource.RLIMIT_FSIZE: ("the size of files", "file"),
        resource.RLIMIT_NOFILE: ("open files", "open_files"),
        resource.RLIMIT_CORE: ("core dumps", "core"),
    }
    free = [title for kind, (title, name) in held.items() if not 0 <= resource.getrlimit(kind)[1] <= limits[name]]
    return f"no limit of {', '.join(free)}" if free else ""


def _system_calls(limits: Mapping[str, int]) -> str:
    for family, title in ((_NETLINK, "netlink"), (_VSOCK, "vsock"), (_ALG, "kernel crypto")):
        if _made(family, socket.SOCK_DGRAM) != errno.EAFNOSUPPORT:
            return f"the kernel is asked for a {title} socket"
    try:
        fcntl.ioctl(0, _TIOCSTI, b"x")
    except OSError as error:
        if error.errno != errno.EPERM:
            return "the kernel is asked to type into a terminal"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except AttributeError:  # an interpreter that was built for an old kernel
        return ""
    except OSError as error:
        return "" if error.errno == errno.ENOSYS else "a new system call reaches the kernel"
    return "a new system call reaches the kernel"


# Each returns what it saw where the wall is missing, and nothing where it holds.
WALLS: dict[str, Callable[[Mapping[str, int]], str]] = {
    "another user": _user,
    "only the files it needs": _files,
    "read-only folders": _read_only,
    "a small disk": _disk,
    "network namespace": _network,
    "process namespace": _processes,
    "host name of its own": _host_name,
    "session of its own": _session,
    "empty environment": _environment,
    "no capabilities": _capabilities,
    "resource limits": _rlimits,
    "filter of system calls": _system_calls,
}


def missing(limits: Mapping[str, int]) -> Iterator[str]:
    """The missing walls, each with what was seen."""
    for wall, look in WALLS.items():
        if seen := look(limits):
            yield f"{wall} ({seen})"


def main() -> None:
    """Read the limits from standard input, and print the missing walls as one list."""
    print(json.dumps(list(missing(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
