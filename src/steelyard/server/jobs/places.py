"""How many dry runs there are at a time, and how many of one project and of one person: nobody holds all places."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from steelyard.errors import InputError

__all__ = ["MOST", "OF_PERSON", "OF_PROJECT", "Places"]

MOST: Final = 3
OF_PROJECT: Final = 2
OF_PERSON: Final = 1


class Places:
    """The places of one process; any thread may ask for one."""

    def __init__(self, most: int = MOST, of_project: int = OF_PROJECT, of_person: int = OF_PERSON) -> None:
        self._most = most
        self._of_project = of_project
        self._of_person = of_person
        self._projects: Counter[int] = Counter()
        self._persons: Counter[int] = Counter()
        self._guard = threading.Condition()

    @contextmanager
    def held(self, project: int, person: int, patience: float = 0.0) -> Iterator[None]:
        """A place for a person in a project, until the end of the block.

        Raises InputError, in words, where the person, the project or all together have as many as they may have, and
        still have them after ``patience`` seconds.
        """
        with self._guard:
            self._guard.wait_for(lambda: not self._refusal(project, person), patience)
            if refusal := self._refusal(project, person):
                raise InputError(refusal)
            self._projects[project] += 1
            self._persons[person] += 1
        try:
            yield
        finally:
            with self._guard:
                for held, number in ((self._projects, project), (self._persons, person)):
                    held[number] -= 1
                    if not held[number]:
                        del held[number]
                self._guard.notify_all()

    def has_one(self, project: int, person: int) -> bool:
        """Whether a place could be had at this moment."""
        with self._guard:
            return not self._refusal(project, person)

    def _refusal(self, project: int, person: int) -> str:
        if self._persons[person] >= self._of_person:
            return "another dry run of yours is going on: try again when it has ended"
        if self._projects[project] >= self._of_project:
            return f"{self._of_project} dry runs of this project are going on: try again in a minute"
        if self._persons.total() >= self._most:
            return f"{self._most} other dry runs are going on: try again in a minute"
        return ""
