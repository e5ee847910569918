"""Which task a claim's name means: the user's own files first, then what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from steelyard.errors import InputError
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.from_file import task_from_file
from steelyard.tasks.task import Task

__all__ = ["Catalogue", "open_task_file"]


def open_task_file(path: Path, question: str = "", answer: str = "") -> Task:
    """A task from a task file (``.yaml``) or from questions (``.jsonl``, ``.csv``, ``.xlsx`` …), named by its stem.

    ``question`` and ``answer`` name the columns of questions. Raises InputError for a file that cannot be read.
    """
    is_definition = path.suffix in (".yaml", ".yml")
    task = Task(read_definition(path), path) if is_definition else task_from_file(path, question, answer)
    if not task.id.isprintable():
        raise InputError(
            "a task has its file's name, and this name cannot be printed: rename the file", where=repr(path)
        )
    return task


def _cut_from(name: str) -> list[str]:
    """The built-in tasks whose names this one begins and lacks a letter or two of, if it is no benchmark itself."""
    from steelyard.claims.benchmarks import lookup
    from steelyard.tasks import task_ids

    if len(name) < 4 or lookup(name) is not None:
        return []
    return [each for each in task_ids() if each.startswith(name.casefold()) and len(each) - len(name) <= 2]


class Catalogue:
    """Finds tasks by name. ``files`` come from the command line; a vendor's sheet cannot name files.

    ``question`` and ``answer`` name the columns of their questions. Raises InputError for a file that cannot be read
    as a task, and for two files of one name.
    """

    def __init__(self, files: Sequence[Path] = (), question: str = "", answer: str = "") -> None:
        self._own: dict[str, Task] = {}
        self._found: set[str] = set()
        for path in files:
            task = open_task_file(path, question, answer)
            if task.id in self._own:
                raise InputError(f"two task files are called {task.id!r}: rename one", where=path)
            self._own[task.id] = task

    def near(self, name: str) -> str:
        """``; did you mean 'tickets'?`` for a file of the user's own, or the one task that a name was cut from.

        Never for another benchmark: a name that is near may be that of one. Else what to do.
        """
        from difflib import get_close_matches

        close = get_close_matches(name, list(self._own), 1) or _cut_from(name)
        if len(close) == 1:
            return f"; did you mean {close[0]!r}?"
        return ": steelyard tasks lists those that there are; a task of your own is a file, given with --task"

    def is_own(self, name: str) -> bool:
        """Whether the task of this name is one of the user's own files."""
        return name in self._own

    def unused(self) -> list[str]:
        """The user's own tasks that were not looked up yet."""
        return [name for name in self._own if name not in self._found]

    def find(self, name: str) -> Task | None:
        """The task with this name or alias, or None. Raises InputError for a task file that is invalid."""
        from steelyard.tasks import load_task, resolve

        self._found.add(name)
        if name in self._own:
            return self._own[name]
        task_id = resolve(name)
        return None if task_id is None else load_task(task_id)
