"""Programs that try to get out, to take more than they may, or to live on: whole runs, side by side, and our own death.

The list of single attempts, each against its wall, is in hostile.py.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.cgroups import find_cages, read_mounts
from steelyard.scorers.sandbox.limits import End, Execution, SandboxLimits

SHORT = SandboxLimits(seconds=2.0)


def groups_left(process: int) -> list[Path]:
    mounts = read_mounts(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    bases = {*mounts.v2, *(base for several in mounts.v1.values() for base in several)}
    return [folder for base in bases for folder in base.glob(f"steelyard-{process}-*")]


@pytest.fixture(autouse=True)
def nothing_is_left(sandbox: Sandbox) -> object:
    """After each test no control group of ours is there, so no process either: one with processes cannot be removed."""
    yield
    assert groups_left(os.getpid()) == []


def said(execution: Execution) -> str:
    return execution.stdout.decode().strip()


def test_a_plain_program(sandbox: Sandbox) -> None:
    done = sandbox.run("import sys; print(sys.stdin.read()); print(open('/given').read(), file=sys.stderr)",
                       stdin=b"in", files={"/given": b"handed"})  # fmt: skip
    assert (done.end, done.code, done.stdout, done.stderr) == (End.PASSED, 0, b"in\n", b"handed\n")
    assert done.seconds > 0


def test_a_failing_program(sandbox: Sandbox) -> None:
    done = sandbox.run("raise SystemExit(97)")
    assert (done.end, done.code) == (End.FAILED, 97)
    assert sandbox.run("import os; os.abort()").end is End.KILLED
    assert sandbox.run("syntax error").end is End.FAILED


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/shadow", "/root", "/home", "/work", "/proc", "/sys", "/var", "/run", "/bin",
             "/usr/bin", str(Path(__file__).resolve()), str(Path.home()), str(Path.cwd())]
)  # fmt: skip
def test_nothing_of_the_host_is_seen(sandbox: Sandbox, path: str) -> None:
    names = "['prlimit', 'python']"  # what /usr/bin holds inside
    program = f"""
import os
try:
    seen = os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}).read()
except OSError:
    seen = []
print([name for name in seen if not any(known in name for known in {names})])
"""
    assert said(sandbox.run(program)) == "[]"


def test_no_packages_of_the_host(sandbox: Sandbox) -> None:
    program = """
import glob, sys
print([name for name in glob.glob('/usr/lib/python3*/*-packages/*')], [p for p in sys.path if 'packages' in p])
"""
    assert said(sandbox.run(program)) == "[] []"


def test_no_environment_no_arguments(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret of the user")
    done = sandbox.run("import os, sys; print(dict(os.environ), sys.argv, os.getcwd(), os.getuid())")
    assert "secret" not in said(done)
    assert "'/program.py'] /tmp" in said(done)
    assert not said(done).endswith(" 0")


def test_no_network(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"""
import socket
try: socket.create_connection(('127.0.0.1', {port}), timeout=1); print('connected')
except OSError: pass
# To connect a UDP socket sends nothing, and needs a way out all the same.
for address in ('192.0.2.1', '169.254.169.254'):
    try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((address, 9)); print('a way to', address)
    except OSError: pass
"""
        assert said(sandbox.run(program)) == ""


def test_no_way_up(sandbox: Sandbox) -> None:
    program = """
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1: raise OSError
attempts = {
    'setuid': lambda: os.setuid(0),
    'setgid': lambda: os.setgid(0),
    'chroot': lambda: os.chroot('/tmp'),
    'user namespace': lambda: call('unshare', 0x10000000),
    'mount namespace': lambda: call('unshare', 0x00020000),
    'mount': lambda: call('mount', b'none', b'/tmp', b'tmpfs', 0, None),
    'remount': lambda: call('mount', b'none', b'/', None, 32, None),
    'umount': lambda: call('umount2', b'/usr/lib', 2),
    'host name': lambda: call('sethostname', b'x', 1),
    'limits': lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999)),
    'priority': lambda: os.nice(-5),
}
for name, attempt in attempts.items():
    try: attempt(); print(name)
    except (OSError, ValueError): pass
try: os.kill(1, 9); os.kill(-1, 9)
except OSError: pass
print('end')
"""
    assert said(sandbox.run(program)) == "end"


def test_a_fork_bomb_is_held(sandbox: Sandbox) -> None:
    program = """
import os, time
n = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(30); os._exit(0)
        n += 1
except OSError: print(n)
"""
    done = sandbox.run(program)
    assert done.end is End.PASSED
    assert 0 < int(said(done)) <= sandbox.limits.processes
    assert (
        sandbox.run("import os\nwhile True:\n try: os.fork()\n except OSError: pass", limits=SHORT).end is End.TIMEOUT
    )


def test_threads_count_too(sandbox: Sandbox) -> None:
    program = """
