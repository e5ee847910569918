"""Hostile programs: what each tries, the wall that holds it, and what it must print or end as where the wall holds.

Most print ``out`` where they succeed, and otherwise the error. ``HOST`` is what stands ready outside for them to find.
"""

from __future__ import annotations

import platform
import textwrap
from dataclasses import dataclass, field

from steelyard.scorers.sandbox.limits import End
from tests.scorers.sandbox.syscalls import HERE, NUMBERS

CALLS = "filter of system calls"
SPACES = "namespaces"
FILES = "nothing mounted that is not needed"
DISK = "read-only folders, a small disk"
RIGHTS = "another user, no capabilities"
GROUP = "control group"
LIMITS = "resource limits"
CLOCK = "wall clock"
OUTPUT = "limits of output"
START = "nothing is inherited"

PREAMBLE = """
import ctypes, errno, fcntl, mmap, os, resource, signal, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def kernel(number, *arguments):
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if done == -1: raise OSError(ctypes.get_errno(), 'refused')
    return done
"""


@dataclass(frozen=True)
class Hostile:
    tries: str
    wall: str
    program: str
    prints: frozenset[str] = frozenset({""})
    ends: frozenset[End] = frozenset({End.PASSED})
    only: str = ""  # the architecture whose kernel has what it tries
    seconds: float = field(default=10.0)

    @property
    def runs_here(self) -> bool:
        return self.only in ("", platform.machine())


def refused(wall: str, tries: str, attempt: str, *errors: str, only: str = "") -> Hostile:
    """An attempt that raises OSError with one of these errors where the wall holds."""
    body = textwrap.indent(attempt.strip(), "    ")
    program = (
        f"{PREAMBLE}\ntry:\n{body}\nexcept OSError as error: print(errno.errorcode[error.errno])\nelse: print('out')\n"
    )
    return Hostile(tries, wall, program, frozenset(errors), only=only)


def kernel(name: str, *arguments: object) -> str:
    number = HERE.get(name, NUMBERS["x86_64"].get(name))
    return f"kernel({', '.join(str(part) for part in (number, *arguments))})"


def ended(wall: str, tries: str, program: str, *ends: End, prints: tuple[str, ...] = ("",), **more: object) -> Hostile:
    return Hostile(tries, wall, PREAMBLE + program, frozenset(prints), frozenset(ends), **more)  # type: ignore[arg-type]


