"""Dry runs that programs ask for: planned two at a time, in turns by person, and kept in memory for a while.

A page waits for its own, and always has a place beside these; a program asks again. Nothing of one is in the database
but its audit line, so a dry run that was not fetched before the server was started again is simply asked for once more.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, SteelyardError
from steelyard.util.text import one_line
from steelyard_server.http.facts import place_of
from steelyard_server.jobs.dry_run import PLACES

if TYPE_CHECKING:
    from steelyard_server.jobs.dry_run_process import Figures
    from steelyard_server.jobs.places import Places

__all__ = ["DryRun", "DryRuns"]

OPEN: Final = 20
OPEN_OF_ALL: Final = 100  # a project of which none is open always has one, up to here; below what is kept
OPEN_OF_PROJECT: Final = 8  # of its people together: one project's hanging endpoint keeps no other's people out
OPEN_OF_PERSON: Final = 5
KEPT: Final = 200
AT_ONCE: Final = 2  # one less than there are places
_LOOK_SECONDS: Final = 0.5  # pages give places back without a word
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
    """The dry runs of all projects, by numbers that are drawn.

    Of those that wait, and could have a place, comes next whoever was planned for the longest ago.
    """

    def __init__(self, places: Places = PLACES) -> None:
        self._places = places
        self._guard = threading.Condition()
        self._found: OrderedDict[int, DryRun] = OrderedDict()
        self._waiting: list[tuple[DryRun, Callable[[], Figures]]] = []
        self._planning: set[int] = set()  # people
        self._turns: dict[int, int] = {}  # of each person, the last
        self._threads: list[threading.Thread] = []

    def begin(self, project: int, person: int, plan: Callable[[], Figures]) -> int:
        """Have ``plan`` called when its turn has come, and return the number by which its result is found.

        Raises InputError where too many others wait.
        """
        with self._guard:
            waiting = [each for each in self._found.values() if not each.is_done]
            of_project = sum(each.project == project for each in waiting)
            if len(waiting) >= (OPEN if of_project else OPEN_OF_ALL):
                raise InputError("many other dry runs wait: try again in a minute")
            if of_project >= OPEN_OF_PROJECT:
                raise InputError(f"{OPEN_OF_PROJECT} dry runs of this project are not done yet: try again in a minute")
            if sum(each.person == person for each in waiting) >= OPEN_OF_PERSON:
                raise InputError(f"{OPEN_OF_PERSON} of your dry runs are not done yet: wait for them")
            number = secrets.randbelow(_NUMBERS - 1) + 1
            begun = self._found[number] = DryRun(number, project, person)
            while len(self._found) > KEPT:
                del self._found[next(each.number for each in self._found.values() if each.is_done)]
            self._waiting.append((begun, plan))
            if len(self._threads) < AT_ONCE:
                # They keep no server from ending: what they wait for ends with this process, too.
                self._threads.append(threading.Thread(target=self._work, name="dry runs", daemon=True))
                self._threads[-1].start()
            self._guard.notify_all()
        return number

    def find(self, project: int, number: int) -> DryRun | None:
        """The dry run of a project with this number; None where it is forgotten, too."""
        found = self._found.get(number)
        return found if found is not None and found.project == project else None

    def _work(self) -> None:
        while True:
            begun, plan = self._next()
            try:
                begun.figures = plan()
            except SteelyardError as error:
                begun.problem = one_line(str(error), 600)
            except Exception as error:  # its text may quote anything
                begun.problem = f"internal error: {type(error).__name__} {place_of(error)}"
            with self._guard:
                begun.is_done = True
                self._planning.discard(begun.person)
                self._guard.notify_all()

    def _next(self) -> tuple[DryRun, Callable[[], Figures]]:
        """Wait for the one whose turn it is; nobody has two planned at one time."""
        with self._guard:
            while True:
                ready = [
                    each
                    for each in self._waiting
                    if each[0].person not in self._planning and self._places.has_one(each[0].project, each[0].person)
                ]
                if ready:
                    break
                self._guard.wait(_LOOK_SECONDS if self._waiting else None)
            found = min(ready, key=lambda each: self._turns.get(each[0].person, 0))  # of one person, the oldest
            self._waiting.remove(found)
            self._planning.add(found[0].person)
            self._turns[found[0].person] = max(self._turns.values(), default=0) + 1
            return found