import threading, time
n = 0
try:
    while n < 500:
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1
except RuntimeError: pass
print(n, flush=True); __import__('os')._exit(0)
"""
    assert int(said(sandbox.run(program))) <= sandbox.limits.processes


def test_a_memory_bomb_is_held(sandbox: Sandbox) -> None:
    done = sandbox.run("x = bytearray(2_000_000_000)")
    assert done.end in (End.FAILED, End.MEMORY)
    # Below the address space of one process, above what the group may have.
    assert sandbox.run("x = bytearray(b'1') * 800_000_000; print(len(x))").end is End.MEMORY


def test_many_children_cannot_share_out_a_memory_bomb(sandbox: Sandbox) -> None:
    program = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(b'1') * 300_000_000; time.sleep(2); os._exit(0)
print(sum(os.wait()[1] == 0 for _ in range(6)))
"""
    done = sandbox.run(program)
    assert done.end is not End.PASSED or int(said(done)) <= 1


def test_a_small_disk(sandbox: Sandbox) -> None:
    program = """
import errno, os
written = 0
for place in ('/tmp', '/', '/dev', '/dev/shm', '/usr/lib'):
    for number in range(20):
        try:
            with open(f'{place}/big{number}', 'wb', buffering=0) as file:
                for _ in range(512): written += file.write(b'x' * 1_000_000)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EFBIG): break
print(written)
"""
    import_signal = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    done = sandbox.run(import_signal + program)
    assert done.end in (End.PASSED, End.MEMORY)
    assert int(said(done) or 0) <= sandbox.limits.disk + 1_000_000


def test_ten_gigabytes_in_one_file(sandbox: Sandbox) -> None:
    done = sandbox.run("f = open('/tmp/big', 'wb')\nfor _ in range(10_000): f.write(b'x' * 1_000_000)")
    assert done.end in (End.FAILED, End.KILLED, End.MEMORY)
    assert sandbox.run("f = open('/tmp/big', 'wb'); f.truncate(10**10)").end is not End.PASSED


def test_no_signal_can_be_ignored_to_live_on(sandbox: Sandbox) -> None:
    program = """
import os, signal, sys
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
print('looping', flush=True)
while True: pass
"""
    done = sandbox.run(program, limits=SHORT)
    assert done.end is End.TIMEOUT
    assert said(done).startswith("looping")


def test_closing_its_outputs_does_not_hide_a_loop(sandbox: Sandbox) -> None:
    done = sandbox.run("import os\nos.close(1); os.close(2)\nwhile True: pass", limits=SHORT)
    assert done.end is End.TIMEOUT


def test_what_outlives_the_program_is_killed(sandbox: Sandbox) -> None:
    program = """
import os
if os.fork() == 0:
    os.setsid(); os.close(0)
    while True: pass
print('parent')
"""
    done = sandbox.run(program)
    assert (done.end, said(done)) == (End.PASSED, "parent")  # to wait for the child would be a timeout


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_is_cut(sandbox: Sandbox, stream: str) -> None:
    done = sandbox.run(f"import sys\nwhile True: sys.{stream}.write('x' * 100_000)")
    assert done.end is End.FLOOD
    assert len(getattr(done, stream)) == sandbox.limits.output


def test_programs_in_parallel_do_not_collide(sandbox: Sandbox) -> None:
    fork_bomb = "import os, time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(.01)"

    def run(number: int) -> Execution:
        if number % 4 == 0:
            return sandbox.run(fork_bomb, limits=SHORT)
        return sandbox.run(f"open('/tmp/mine', 'x').write('{number}'); print(open('/tmp/mine').read())")

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, range(12)))
    for number, done in enumerate(results):
        assert (done.end, said(done)) == ((End.TIMEOUT, "") if number % 4 == 0 else (End.PASSED, str(number)))


def test_our_own_death_takes_the_program_along(sandbox: Sandbox, tmp_path: Path) -> None:
    """SIGKILL us amid a run: the program ends, and the next sandbox sweeps away the control group."""
    child = (
        "import threading, time\n"
        "from steelyard.scorers.sandbox.box import Sandbox\n"
        "from steelyard.scorers.sandbox.limits import SandboxLimits\n"
        "box = Sandbox(); assert not box.unavailable_reason()\n"
        "threading.Timer(0.5, lambda: print('running', flush=True)).start()\n"
        "box.run('while True: pass', limits=SandboxLimits(seconds=60))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    left = groups_left(process.pid)
    assert all((folder / "cgroup.procs").read_text() for folder in left)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    while any((folder / "cgroup.procs").read_text() for folder in left):
        time.sleep(0.01)
    find_cages()
    assert groups_left(process.pid) == []


def test_limits_are_the_callers(sandbox: Sandbox) -> None:
    assert sandbox.run("print('x' * 100)", limits=msgspec.structs.replace(SHORT, output=10)).stdout == b"x" * 10
    program = "open('/tmp/x', 'wb').write(b'x' * 200_000)"
    assert sandbox.run(program).end is End.PASSED
    assert sandbox.run(program, limits=msgspec.structs.replace(SHORT, disk=1 << 16)).end is End.FAILED
