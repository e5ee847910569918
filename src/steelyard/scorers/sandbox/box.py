"""Starts programs in isolation, watches them, and cleans up after them."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import IO

import msgspec

from steelyard.scorers.halt import Halt
from steelyard.scorers.sandbox.cgroups import Cage, CageMaker, find_cages
from steelyard.scorers.sandbox.limits import End, Execution, SandboxError, SandboxLimits
from steelyard.scorers.sandbox.seccomp import assemble
from steelyard.scorers.sandbox.walls import Interpreter, Tools, find_interpreters, find_tools, walled

__all__ = ["Box", "Sandbox", "open_box", "unavailable_reason"]

_CHUNK = 1 << 16
_STARTED_BY = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")  # what systemd-run needs; the program sees neither
# More at a time would only slow each other down, and time is what they are given.
_SLOTS = threading.BoundedSemaphore(max(1, os.cpu_count() or 1))
_TRIAL_SECONDS = 20.0


class Running:
    """A program in the sandbox: the process of its outermost wrapper, and the wrapper's status report."""

    def __init__(self, process: subprocess.Popen[bytes], status: IO[bytes]) -> None:
        self.process, self._status = process, status

    def has_run(self) -> bool:
        """Whether the program has run and ended by itself, so that the process's exit status is the program's."""
        self._status.seek(0)
        return b'"exit-code"' in self._status.read(_CHUNK)


class Box:
    """The means of isolation on this machine: tools, interpreter, control groups and filter, found once."""

    def __init__(self, tools: Tools, python: Interpreter, cages: CageMaker, calls: bytes) -> None:
        self.tools, self.python, self._cages, self._calls = tools, python, cages, calls

    @contextlib.contextmanager
    def cage(self, limits: SandboxLimits) -> Iterator[Cage]:
        """A control group for one run, with one of the processor slots; emptied and removed at the end.

        Raises SandboxError where none can be made.
        """
        with _SLOTS:
            cage = self._cages(limits)
            try:
                yield cage
            finally:
                cage.close()

    @contextlib.contextmanager
    def started(
        self, cage: Cage, limits: SandboxLimits, program: list[str], files: Mapping[str, bytes], *,
        stdin: int | IO[bytes], stdout: int | IO[bytes], halt: Halt | None = None,
    ) -> Iterator[Running]:  # fmt: skip
        """Start a program in the sandbox; at the end it is killed with all its child processes.

        ``halt`` kills it too, from another thread. Raises SandboxError where it cannot be started, Halted where
        ``halt`` was stopped before.
        """
        with _in_memory(b"") as status, contextlib.ExitStack() as stack:
            descriptors = {path: stack.enter_context(_in_memory(data)).fileno() for path, data in files.items()}
            calls = stack.enter_context(_in_memory(self._calls))
            command = walled(
                self.tools, self.python, limits, descriptors, program, status=status.fileno(), calls=calls.fileno()
            )
            environment = {name: os.environ[name] for name in _STARTED_BY if name in os.environ}
            try:
                # A session of its own, so that a Ctrl-C meant for us does not end it and count as its failure.
                process = subprocess.Popen(  # noqa: S603
                    cage.inside(command), stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, cwd="/",
                    start_new_session=True, env={"PATH": os.defpath, **environment},
                    pass_fds=(status.fileno(), calls.fileno(), *descriptors.values()),
                )  # fmt: skip
            except OSError as error:
                raise SandboxError(f"the sandbox does not start: {error.strerror}") from None
            try:
                with (halt or Halt()).ends(process.kill):
                    yield Running(process, status)
            finally:
                # The monitor takes the first process inside with it, and with that one the kernel ends all others.
                process.kill()
                process.wait()
                for pipe in (process.stdout, process.stderr):
                    if pipe is not None:
                        pipe.close()


def _in_memory(data: bytes) -> IO[bytes]:
    file = open(os.memfd_create("steelyard"), "w+b")  # noqa: SIM115 — the caller closes it
    file.write(data)
    file.seek(0)
    return file


