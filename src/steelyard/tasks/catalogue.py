"""Which task a claim's name means: the user's own files first, then what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.from_file import questions_as_task
from steelyard.tasks.suite_file import SAMPLES, is_suite, suite_folder
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from steelyard.tasks.task import Task
from steelyard.util.text import one_line

__all__ = ["Catalogue", "near_built_in", "near_name", "near_to_run", "open_task_file", "shows_images"]

_WORDS_OF_IMAGES: Final = (b"image", b"bild", b"\\u")  # columns that name some; or an escape, which may hide one
_QUESTIONS: Final = (".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".parquet")


def open_task_file(path: Path, options: FileOptions | None = None) -> Task:
    """A task from a task file (``.yaml``), from questions (``.jsonl``, ``.csv`` …), named by its stem, or from a suite.

    ``options`` say how questions are read and asked. Raises InputError for a file that cannot be read.
    """
    if is_suite(path):
        return task_from_suite(path)
    is_definition = _is_definition(path)
    task = Task(read_definition(path), path) if is_definition else questions_as_task(path, options or FileOptions())
    if not task.id.isprintable():
        raise InputError(
            "a task has its file's name, and this name cannot be printed: rename the file", where=repr(path)
        )
    return task


def near_name(name: str, own: Sequence[str]) -> str:
    """What to say about a name that no task has, where the user's ``own`` files have these.

    ``; did you mean 'tickets'?`` for one of these, never for a benchmark: a name that is near may be that of another.
    """
    from difflib import get_close_matches

    close = get_close_matches(name, own, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return ": steelyard tasks lists those that there are; a task of your own is a file, given with --task"


def near_to_run(name: str, folder: Path = Path()) -> str:
    """What to say about a name that no task has, where a user names what to ask: built-in tasks and own files are near.

    Own ones are the suites in ``folder`` and the files of questions, the latter by their whole name.
    """
    from difflib import get_close_matches

    from steelyard.tasks import task_ids

    own = [each.name for each in folder.iterdir() if is_suite(each)] if folder.is_dir() else []
    stems = {each.stem: each.name for each in _questions_in(folder)}
    close = get_close_matches(name, [*own, *stems, *task_ids()], 3, 0.7)
    if close:
        return f"; did you mean {' or '.join(repr(one_line(stems.get(each, each), 80)) for each in close)}?"
    return ": steelyard tasks lists those that there are; a task of your own is the path of its file or folder"


def near_built_in(name: str) -> str:
    """What to say about a name that no task has, where only built-in tasks may be asked: no file is near."""
    from difflib import get_close_matches

    from steelyard.tasks import task_ids

    close = get_close_matches(name, task_ids(), 3, 0.7)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return ": steelyard tasks lists those that there are; questions of your own are given as texts"


def _questions_in(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.suffix in _QUESTIONS] if folder.is_dir() else []


def _is_definition(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") or is_suite(path)


def shows_images(names: Sequence[str], files: Sequence[Path] = (), options: FileOptions | None = None) -> bool:
    """Whether a task of one of these names shows images, the user's own task files first.

    Questions and suites are opened for it where they may show some. Raises InputError for a file that is invalid.
    """
    from steelyard.tasks import load_task, resolve

    showing: dict[str, bool] = {}
    for path in files:
        if _may_show(path):
            task = open_task_file(path, options)
            showing[task.id] = bool(task.definition.fields.images)
        else:
            showing[path.stem] = False
    for name in names:
        if name in showing:
            shown = showing[name]
        else:
            task_id = resolve(name)
            shown = task_id is not None and bool(load_task(task_id).definition.fields.images)
        if shown:
            return True
    return False


def _may_show(path: Path) -> bool:
    """Whether a file may name images: a text without one of the columns' names does not, and is not read twice."""
    items = suite_folder(path) / SAMPLES if is_suite(path) else path
    if items.suffix not in (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt") or not items.is_file():
        return True
    before = b""
    with items.open("rb") as file:
        while part := file.read(1 << 20):
            text = (before + part).replace(b"\0", b"").lower()  # some spreadsheets write UTF-16
            if any(word in text for word in _WORDS_OF_IMAGES):
                return True
            before = part[-16:]
    return False


class Catalogue:
    """Finds tasks by name. ``files`` come from the command line; a vendor's sheet cannot name files.

    ``options`` say how their questions are read and asked. Raises InputError for a file that cannot be read as a task,
    for two files of one name, and for an instruction or choices where no file holds questions.
    """

    def __init__(self, files: Sequence[Path] = (), options: FileOptions | None = None) -> None:
        self._own: dict[str, Task] = {}
        self._found: set[str] = set()
        if options and (options.instruction or options.choices) and all(map(_is_definition, files)):
            option = "--instruction" if options.instruction else "--choices"
            raise InputError(
                f"{option} is for a file of your own questions: a task file (.yaml) says it in its prompt, and a "
                "built-in task stays as it is"
            )
        for path in files:
            task = open_task_file(path, options)
            if task.id in self._own:
                raise InputError(f"two task files are called {task.id!r}: rename one", where=path)
            self._own[task.id] = task

    def near(self, name: str) -> str:
        """``; did you mean 'tickets'?`` for a file of the user's own, never for another benchmark; else what to do."""
        return near_name(name, list(self._own))

    def is_own(self, name: str) -> bool:
        """Whether the task of this name is one of the user's own files."""
        return name in self._own

    @property
    def suites(self) -> list[SuiteTask]:
        """The private suites among the user's own files."""
        return [task for task in self._own.values() if isinstance(task, SuiteTask)]

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
