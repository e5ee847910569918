"""Indexes of answers for runs that have none: made when somebody looks, in a process of its own, one at a time.

So it is for runs that were accepted before there were indexes, that a worker made, or that a backup brought back, and
where an index was lost or changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from steelyard.errors import SteelyardError
from steelyard_server.answers.index import AnswerIndex, UnusableIndexError, open_index
from steelyard_server.answers.keeping import keep_index, remove_index, secret_of
from steelyard_server.push.verifying import Verifier
from steelyard_server.runs.folders import folder_of, incoming_folder

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.runs.rows import RunRow

__all__ = ["AnswerIndexes", "IndexingError", "NotYetError"]

WAIT_SECONDS: Final = 4.0  # as long a page waits for an index: most are made by then
WAITING: Final = 4  # pages that wait at once: each holds a thread that all pages need
QUEUED: Final = 50
AGAIN_SECONDS: Final = 600.0  # after a failure


class NotYetError(SteelyardError):
    """The index is being made."""


class IndexingError(SteelyardError):
    """The index cannot be made: why, in one line."""


class AnswerIndexes:
    """Gives the index of a run's answers, which it has made where there is none; :meth:`stop` ends that."""

    def __init__(self, data: DataFolder, verifier: Verifier | None = None, wait_seconds: float = WAIT_SECONDS) -> None:
        self._data = data
        self._verifier = verifier or Verifier()
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._making: dict[str, Future[None]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._places = threading.BoundedSemaphore(WAITING)

    def stop(self) -> None:
        """End what runs, and start nothing more."""
        self._verifier.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def open(self, run: RunRow) -> Iterator[AnswerIndex]:
        """The index of a run, until the end of the block.

        Raises NotYetError where it is being made, and IndexingError where it cannot be. Where the index turns out to be
        changed within the block, that is NotYetError, too: it is made again.
        """
        try:
            with ExitStack() as stack:
                yield self._opened(run, stack)
                return
        except UnusableIndexError:
            remove_index(self._data, run.folder)
            self._begin(run)
        raise NotYetError("the list of these answers is being made")

    def _opened(self, run: RunRow, stack: ExitStack) -> AnswerIndex:
        """The index that is there, or that is there after a short wait."""
        try:
            return stack.enter_context(self.open_made(run))
        except UnusableIndexError:
            self._wait_for(self._begin(run))
        return stack.enter_context(self.open_made(run))

    def _wait_for(self, making: Future[None] | None) -> None:
        if making is not None and self._places.acquire(blocking=False):
            try:
                making.exception(self._wait_seconds)
            except (TimeoutError, CancelledError):
                pass
            finally:
                self._places.release()

    @contextmanager
    def open_made(self, run: RunRow) -> Iterator[AnswerIndex]:
        """The index of a run, if there is one already: raises UnusableIndexError where not, and makes none."""
        with open_index(self._data, run.folder, run.listed.seal, secret_of(self._data)) as index:
            yield index

    def _begin(self, run: RunRow) -> Future[None] | None:
        """Have the index made, unless it is being made; None where too many wait. Raises IndexingError."""
        key = run.folder
        with self._lock:
            failed_at, problem = self._failed.get(key, (0.0, ""))
            if problem and time.monotonic() < failed_at + AGAIN_SECONDS:
                raise IndexingError(problem)
            self._failed.pop(key, None)
            if key not in self._making:
                if len(self._making) >= QUEUED:
                    return None
                self._making[key] = self._threads.submit(self._make, key, run.listed.seal)
            return self._making[key]

    def _make(self, key: str, seal: str) -> None:
        problem = ""
        try:
            with incoming_folder(self._data) as beside:
                self._verifier.make_index(folder_of(self._data, key), seal, beside / "index")
                keep_index(self._data, beside / "index", key)
        except SteelyardError as error:
            problem = str(error)
        except OSError as error:
            problem = error.strerror or "it cannot be written"
        finally:
            with self._lock:
                del self._making[key]
                if problem:
                    self._failed[key] = time.monotonic(), problem