class Watch:
    """Reads pipes to their end, up to a limit of bytes each, and until a deadline (``time.monotonic`` seconds)."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._selector = selectors.DefaultSelector()
        self._taken: dict[int, bytearray] = {}
        self._limits: dict[int, int] = {}

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def add(self, pipe: IO[bytes] | None, limit: int) -> None:
        """Read this pipe, up to ``limit`` bytes."""
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ)
        self._taken[pipe.fileno()], self._limits[pipe.fileno()] = bytearray(), limit

    def taken(self, pipe: IO[bytes] | None) -> bytes:
        """The bytes read from this pipe, cut at the limit."""
        assert pipe is not None
        return bytes(self._taken[pipe.fileno()][: self._limits[pipe.fileno()]])

    def read(self, last: IO[bytes] | None = None) -> End:
        """Read until all pipes have ended, or ``last`` has: PASSED, else TIMEOUT, or FLOOD where one gives too much."""
        while self._selector.get_map():
            left = self._until - time.monotonic()
            events = self._selector.select(max(0.0, left))
            # Data that is already there counts: this process may have been stopped, or slow.
            if not events and left <= 0:
                return End.TIMEOUT
            for key, _ in events:
                data = os.read(key.fd, _CHUNK)
                if not data:
                    self._selector.unregister(key.fileobj)
                    if key.fileobj is last:
                        return End.PASSED
                self._taken[key.fd] += data
                if len(self._taken[key.fd]) > self._limits[key.fd]:
                    return End.FLOOD
        return End.PASSED


class Sandbox:
    """Runs one Python program in isolation; from any thread, as many at a time as there are processors."""

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self.limits = limits or SandboxLimits()

    def unavailable_reason(self) -> str:
        """Why no program can be run here, and how to fix it; empty after a successful trial."""
        return unavailable_reason()

    def run(
        self,
        program: str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        limits: SandboxLimits | None = None,
        halt: Halt | None = None,
    ) -> Execution:
        """Run a program; ``files`` by their absolute path inside. The returned record says how it ended.

        Raises SandboxError where there is no sandbox: a program is never run without one. Raises Halted where ``halt``
        ended it: a killed program has no result.
        """
        return _run(open_box(), program, stdin, files or {}, limits or self.limits, halt)


def _run(
    box: Box,
    program: str,
    stdin: bytes,
    files: Mapping[str, bytes],
    limits: SandboxLimits,
    halt: Halt | None = None,
) -> Execution:
    handed = {**files, "/program.py": program.encode("utf-8", "surrogatepass")}
    with box.cage(limits) as cage, _in_memory(stdin) as source:
        began = time.monotonic()
        until = began + limits.seconds
        with (
            box.started(
                cage, limits, ["/program.py"], handed, stdin=source, stdout=subprocess.PIPE, halt=halt
            ) as running,
            Watch(until) as watch,
        ):
            process = running.process
            watch.add(process.stdout, limits.output)
            watch.add(process.stderr, limits.output)
            end: End | None = watch.read()
            if end is End.PASSED:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - time.monotonic()))
                end = _end(process.poll(), running.has_run(), cage.ran_out_of_memory())
            code, stdout, stderr = process.poll(), watch.taken(process.stdout), watch.taken(process.stderr)
        if halt is not None:
            halt.check()
        if end is None:
            reason = (stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
            raise SandboxError(f"the sandbox does not start: {reason[:200]}")
        seconds = time.monotonic() - began
        return Execution(end=end, code=-1 if code is None else code, stdout=stdout, stderr=stderr, seconds=seconds)


def _end(code: int | None, has_run: bool, out_of_memory: bool) -> End | None:
    """How a program ended whose outputs are closed; None where it never ran."""
    if code is None:
        return End.TIMEOUT
    if has_run and code == 0:
        return End.PASSED
    if out_of_memory:
        return End.MEMORY
    if not has_run:
        return None
    return End.KILLED if code > 128 else End.FAILED


_opening = threading.Lock()


def open_box() -> Box:
    """The sandbox of this machine, found and tried once; raises SandboxError with the reason and how to fix it."""
    with _opening:
        found = _found()
    if isinstance(found, str):
        raise SandboxError(found)
    return found


def unavailable_reason() -> str:
    """The reason why there is no sandbox here; empty where there is one."""
    try:
        open_box()
    except SandboxError as error:
        return str(error)
    return ""


@functools.cache
def _found() -> Box | str:
    if sys.platform != "linux":
        return "no sandbox for model-written code: it needs Linux (control groups, namespaces)"
    try:
        tools, cages, calls = find_tools(), find_cages(), assemble(platform.machine())
    except (SandboxError, OSError) as error:
        return f"no sandbox for model-written code: {error}"
    reasons = []
    for python in find_interpreters():
        box = Box(tools, python, cages, calls)
        if not (reason := _fault(box)):
            return box
        reasons.append(f"{python.executable}: {reason}")
    reason = "; ".join(reasons) or "no Python 3.10 or newer"
    return f"no sandbox for model-written code: {reason}{_how_to_fix(reason, tools)}"


def _fault(box: Box) -> str:
    """What the sandbox lacks by a trial from inside, or why it does not start; empty where it can be trusted."""
    limits = msgspec.structs.replace(SandboxLimits(), seconds=_TRIAL_SECONDS)
    expected = msgspec.json.encode(
        msgspec.structs.asdict(limits) | {"processor_seconds": _TRIAL_SECONDS + 1, "core": 0}
    )
    program = (resources.files("steelyard.scorers.sandbox.inside") / "probe.py").read_text(encoding="utf-8")
    try:
        tried = _run(box, program, expected, {}, limits)
    except SandboxError as error:
        return str(error)
    if tried.end is not End.PASSED:
        return (tried.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it {tried.end}"])[-1][:200]
    try:
        missing = msgspec.json.decode(tried.stdout, type=list[str])
    except msgspec.DecodeError:
        return "its own trial says nothing"
    return f"missing walls: {', '.join(missing)}" if missing else ""


def _how_to_fix(text: str, tools: Tools) -> str:
    if "missing walls" in text:
        return f": {tools.bwrap} and {tools.prlimit} must be the system's own (apt install bubblewrap util-linux)"
    if "Unknown option" in text:
        return ": bubblewrap 0.8 or newer is needed"
    if "namespace" in text or "uid map" in text:
        return (
            ": user namespaces are not allowed here; see sysctl user.max_user_namespaces, and AppArmor's rule for bwrap"
        )
    return ""
