"""Which task a claim's name means: the user's own files first, then what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.errors import InputError
from assay.tasks.definition_file import read_definition
from assay.tasks.from_file import task_from_file
from assay.tasks.task import Task

__all__ = ["Catalogue", "open_task_file"]


def open_task_file(path: Path) -> Task:
    """A task from a task file (``.yaml``) or from questions (``.jsonl``, ``.csv``, ``.parquet``), named by its stem."""
    if path.suffix in (".yaml", ".yml"):
        return Task(read_definition(path), path)
    return task_from_file(path)


class Catalogue:
    """Finds tasks by name. ``files`` are named on the command line: a sheet, which a vendor writes, can name none."""

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self._own: dict[str, Task] = {}
        for path in files:
            task = open_task_file(path)
            if task.id in self._own:
                raise InputError(f"two task files are called {task.id!r}: rename one", where=path)
            self._own[task.id] = task

    def find(self, name: str) -> Task | None:
        """The task of this name or alias; None where there is none."""
        from assay.tasks import load_task, resolve

        if name in self._own:
            return self._own[name]
        task_id = resolve(name)
        return None if task_id is None else load_task(task_id)
