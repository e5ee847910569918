"""How many dry runs there are at a time, and how many of one project and of one person: nobody holds all places.

A dry run may take minutes, and whoever has left its page cannot end it there. So a person who starts another one on a
page ends the one that goes on, where that was started on a page, too.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from steelyard.errors import InputError

__all__ = ["ENDED_BY_ANOTHER", "MOST", "OF_PERSON", "OF_PROJECT", "Places"]

MOST: Final = 3
OF_PROJECT: Final = 2
OF_PERSON: Final = 1
ENDED_BY_ANOTHER: Final = "you started another dry run, which ended this one"
_TAKING_OVER: Final = 10.0  # seconds in which a dry run that is told to end has ended


class _Held:
    """A place that somebody has; who takes it over makes ``told`` readable."""

    def __init__(self, person: int, *, gives_way: bool) -> None:
        self.person, self.gives_way = person, gives_way
        self.told = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def tell(self) -> None:
        """Ask for its end, any number of times."""
        os.eventfd_write(self.told, 1)


class Places:
    """The places of one process; any thread may ask for one."""

    def __init__(self, most: int = MOST, of_project: int = OF_PROJECT, of_person: int = OF_PERSON) -> None:
        self._most = most
        self._of_project = of_project
        self._of_person = of_person
        self._projects: Counter[int] = Counter()
        self._persons: Counter[int] = Counter()
        self._held: list[_Held] = []
        self._numbers = itertools.count()
        self._last: dict[int, int] = {}  # of each person who waits to take over
        self._guard = threading.Condition()

    @contextmanager
    def held(self, project: int, person: int, patience: float = 0.0, *, takes_over: bool = False) -> Iterator[int]:
        """A place for a person in a project, until the end of the block; yields a descriptor.

        With ``takes_over`` another one of the person that does so, too, is told to end, by its descriptor's becoming
        readable. Raises InputError, in words, where the person, the project or all together have as many as they may
        have, and still have them after ``patience`` seconds.
        """
        with self._guard:
            if takes_over:
                self._take_over(person)
            self._guard.wait_for(lambda: not self._refusal(project, person), patience)
            if refusal := self._refusal(project, person):
                raise InputError(refusal)
            mine = _Held(person, gives_way=takes_over)  # which fails where there is no descriptor: before any count
            self._held.append(mine)
            self._projects[project] += 1
            self._persons[person] += 1
        try:
            yield mine.told
        finally:
            with self._guard:
                for held, number in ((self._projects, project), (self._persons, person)):
                    held[number] -= 1
                    if not held[number]:
                        del held[number]
                self._held.remove(mine)
                os.close(mine.told)
                self._guard.notify_all()

    def has_one(self, project: int, person: int) -> bool:
        """Whether a place could be had at this moment."""
        with self._guard:
            return not self._refusal(project, person)

    def _take_over(self, person: int) -> None:
        """End what the person has that gives way, and wait for its end; the guard is held.

        Raises InputError where the person asks once more meanwhile: of many who wait, the last one is meant.
        """
        mine = self._last[person] = next(self._numbers)
        ends = time.monotonic() + _TAKING_OVER
        self._guard.notify_all()
        try:
            while found := [each for each in self._held if each.person == person and each.gives_way]:
                for each in found:
                    each.tell()
                if not self._guard.wait(max(0.0, ends - time.monotonic())):
                    return
                if self._last.get(person) != mine:
                    raise InputError(ENDED_BY_ANOTHER)
        finally:
            if self._last.get(person) == mine:
                del self._last[person]

    def _refusal(self, project: int, person: int) -> str:
        if self._persons[person] >= self._of_person:
            by_token = any(each.person == person and not each.gives_way for each in self._held)
            which = "a dry run that you asked for with a token" if by_token else "another dry run of yours"
            return f"{which} is going on: try again when it has ended"
        if self._projects[project] >= self._of_project:
            return f"{self._of_project} dry runs of this project are going on: try again in a minute"
        if self._persons.total() >= self._most:
            return f"{self._most} other dry runs are going on: try again in a minute"
        return ""