SOCKETS = [
    refused(CALLS, f"a socket to {title}", f"socket.socket({family}, {kind})", "EAFNOSUPPORT")
    for title, family, kind in (
        ("the machine's hypervisor (AF_VSOCK)", 40, 1),
        ("the kernel's tables (AF_NETLINK)", 16, 3),
        ("the network card (AF_PACKET)", 17, 3),
        ("the kernel's ciphers (AF_ALG)", 38, 5),
        ("bluetooth devices (AF_BLUETOOTH)", 31, 3),
        ("a car's bus (AF_CAN)", 29, 3),
        ("a cluster (AF_TIPC)", 30, 2),
        ("packets past the kernel (AF_XDP)", 44, 3),
    )
]
FILTERED = [
    *SOCKETS,
    ended(
        CALLS,
        "a socket of every family",
        """
found = []
for family in range(256):
    for kind in (1, 2, 3, 5):
        try: socket.socket(family, kind).close(); found.append(family)
        except OSError as error:
            if family not in (1, 2, 10) and error.errno != errno.EAFNOSUPPORT: found.append((family, kind))
print(sorted(set(found)))
""",
        End.PASSED,
        prints=("[1, 2, 10]",),
    ),
    refused(
        CALLS,
        "a pair of sockets of a family that is refused",
        kernel("socketpair", 30, 1, 0, "(ctypes.c_int * 2)()"),
        "EAFNOSUPPORT",
    ),
    refused(CALLS, "a refused family with a high bit set", kernel("socket", (1 << 32) | 40, 1, 0), "EAFNOSUPPORT"),
    refused(CALLS, "a protocol whose module is loaded on demand (SCTP)", "socket.socket(2, 1, 132)", "EPROTONOSUPPORT"),
    refused(CALLS, "MPTCP", "socket.socket(10, 1, 262)", "EPROTONOSUPPORT"),
    refused(CALLS, "a ping (ICMP)", "socket.socket(2, 2, 1)", "EPROTONOSUPPORT"),
    refused(CALLS, "the session's keyring, which the user's programs share", kernel("keyctl", 0, -3, 0), "EPERM"),
    refused(CALLS, "a key left for later programs", kernel("add_key", "b'user'", "b'x'", "b'y'", 1, -4), "EPERM"),
    refused(CALLS, "a key of the user's, by name", kernel("request_key", "b'user'", "b'x'", 0, -4), "EPERM"),
    refused(CALLS, "to trace the process above it", kernel("ptrace", 16, "os.getppid()", 0, 0), "EPERM"),
    refused(CALLS, "to be traced", kernel("ptrace", 0, 0, 0, 0), "EPERM"),
    refused(
        CALLS,
        "to read its own or another's memory by number",
        kernel("process_vm_readv", "os.getpid()", 0, 0, 0, 0, 0),
        "EPERM",
    ),
    refused(CALLS, "to write another's memory", kernel("process_vm_writev", 1, 0, 0, 0, 0, 0), "EPERM"),
    refused(
        CALLS, "to compare two processes' resources in the kernel", kernel("kcmp", "os.getpid()", 1, 0, 0, 0), "EPERM"
    ),
    refused(CALLS, "another process's open file (pidfd_getfd)", kernel("pidfd_getfd", 0, 0, 0), "ENOSYS"),
    refused(CALLS, "a program in the kernel (bpf)", kernel("bpf", 0, "bytes(64)", 64), "EPERM"),
    refused(
        CALLS,
        "to count the processor's events (perf)",
        kernel("perf_event_open", "struct.pack('II', 1, 128) + bytes(120)", 0, -1, -1, 0),
        "EPERM",
    ),
    refused(CALLS, "to answer page faults (userfaultfd)", kernel("userfaultfd", 1), "EPERM"),
    refused(
        CALLS, "a ring of calls that no filter sees (io_uring)", kernel("io_uring_setup", 4, "bytes(120)"), "ENOSYS"
    ),
    refused(CALLS, "asynchronous files (io_setup)", kernel("io_setup", 4, "(ctypes.c_long * 1)()"), "EPERM"),
    refused(CALLS, "memory that even the kernel cannot read (memfd_secret)", kernel("memfd_secret", 0), "ENOSYS"),
    refused(
        CALLS,
        "a file by its handle",
        kernel("name_to_handle_at", -100, "b'/tmp'", "bytes(136)", "bytes(4)", 0),
        "EPERM",
    ),
    refused(CALLS, "to open a handle past every mount", kernel("open_by_handle_at", 3, "bytes(136)", 0), "EPERM"),
    refused(CALLS, "to watch a whole file system (fanotify)", kernel("fanotify_init", 0, 0), "EPERM"),
    refused(CALLS, "another execution domain (personality)", kernel("personality", 0x0040000), "EPERM"),
    refused(CALLS, "a user namespace", kernel("unshare", 0x10000000), "EPERM"),
    refused(CALLS, "a mount namespace", kernel("unshare", 0x00020000), "EPERM"),
    refused(CALLS, "a child in a user namespace (clone)", kernel("clone", 0x10000011, 0, 0, 0, 0), "EPERM"),
    refused(
        CALLS,
        "a child in a namespace by clone3",
        kernel("clone3", "struct.pack('11Q', 1 << 28, *[0] * 10)", 88),
        "ENOSYS",
    ),
    refused(CALLS, "another process's namespace (setns)", kernel("setns", 0, 0), "EPERM"),
    refused(CALLS, "to mount", kernel("mount", "b'none'", "b'/tmp'", "b'tmpfs'", 0, 0), "EPERM"),
    refused(CALLS, "to mount by the new calls (fsopen)", kernel("fsopen", "b'tmpfs'", 0), "ENOSYS"),
    refused(CALLS, "a copy of the mounts (open_tree)", kernel("open_tree", -100, "b'/'", 1), "ENOSYS"),
    refused(CALLS, "to take a mount away", kernel("umount2", "b'/usr/lib'", 2), "EPERM"),
    refused(CALLS, "another root (pivot_root)", kernel("pivot_root", "b'/tmp'", "b'/tmp'"), "EPERM"),
    refused(CALLS, "another root (chroot)", "os.chroot('/tmp')", "EPERM"),
    refused(CALLS, "a module in the kernel", kernel("init_module", "b''", 0, "b''"), "EPERM"),
    refused(CALLS, "another kernel (kexec)", kernel("kexec_load", 0, 0, 0, 0), "EPERM"),
    refused(CALLS, "to restart the machine", kernel("reboot", 0, 0, 0, 0), "EPERM"),
    refused(CALLS, "the kernel's log", kernel("syslog", 10, 0, 0), "EPERM"),
    refused(CALLS, "to set the clock", "time.clock_settime(time.CLOCK_REALTIME, 0)", "EPERM"),
    refused(CALLS, "to rename the machine", "socket.sethostname('x')", "EPERM"),
    refused(CALLS, "ports of the processor (iopl)", kernel("iopl", 3), "EPERM", only="x86_64"),
    refused(CALLS, "segments of its own (modify_ldt)", kernel("modify_ldt", 0, 0, 0), "EPERM", only="x86_64"),
    refused(CALLS, "to move memory between nodes", kernel("move_pages", 0, 0, 0, 0, 0, 0), "EPERM"),
    refused(CALLS, "to type into a terminal (TIOCSTI)", "fcntl.ioctl(os.openpty()[1], 0x5412, b'x')", "EPERM"),
    refused(
        CALLS, "the same with a high bit set", kernel("ioctl", "os.openpty()[1]", (1 << 32) | 0x5412, "b'x'"), "EPERM"
    ),
    refused(CALLS, "to paste into a console (TIOCLINUX)", "fcntl.ioctl(os.openpty()[1], 0x541C, b'\\3')", "EPERM"),
    refused(
        CALLS,
        "another line discipline (TIOCSETD)",
        "fcntl.ioctl(os.openpty()[1], 0x5423, struct.pack('i', 13))",
        "EPERM",
    ),
    refused(CALLS, "a call that is not invented yet", "kernel(1000)", "ENOSYS"),
    refused(CALLS, "the x32 numbers of refused calls", f"kernel({0x40000000 | 521}, 0, 0, 0)", "ENOSYS", only="x86_64"),
    ended(
        CALLS,
        "the 32-bit calls (int 0x80)",
        """
room = mmap.mmap(-1, 4096, prot=7)
room.write(bytes.fromhex('b814000000cd80c3'))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(room)))()
print('out')
""",
        End.KILLED,
        only="x86_64",
    ),
    refused(
        CALLS,
        "to put a filter that allows everything over ours",
        """
allow = ctypes.create_string_buffer(struct.pack('<HBBI', 6, 0, 0, 0x7fff0000))
assert libc.prctl(22, 2, struct.pack('HxxxxxxQ', 1, ctypes.addressof(allow)), 0, 0) == 0
socket.socket(40, 1)
""",
        "EAFNOSUPPORT",
    ),
    ended(
        CALLS,
        "to lose the filter in a child's new program",
        """
code = 'import socket\\ntry: socket.socket(16, 3); print("out")\\nexcept OSError as error: print(error.errno)'
if os.fork() == 0: os.execv(sys.executable, ['python', '-S', '-c', code])
os.wait()
""",
        End.PASSED,
        prints=("97",),
    ),
]
OUTSIDE = [
    refused(
        SPACES,
        "a port of the host's",
        "socket.create_connection(('127.0.0.1', HOST['port']), timeout=5)",
        "ECONNREFUSED",
    ),
    refused(SPACES, "the host's abstract socket", "socket.socket(1).connect('\\0' + HOST['abstract'])", "ECONNREFUSED"),
    # To connect a UDP socket sends nothing, and needs a way out all the same.
    refused(SPACES, "a way to the internet", "socket.socket(2, 2).connect(('192.0.2.1', 9))", "ENETUNREACH"),
    refused(
        SPACES,
        "a way to the internet (IPv6)",
        "socket.socket(10, 2).connect(('2001:db8::1', 9))",
        "ENETUNREACH",
        "EADDRNOTAVAIL",
    ),
    refused(SPACES, "the cloud's metadata", "socket.socket(2, 2).connect(('169.254.169.254', 80))", "ENETUNREACH"),
    ended(
        SPACES,
        "the host's interfaces",
        """
names = []
for number in range(1, 256):
    try: names.append(socket.if_indextoname(number))
    except OSError: pass
print(names)
""",
        End.PASSED,
        prints=("['lo']",),
    ),
    refused(SPACES, "to kill a process of the host", "os.kill(HOST['process'], 9)", "ESRCH"),
    ended(
        SPACES,
        "to kill all there are",
        """
for process in (1, os.getppid()):
    os.kill(process, 9); os.kill(process, signal.SIGSTOP)
print('still here')
""",
        End.PASSED,
        prints=("still here",),
    ),
    refused(
        SPACES,
        "the host's shared memory",
        """
libc.shmget.restype = ctypes.c_int
if libc.shmget(HOST['shared'], 0, 0) == -1: raise OSError(ctypes.get_errno(), '')
""",
        "ENOENT",
    ),
    ended(SPACES, "the host's name", "print(os.uname().nodename)", End.PASSED, prints=("sandbox",)),
    refused(FILES, "a file of the host's", "open(HOST['file'])", "ENOENT"),
    refused(FILES, "the same by a link", "os.symlink(HOST['file'], '/tmp/link'); open('/tmp/link')", "ENOENT"),
    refused(FILES, "the same by many parents", "open('/tmp/' + '../' * 40 + HOST['file'])", "ENOENT"),
    refused(FILES, "passwords", "open('/etc/shadow')", "ENOENT"),
    refused(FILES, "the environment of the first process", "open('/proc/1/environ')", "ENOENT"),
    refused(FILES, "the host's root through a process", "os.listdir('/proc/self/root')", "ENOENT"),
    refused(FILES, "the control groups, to lift its limits", "os.listdir('/sys/fs/cgroup')", "ENOENT"),
    refused(FILES, "Docker's socket", "socket.socket(1).connect('/run/docker.sock')", "ENOENT"),
    refused(FILES, "a shell", "os.execv('/bin/sh', ['sh'])", "ENOENT"),
    refused(FILES, "a program that runs as root", "os.execv('/usr/bin/su', ['su'])", "ENOENT"),
    ended(
        FILES,
        "devices of the machine",
        """
names = 'kvm mem kmsg fuse vsock vhost-vsock net/tun userfaultfd sda vda nvidia0 input'
for name in names.split():
    if os.path.lexists('/dev/' + name): print(name)
""",
        End.PASSED,
    ),
    refused(DISK, "to replace the interpreter", "open(sys.executable, 'r+b')", "EROFS", "EACCES"),
    refused(DISK, "to change the standard library", "open(os.__file__, 'r+b')", "EROFS", "EACCES"),
    refused(DISK, "to change its own program", "open('/program.py', 'r+b')", "EROFS", "EACCES"),
    refused(DISK, "a file in the root", "open('/new', 'w')", "EROFS"),
    refused(DISK, "a file among the devices", "open('/dev/new', 'w')", "EROFS"),
    refused(
        DISK, "to take away the C library's name", "os.rename('/usr/lib', '/usr/lost')", "EROFS", "EBUSY", "EACCES"
    ),
    refused(
        DISK,
        "40 MB in small files",
        """
for number in range(40): open(f'/tmp/{number}', 'wb').write(bytes(1_000_000))
""",
        "ENOSPC",
    ),
    refused(RIGHTS, "to become root", "os.setuid(0)", "EPERM", "EINVAL"),
    refused(RIGHTS, "to become root's group", "os.setgid(0)", "EPERM", "EINVAL"),
    refused(RIGHTS, "other groups", "os.setgroups([0])", "EPERM"),
    refused(RIGHTS, "to give a file to root", "open('/tmp/x', 'w'); os.chown('/tmp/x', 0, 0)", "EPERM", "EINVAL"),
    refused(RIGHTS, "a device node of its own", "os.mknod('/tmp/disk', 0o060666, os.makedev(8, 0))", "EPERM"),
    refused(RIGHTS, "a raw socket", "socket.socket(2, 3, 6)", "EPERM"),
    refused(
        RIGHTS, "the processor before all others", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9))", "EPERM"
    ),
    refused(RIGHTS, "a better priority", "os.setpriority(0, 0, -20)", "EACCES", "EPERM"),
    refused(
        RIGHTS,
        "capabilities of a file",
        """
open('/tmp/x', 'w'); os.setxattr('/tmp/x', 'security.capability', struct.pack('<5I', 0x02000001, 0xffffffff, 0, 0, 0))
""",
        "EPERM",
        "EOPNOTSUPP",
    ),
    refused(
        RIGHTS,
        "capabilities of its own",
        """
head = struct.pack('<Ii', 0x20080522, 0)
"""
        + kernel("capset", "head", "b'\\xff' * 24"),
        "EPERM",
    ),
    ended(
        RIGHTS,
        "root by a bit of a file in /tmp",
        """
import shutil
shutil.copy(sys.executable, '/tmp/root') if os.path.getsize(sys.executable) < 12_000_000 else open('/tmp/root', 'w')
os.chmod('/tmp/root', 0o6755)
print(os.statvfs('/tmp').f_flag & os.ST_NOSUID != 0, libc.prctl(39, 0, 0, 0, 0))
""",
        End.PASSED,
        prints=("True 1",),
    ),
]
GREEDY = [
    ended(GROUP, "800 MB of memory", "x = bytearray(b'1') * 800_000_000; print(len(x))", End.MEMORY),
    ended(
        GROUP,
        "300 MB in each of six children",
        """
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(b'1') * 300_000_000; time.sleep(1); os._exit(0)
print(sum(os.wait()[1] == 0 for _ in range(6)) > 1)
""",
        End.PASSED,
        End.MEMORY,
        End.KILLED,
        prints=("False", ""),
    ),
    ended(
        GROUP,
        "800 MB in a file without a name",
        """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
files = [os.memfd_create('x') for _ in range(50)]
for file in files: os.write(file, bytes(16_000_000))
print('out')
""",
        End.MEMORY,
    ),
    ended(
        GROUP,
        "memory in children's unread pipes and sockets",
        """
held = []
for _ in range(20):
    if os.fork() == 0:
        for _ in range(25):
            held.append(socket.socketpair()); held[-1][0].setblocking(False)
            try:
                while True: held[-1][0].send(bytes(60_000))
            except OSError: pass
        time.sleep(1); os._exit(0)
for _ in range(20): os.wait()
print('held')
""",
        End.PASSED,
        End.MEMORY,
        End.KILLED,
        prints=("held", ""),
    ),
    ended(
        GROUP,
        "processes without end",
        """
number = 0
try:
    while number < 500:
        if os.fork() == 0: time.sleep(30); os._exit(0)
        number += 1
except OSError: pass
print(number <= 32)
""",
        End.PASSED,
        prints=("True",),
    ),
    ended(
        GROUP,
        "threads without end",
        """
import threading
number = 0
try:
    while number < 500: threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); number += 1
except RuntimeError: pass
print(number <= 32, flush=True); os._exit(0)
""",
        End.PASSED,
        prints=("True",),
    ),
    ended(LIMITS, "2 GB of addresses", "mmap.mmap(-1, 2_000_000_000)", End.FAILED),
    refused(LIMITS, "a hundred open files", "[os.open('/dev/null', 0) for _ in range(100)]", "EMFILE"),
    refused(
        LIMITS,
        "to lift its limits",
        """
try: resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999))
except ValueError: raise OSError(errno.EPERM, '') from None
""",
        "EPERM",
    ),
    ended(LIMITS, "10 GB in one file", "open('/tmp/x', 'wb').truncate(10**10)", End.KILLED, End.FAILED),
    ended(
        LIMITS,
        "a core dump",
        "os.chdir('/tmp')\nif os.fork() == 0: os.abort()\nos.wait()\nprint(os.listdir('/tmp'))",
        End.PASSED,
        prints=("[]",),
    ),
    ended(LIMITS, "to break the interpreter", "ctypes.string_at(0)", End.KILLED),
    ended(
        CLOCK,
        "to loop, and ignores every signal",
        """
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
""",
        End.TIMEOUT,
        seconds=1.5,
    ),
    ended(CLOCK, "to sleep for an hour", "time.sleep(3600)", End.TIMEOUT, seconds=1.5),
    ended(CLOCK, "to stop itself", "os.kill(os.getpid(), signal.SIGSTOP)", End.TIMEOUT, seconds=1.5),
    ended(
        CLOCK,
        "to fork as fast as processes end",
        """
while True:
    try:
        if os.fork() == 0: os._exit(0)
        os.waitpid(-1, os.WNOHANG)
    except OSError: pass
""",
        End.TIMEOUT,
        seconds=1.5,
    ),
    ended(
        CLOCK,
        "to close its outputs and live on",
        "os.close(1); os.close(2)\nwhile True: pass",
        End.TIMEOUT,
        seconds=1.5,
    ),
    ended(
        CLOCK,
        "to leave a daemon behind",
        """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(0); os.close(1); os.close(2)
        while True: pass
    os._exit(0)
os.wait(); print('left')
""",
        End.PASSED,
        prints=("left",),
    ),
    ended(OUTPUT, "output without end", "while True: os.write(1, b'x' * 60_000)", End.FLOOD),
    ended(OUTPUT, "errors without end", "while True: os.write(2, b'x' * 60_000)", End.FLOOD),
    ended(
        OUTPUT,
        "output without end by a child",
        "if os.fork() == 0:\n  while True: os.write(1, b'x' * 60_000)\nos.wait()",
        End.FLOOD,
    ),
    ended(
        START,
        "files that Steelyard has open",
        """
for number in range(3, 1024):
    try: os.fstat(number); print(number)
    except OSError: pass
""",
        End.PASSED,
    ),
    ended(
        START,
        "keys in the environment",
        "print([v for v in os.environ.values() if 'secret' in v])",
        End.PASSED,
        prints=("[]",),
    ),
    ended(START, "what it was not given, on its input", "print(sys.stdin.buffer.read())", End.PASSED, prints=("b''",)),
    refused(START, "the terminal", "os.open('/dev/tty', os.O_RDWR)", "ENXIO", "EIO"),
]
PROGRAMS = [*FILTERED, *OUTSIDE, *GREEDY]


def listed() -> str:
    """The list of docs/code-tasks.md: ``python -m tests.scorers.sandbox.hostile`` prints it."""
    lines = [f"{len(PROGRAMS)} programs, by the first wall in their way:", ""]
    for wall in dict.fromkeys(program.wall for program in PROGRAMS):
        tries = [program.tries for program in PROGRAMS if program.wall == wall]
        lines.append(f"- **{wall}** ({len(tries)}): {'; '.join(tries)}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(listed(), end="")
