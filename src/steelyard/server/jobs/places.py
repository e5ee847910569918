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
        self._guard = threading.Lock()

    @contextmanager
    def held(self, project: int, person: int) -> Iterator[None]:
        """A place for a person in a project, until the end of the block.

        Raises InputError, in words, where the person, the project or all together have as many as they may have.
        """
        with self._guard:
            if self._persons[person] >= self._of_person:
                raise InputError("another dry run of yours is going on: try again when it has ended")
            if self._projects[project] >= self._of_project:
                raise InputError(f"{self._of_project} dry runs of this project are going on: try again in a minute")
            if self._persons.total() >= self._most:
                raise InputError(f"{self._most} other dry runs are going on: try again in a minute")
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
