"""Resource limits of a sandboxed program, and how its run ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from steelyard.errors import MissingDependency

__all__ = ["End", "Execution", "SandboxError", "SandboxLimits"]

MIB = 1 << 20


class SandboxError(MissingDependency):
    """The sandbox itself did not work, so the program has no result; the message says why."""


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Resource limits of one run. ``seconds`` are wall-clock time; all else is bytes or counts.

    ``processor_seconds`` are those of one process: 0 for one more than ``seconds``.

    ``memory`` and ``processes`` hold for all its processes together (cgroup), ``address_space``, ``file`` and
    ``open_files`` for each one (rlimits), ``disk`` for its only writable folder (a tmpfs, which counts as memory too).
    ``output`` is what it may print on standard output and standard error each.
    """

    seconds: float = 10.0
    processor_seconds: int = 0
    memory: int = 512 * MIB
    address_space: int = 1024 * MIB
    processes: int = 32
    open_files: int = 64
    file: int = 16 * MIB
    disk: int = 16 * MIB
    output: int = 256 * 1024


class End(StrEnum):
    """How a run ended: exactly one of these. A timeout, too little memory or a flood is the program's own failure."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    KILLED = "killed"
    FLOOD = "flood"


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One program's run: ``code`` is its exit status (128 + number for a signal), the outputs are cut at the limit."""

    end: End
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
