"""Dry runs that programs ask for: planned one after another in a thread, and kept in memory for a while.

A page waits for its own; a program asks again. Nothing of one is in the database but its audit line, so a dry run that
was not fetched before the server was started again is simply asked for once more.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, SteelyardError
from steelyard.server.web.facts import place_of
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.server.jobs.dry_run_process import Figures

__all__ = ["DryRun", "DryRuns"]

OPEN: Final = 20
OPEN_OF_PERSON: Final = 5
KEPT: Final = 200
_NUMBERS: Final = 2**53  # what JSON readers keep exactly; drawn, so that no number means another plan after a restart


@dataclass(slots=True)
class DryRun:
    """One of them; ``figures`` or ``problem`` (in one line) are there when it ``is_done``."""

    number: int
    project: int
    person: int
    figures: Figures | None = None
    problem: str = ""
    is_done: bool = False


class DryRuns:
    """The dry runs of all projects, by numbers that are drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[int, DryRun] = OrderedDict()
        self._waiting: SimpleQueue[tuple[DryRun, Callable[[], Figures]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, project: int, person: int, plan: Callable[[], Figures]) -> int:
        """Have ``plan`` called when its turn has come, and return the number by which its result is found.

        Raises InputError where too many others wait.
        """
        with self._lock:
            waiting = [each for each in self._found.values() if not each.is_done]
            if len(waiting) >= OPEN:
                raise InputError("many other dry runs wait: try again in a minute")
            if sum(each.person == person for each in waiting) >= OPEN_OF_PERSON:
                raise InputError(f"{OPEN_OF_PERSON} of your dry runs are not done yet: wait for them")
            number = secrets.randbelow(_NUMBERS - 1) + 1
            begun = self._found[number] = DryRun(number, project, person)
            while len(self._found) > KEPT:
                del self._found[next(each.number for each in self._found.values() if each.is_done)]
            if self._thread is None:
                # It keeps no server from ending: what it waits for ends with this process, too.
                self._thread = threading.Thread(target=self._work, name="dry runs", daemon=True)
                self._thread.start()
        self._waiting.put((begun, plan))
        return number

    def find(self, project: int, number: int) -> DryRun | None:
        """The dry run of a project with this number; None where it is forgotten, too."""
        found = self._found.get(number)
        return found if found is not None and found.project == project else None

    def _work(self) -> None:
        while True:
            begun, plan = self._waiting.get()
            try:
                begun.figures = plan()
            except SteelyardError as error:
                begun.problem = one_line(str(error), 600)
            except Exception as error:  # its text may quote anything
                begun.problem = f"an error of ours: {type(error).__name__} {place_of(error)}"
            begun.is_done = True
