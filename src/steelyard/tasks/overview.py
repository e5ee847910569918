"""What tasks there are: their size, their formats, what they need, and whether their data is here."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from steelyard.claims.benchmarks import Benchmark, benchmarks, lookup
from steelyard.plugins import ExecutingScorer
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task, resolve, task_ids
from steelyard.tasks.definition import TaskDefinition
from steelyard.tasks.loaders import mirrored

__all__ = ["TaskOverview", "known_without_task", "overview"]


@dataclass(frozen=True)
class TaskOverview:
    """One task in words. ``samples`` is None where the size is not known without its data; ``data`` says where it is.

    ``formats`` are the prompt formats' names, the default first; ``needs`` is what a model or a machine must offer.
    """

    id: str
    title: str
    samples: int | None
    formats: tuple[str, ...]
    needs: tuple[str, ...]
    metric: str
    chance: float
    data: str
    is_here: bool
    licence: str
    source: str
    public: bool


def overview(name: str, data: Path | None = None) -> TaskOverview:
    """One task by its name or alias; ``data`` is a mirror of data sets. Raises InputError for a name that is none."""
    task = load_task(name)
    definition = task.definition
    where, is_here = _data(definition, data)
    return TaskOverview(
        id=definition.id,
        title=definition.title,
        samples=_samples(definition),
        formats=tuple(sorted(definition.prompts, key=lambda name: name != task.default_prompt)),
        needs=_needs(definition),
        metric=definition.metric,
        chance=definition.chance,
        data=where,
        is_here=is_here,
        licence=definition.licence,
        source=definition.source,
        public=definition.public,
    )


def known_without_task() -> list[Benchmark]:
    """The benchmarks that are known by name and have no task here."""
    ids = set(task_ids())
    return [each for each in benchmarks() if resolve(each.id) not in ids]


def _samples(definition: TaskDefinition) -> int | None:
    if definition.items is not None:
        return definition.items.count
    if definition.generator is not None:
        return definition.generator.count
    known = lookup(definition.id)
    return known.whole_size if known else None


def _needs(definition: TaskDefinition) -> tuple[str, ...]:
    """What every format needs, and in brackets what only some of them do."""
    kinds = [_kinds(definition, name) for name in definition.prompts]
    named = dict.fromkeys(kind for each in kinds for kind in each)
    return tuple(kind if all(kind in each for each in kinds) else f"({kind})" for kind in named)


def _kinds(definition: TaskDefinition, name: str) -> tuple[str, ...]:
    prompt_format = definition.prompts[name]
    if prompt_format.needs:
        return prompt_format.needs
    asked = "text" if prompt_format.generates else "next tokens" if prompt_format.next_tokens else "log-likelihoods"
    runs_code = isinstance(open_scorer(prompt_format.scorer or definition.scorer), ExecutingScorer)
    return (asked, *(("images",) if definition.fields.images else ()), *(("sandbox",) if runs_code else ()))


def _data(definition: TaskDefinition, data: Path | None) -> tuple[str, bool]:
    """Where the samples come from, and whether that is on this machine. Nothing is fetched."""
    hub = definition.hub
    if definition.file:
        return f"in {definition.file}", True
    if hub is None:
        return "made here", True
    if data is not None:
        parts = [data / hub.path / each for each in (*hub.files, *filter(None, hub.answers))]
        parts = parts or [mirrored(hub.path, each, hub.split, data) for each in hub.configs]
        missing = [path for path in parts if not path.is_file()]
        if not missing:
            return "in the mirror", True
        part = f"{len(missing)} of {len(parts)} parts " if len(parts) > 1 else ""
        return f"{part}not in the mirror ({hub.path})", False
    if importlib.util.find_spec("datasets") is None:
        return f"hub: {hub.path} (needs --data or the extra data)", False
    return f"hub: {hub.path}", False
