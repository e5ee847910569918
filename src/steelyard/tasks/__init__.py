"""Tasks: benchmarks as data, seeded generators, and users' own files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from steelyard.claims.benchmarks import key_of, lookup, without_measure
from steelyard.errors import InputError
from steelyard.plugins import distribution_of, find, names
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.task import Task

__all__ = ["distribution_of_task", "is_built_in", "load_task", "resolve", "task_ids"]

REASONING_GYM = "reasoning-gym:"


def task_ids() -> list[str]:
    """The ids of all installed benchmarks, sorted."""
    return sorted(_installed())


def resolve(name: str) -> str | None:
    """The id of the installed benchmark with this name or alias; None if there is no such benchmark."""
    if name.startswith(REASONING_GYM):
        return name
    for printed in (name, without_measure(name)):
        if (own := _names().get(key_of(printed))) is not None:
            return own
        if (benchmark := lookup(printed)) is not None:
            return _names().get(key_of(benchmark.id))
    return None


def load_task(name: str) -> Task:
    """Open a benchmark by id or alias, or ``reasoning-gym:NAME``; raises InputError for an unknown name."""
    if name.startswith(REASONING_GYM):
        from steelyard.tasks.generators.reasoning_gym import open_task

        return open_task(name.removeprefix(REASONING_GYM))
    task_id = resolve(name)
    if task_id is None:
        raise InputError(f"no task is called {name!r}; there are: {', '.join(task_ids())}, reasoning-gym:NAME")
    return _installed()[task_id]


def distribution_of_task(task: Task) -> str:
    """``distribution version`` of an installed benchmark; for ``reasoning-gym:NAME`` that of reasoning-gym."""
    if task.id.startswith(REASONING_GYM):
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"reasoning-gym {version('reasoning-gym')}"
        except PackageNotFoundError:
            return "reasoning-gym"
    plugins = (name for name in names("tasks") if Path(find("tasks", name)) == task.where.parent)
    return next((distribution_of("tasks", name) for name in plugins), "")


def is_built_in(name: str) -> bool:
    """Whether Steelyard itself has a benchmark of this name or alias."""
    task_id = resolve(name)
    return task_id is not None and (
        task_id.startswith(REASONING_GYM) or _installed()[task_id].where.parent == Path(__file__).with_name("builtin")
    )


@cache
def _installed() -> dict[str, Task]:
    """The task of every file of every installed folder, once: what is computed of one is kept with it.

    Two files with the same id are an error.
    """
    found: dict[str, Task] = {}
    for plugin in names("tasks"):
        for path in sorted(Path(find("tasks", plugin)).glob("*.yaml")):
            definition = read_definition(path)
            if definition.id in found:
                raise InputError(
                    f"the id {definition.id!r} is used by {found[definition.id].where}: choose another", where=path
                )
            found[definition.id] = Task(definition, path)
    return found


@cache
def _names() -> dict[str, str]:
    return {
        key_of(name): task.id
        for task in _installed().values()
        for name in (task.id, task.title, *task.definition.aliases)
    }
