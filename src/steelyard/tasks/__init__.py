"""Tasks: benchmarks as data, seeded generators, and users' own files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from steelyard.claims.benchmarks import key_of, lookup
from steelyard.errors import InputError
from steelyard.plugins import find, names
from steelyard.tasks.definition import TaskDefinition
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.task import Task

__all__ = ["REASONING_GYM", "is_built_in", "load_task", "resolve", "task_ids"]

REASONING_GYM = "reasoning-gym:"


def task_ids() -> list[str]:
    """The ids of all installed benchmarks, sorted."""
    return sorted(_installed())


def is_built_in(task_id: str) -> bool:
    """Whether this is the id of a task that Steelyard itself brings; a plugin's is not, nor is an alias."""
    return task_id in _built_in()


def resolve(name: str) -> str | None:
    """The id of the installed benchmark with this name or alias; None if there is no such benchmark."""
    if name.startswith(REASONING_GYM):
        return name
    own = _names().get(key_of(name))
    if own is not None:
        return own
    benchmark = lookup(name)
    return None if benchmark is None else _names().get(key_of(benchmark.id))


def load_task(name: str) -> Task:
    """Open a benchmark by id or alias, or ``reasoning-gym:NAME``; raises InputError for an unknown name."""
    if name.startswith(REASONING_GYM):
        from steelyard.tasks.generators.reasoning_gym import open_task

        return open_task(name.removeprefix(REASONING_GYM))
    task_id = resolve(name)
    if task_id is None:
        raise InputError(f"no task is called {name!r}; there are: {', '.join(task_ids())}, reasoning-gym:NAME")
    definition, path = _installed()[task_id]
    return Task(definition, path)


@cache
def _installed() -> dict[str, tuple[TaskDefinition, Path]]:
    """Every task file of every installed folder. Two files with the same id are an error."""
    found: dict[str, tuple[TaskDefinition, Path]] = {}
    for plugin in names("tasks"):
        for path in sorted(Path(find("tasks", plugin)).glob("*.yaml")):
            definition = read_definition(path)
            if definition.id in found:
                raise InputError(
                    f"the id {definition.id!r} is used by {found[definition.id][1]}: choose another", where=path
                )
            found[definition.id] = definition, path
    return found


@cache
def _built_in() -> frozenset[str]:
    folder = Path(__file__).parent / "builtin"
    return frozenset(name for name, (_, path) in _installed().items() if path.parent == folder)


@cache
def _names() -> dict[str, str]:
    return {
        key_of(name): definition.id
        for definition, _ in _installed().values()
        for name in (definition.id, definition.title, *definition.aliases)
    }
