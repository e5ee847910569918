"""Worked examples, and the prompt prefix that shows them: the same for every sample of a group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.tasks.definition import PromptFormat, TaskDefinition
from steelyard.tasks.definition_file import read_plain_yaml
from steelyard.tasks.loaders import Row, beside, generated_rows, hub_rows
from steelyard.tasks.template import Expression, Template

EVERY: Final = "every group"  # in a file of worked examples: those of groups that have none of their own

_TOO_FEW: Final = re.compile(r"\S+ has [0-9]+ worked examples(?: of .{1,200})?, not [0-9]+")

__all__ = ["Prefixes", "TooFewExamples", "WorkedExamples", "says_too_few", "shots_in"]


def shots_in(definition: TaskDefinition, prompt_format: PromptFormat) -> int:
    """How many worked examples a prompt format shows by default."""
    return definition.shots.count if prompt_format.shots is None else prompt_format.shots


class TooFewExamples(InputError):
    """There are fewer worked examples than are to be shown: ``problem`` says it without the file."""

    def __init__(self, problem: str, *, where: Path) -> None:
        super().__init__(problem, where=where)
        self.problem = problem


def says_too_few(reason: str) -> bool:
    """Whether a sentence is one of :class:`TooFewExamples`, without its file."""
    return _TOO_FEW.fullmatch(reason) is not None


class WorkedExamples:
    """The worked examples that a task declares, read once, when they are first needed."""

    def __init__(self, definition: TaskDefinition, where: Path, data: Path | None) -> None:
        self._definition, self._where, self._data = definition, where, data
        self._splits: dict[str, Sequence[Row]] = {}

    def of_group(self, group: str, count: int) -> tuple[list[Row], dict[str, Any]]:
        """The first ``count`` examples for one group, and the other keys of that group in the examples' file.

        Raises TooFewExamples if there are fewer, DataMissing if their split is not available.
        """
        shots = self._definition.shots
        entry = dict(self._file.get(group) or self._file.get(EVERY) or {}) if shots.file else {}
        rows = entry.pop("shots", []) if shots.file else self._rows(group, count) if count else []
        picked = [rows[index] for index in shots.pick if index < len(rows)] if shots.pick else rows
        if len(picked) < count:
            of_group = f" of {group!r}" if group else ""
            message = f"{self._definition.id} has {len(picked)} worked examples{of_group}, not {count}"
            raise TooFewExamples(message, where=self._where)
        return list(picked[:count]), entry

    @cached_property
    def _file(self) -> dict[str, Any]:
        path = beside(self._where, self._definition.shots.file, "shots.file")
        groups = read_plain_yaml(path)
        if not isinstance(groups, dict) or not all(isinstance(entry, dict) for entry in groups.values()):
            raise InputError("expected a mapping from group to {shots: [row, …]}", where=path)
        return groups

    def _rows(self, group: str, count: int) -> Sequence[Row]:
        definition = self._definition
        shots, generator, hub = definition.shots, definition.generator, definition.hub
        if shots.seed and generator is not None:
            needed = max(count, *(index + 1 for index in shots.pick)) if shots.pick else count
            return generated_rows(generator, shots.seed, needed, self._where)
        if not shots.split or hub is None:
            raise InputError(f"{definition.id} declares no worked examples: only 0 shots are possible")
        config = group if group in hub.configs else hub.configs[0]
        if config not in self._splits:
            self._splits[config] = hub_rows(hub.path, config, shots.split, self._data)
        rows = self._splits[config]
        if not shots.by_group:
            return rows
        in_group = Expression(definition.fields.group, f"{self._where}: fields.group")
        return [row for row in rows if str(in_group.evaluate(row)) == group]


class Prefixes:
    """The part of the prompt that all samples of a group share, rendered once per group."""

    def __init__(self, prompt_format: PromptFormat, examples: WorkedExamples, shots: int) -> None:
        self._examples, self._shots = examples, shots
        self._template = Template(prompt_format.prefix, "prefix")
        self._rendered: dict[str, str] = {}

    def __getitem__(self, group: str) -> str:
        if group not in self._rendered:
            shots, entry = self._examples.of_group(group, self._shots)
            self._rendered[group] = self._template.render({**entry, "shots": shots, "group": group})
        return self._rendered[group]
