"""The process that verifies one pushed run, within limits and without the network.

Run as ``python -P -m steelyard_server.push.worker FOLDER CPU-SECONDS MEMORY PARENT [INDEX [SEAL]]``. It writes what the
pages show, or what does not hold, to standard output as JSON. The limits are set before anything of the run is read.
With INDEX it makes the index of the run's answers there, too; with SEAL nothing else: the run was verified once, and
its files are held against its seal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import SteelyardError, VerificationError
from steelyard.evidence import layout
from steelyard_server.bounds import bound
from steelyard_server.push.no_network import refuse_sockets
from steelyard_server.runs.summary import RunSummary, summary_of

__all__ = ["MAX_REPLY", "Reply", "confine", "main", "without_place"]

MAX_REPLY: Final = 16 << 20
MAX_WRITTEN: Final = 256 << 20  # one temporary file: pages are drawn again there; or the index of two million answers
MAX_INDEX: Final = 8 << 30  # of a process that makes nothing else


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A run that holds; or in one line ``problem``, why it does not, or ``unable``, why that cannot be told here.

    ``indexed``: the index of its answers was made.
    """

    run: RunSummary | None = None
    indexed: bool = False
    problem: str = ""
    unable: str = ""


def main(folder: str, cpu_seconds: int, memory: int, parent: int, index: str = "", seal: str = "") -> None:
    """Verify the run in ``folder``, for the process ``parent``, with which this one ends; ``index``: see above."""
    confine(cpu_seconds, memory, parent, MAX_INDEX if seal else MAX_WRITTEN)
    reply = _indexed(Path(folder), Path(index), seal) if seal else _verified(Path(folder), index, cpu_seconds)
    sys.stdout.buffer.write(msgspec.json.encode(reply))


def confine(cpu_seconds: int, memory: int, parent: int, file_size: int) -> None:
    """Bound what this process may take, end it with the process ``parent``, and refuse it the network."""
    bound(cpu_seconds, memory, parent, file_size)
    refuse_sockets()


def _verified(folder: Path, index: str, cpu_seconds: int) -> Reply:
    from steelyard.api.results import verified

    try:
        run = summary_of(verified(folder))
        return Reply(run=run, indexed=bool(index) and _is_indexed(folder, Path(index), run.seal, cpu_seconds))
    except VerificationError as error:
        return Reply(problem=without_place(folder, str(error)))
    except SteelyardError as error:
        return Reply(unable=without_place(folder, str(error)))
    except MemoryError:
        return Reply(unable="needs more memory to be verified than this server allows")


def _is_indexed(folder: Path, index: Path, seal: str, cpu_seconds: int) -> bool:
    """Make the index of a run that holds; whatever comes in between, the run holds, and it can be made later.

    It takes less than the verification did: where that took half of the time, the run is not put at risk for it.
    """
    from steelyard_server.answers.build import write_index

    if time.process_time() > cpu_seconds / 2:
        return False
    try:
        with index.open("xb") as out:
            write_index(folder, seal, out)
    except (SteelyardError, OSError, ValueError, MemoryError):
        return False
    return True


def _indexed(folder: Path, index: Path, seal: str) -> Reply:
    """Make the index of a run that was verified once, if its files are those that its seal names."""
    from steelyard.evidence.verify import verify_integrity
    from steelyard_server.answers.build import write_index

    try:
        if layout.digest_and_lines(folder, layout.BUNDLE)[0] != seal:
            raise VerificationError(f"{layout.BUNDLE}: is not what was received")
        verify_integrity(folder)
        with index.open("xb") as out:
            write_index(folder, seal, out)
    except (SteelyardError, OSError, ValueError) as error:
        return Reply(problem=without_place(folder, str(error)))
    except MemoryError:
        return Reply(unable="its answers need more memory to be listed than this server allows")
    return Reply(indexed=True)


def without_place(folder: Path, message: str) -> str:
    """A message of a verifier without the place where this server keeps what comes in."""
    from steelyard.util.text import one_line

    return one_line(message.replace(f"{folder}: ", "").replace(f"{folder}/", "").replace(str(folder), "the run"), 600)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:7])
