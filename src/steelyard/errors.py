"""One root error. Each kind has the exit code that the command line returns; messages say how to fix it.

Exit codes, everywhere, the first that applies: 2 bad input or usage, 130 interrupted, 4 the plan was not met,
1 something is inconsistent or broken, 3 insufficient power or not testable, 0 all planned is consistent or intact,
70 internal error.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

__all__ = [
    "DeadlineExceeded",
    "ExitCode",
    "InputError",
    "Interrupted",
    "MissingDependency",
    "ModelRefused",
    "ModelUnavailable",
    "NothingKept",
    "SteelyardError",
    "StorageError",
    "TimestampUnavailable",
    "VerificationError",
]


class ExitCode(IntEnum):
    """Exit codes of the command line; stable, for CI."""

    CONSISTENT = 0
    INCONSISTENT = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    PLAN_NOT_MET = 4
    INTERNAL_ERROR = 70
    INTERRUPTED = 130


class SteelyardError(Exception):
    """The root: an error with one line for the user and an exit code for the shell."""

    exit_code = ExitCode.INTERNAL_ERROR


class InputError(SteelyardError):
    """Invalid input: the message says what, where and how to fix it.

    ``where`` (a path or URI) and ``line`` (1-based) go in front of the message, as compilers do.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, *, where: str | Path | None = None, line: int | None = None) -> None:
        place = "" if where is None else f"{where}: " if line is None else f"{where}:{line}: "
        super().__init__(place + message)


class MissingDependency(InputError):
    """An extra, a file or a service that is needed is not installed: the message says how to get it."""


class ModelUnavailable(SteelyardError):
    """The model could not be reached at all (endpoint down, wrong key): the plan was not met."""

    exit_code = ExitCode.PLAN_NOT_MET


class ModelRefused(ModelUnavailable):
    """The endpoint answers, and refuses this model, key or call (a 4xx): others may well be answered there."""


class DeadlineExceeded(SteelyardError):
    """The run's deadline came before its end: the plan was not met, and can be resumed."""

    exit_code = ExitCode.PLAN_NOT_MET


class StorageError(SteelyardError):
    """The run's folder cannot be written (disk full, gone, read-only): finished work is intact."""

    exit_code = ExitCode.PLAN_NOT_MET


class NothingKept(SteelyardError):
    """A suite would have no item: the message counts the reasons. A suite is never made empty."""

    exit_code = ExitCode.INCONSISTENT


class TimestampUnavailable(SteelyardError):
    """The time stamp authority gave no stamp that can be used: nothing was asked yet, and the run can be resumed."""

    exit_code = ExitCode.PLAN_NOT_MET


class VerificationError(SteelyardError):
    """Evidence does not verify: the message names the first check that fails."""

    exit_code = ExitCode.INCONSISTENT


class Interrupted(SteelyardError):
    """The user interrupted the run (Ctrl-C): the message says how to resume."""

    exit_code = ExitCode.INTERRUPTED
