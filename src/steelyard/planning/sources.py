"""What a plan takes from data and from the machine that plans: everything else follows from claim, task and model.

A verifier plans again with another source, which takes these facts from the sealed plan
(:mod:`steelyard.planning.sealed_source`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from steelyard.planning.drawn import TWINS, check_drawable, drawn_samples, twins
from steelyard.planning.file_order import count_shards
from steelyard.planning.part import part_of, revision_in_words
from steelyard.planning.samples import as_asked, asks_of, digests_of, drawer_of, in_item_order, load_samples
from steelyard.plugins import ExecutingScorer, MeasurementRequest
from steelyard.records import Measurement, Part, Sample

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = ["FILE", "Asked", "DataSource", "HeldRows", "Rows", "Source", "Undrawn", "drawn_rows", "measurement_id"]

FILE: Final = "file"  # where a task of the user's own comes from, in Plan.tasks


@dataclass(frozen=True)
class Asked:
    """Samples as a measurement asks them, the digest of each, and their Merkle root."""

    samples: Sequence[Sample]
    digests: Sequence[str]
    root: str


class Rows(Protocol):
    """A task's samples in one protocol, before temperature, chat and output budget are set.

    ``part`` is the part of the published benchmark that they are; ``remarks`` are sentences on where they come from.
    """

    @property
    def population(self) -> int:
        """The number of samples."""
        ...

    @property
    def part(self) -> Part | None:
        """The part of the published benchmark; None for the whole."""
        ...

    @property
    def items(self) -> str:
        """The digest of the items' digests, sorted."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on where the rows come from."""
        ...

    @property
    def groups(self) -> Mapping[str, int]:
        """How many samples each subtask has."""
        ...

    @property
    def drawer(self) -> str:
        """What draws the images that a generator gives; empty where it gives none."""
        ...

    @property
    def left_out(self) -> tuple[int, ...]:
        """Of samples drawn beside public ones, the numbers of those that no pair has."""
        ...

    def asked(self, measurement: Measurement) -> Asked:
        """The samples as this measurement asks them."""
        ...

    def asks(self, asked: Asked, measurement: Measurement) -> str:
        """A digest of what these samples ask, whatever they are called and in whatever order they stand."""
        ...


class Source(Protocol):
    """Where a planner finds tasks, and the facts that need their data or this machine."""

    def find(self, request: str, name: str) -> Task | None:
        """The task that a request names, or None."""
        ...

    def near(self, name: str) -> str:
        """What to say about a name that no task has."""
        ...

    def origin(self, task: Task) -> str:
        """Where a task comes from: :data:`FILE`, or its distribution and version."""
        ...

    def rows(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> Rows:
        """The task's samples; raises Skip where they are not available."""
        ...

    def check_drawable(self, request: MeasurementRequest, task: Task, beside: Measurement) -> None:
        """Raise Skip where the samples that a request asks for cannot be drawn for a task."""
        ...

    def stretches(self, request: str, task: Task, beside: Measurement) -> tuple[int, str]:
        """How many stretches a task's file has, and the sentence on it; raises Skip where there are too few."""
        ...

    def drawn(self, task: Task, measurement: Measurement) -> Rows:
        """The samples that are drawn from a measurement's seed."""
        ...

    def unavailable(self, request: str, scorer: ExecutingScorer) -> str:
        """Why a scorer cannot run on the machine that asks; empty where it can."""
        ...

    def name(self, request: str, number: int, task: str) -> str:
        """The id of the measurement that a request is the first to need, the plan's ``number``-th."""
        ...


def measurement_id(number: int, task: str) -> str:
    """The id of a plan's ``number``-th measurement."""
    return f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:100]}"


class HeldRows:
    """Samples that are here, in the order of their items' digests."""

    def __init__(self, samples: Sequence[Sample], part: Part | None, left_out: tuple[int, ...] = ()) -> None:
        self._samples, self.items = in_item_order(samples)
        self.left_out = left_out
        self.population, self.part = len(samples), part
        self.remarks = revision_in_words(samples)
        self.drawer = drawer_of(samples)

    @property
    def groups(self) -> Mapping[str, int]:
        """How many samples each subtask has, each sample read once."""
        return Counter(sample.group for sample in self._samples)

    def asked(self, measurement: Measurement) -> Asked:
        """The samples as this measurement asks them, each read once."""
        samples = as_asked(
            self._samples,
            measurement.temperature,
            measurement.chat,
            output_budget=measurement.output_budget,
            reasoning_effort=measurement.reasoning_effort,
            scorer=measurement.scorers[0] if measurement.scorers else "",
        )
        return Asked(samples, *digests_of(samples))

    def asks(self, asked: Asked, measurement: Measurement) -> str:
        """By the samples, each read once more."""
        return asks_of(asked.samples)


def drawn_rows(task: Task, measurement: Measurement, data: Path | None = None) -> HeldRows:
    """The samples that are drawn from a measurement's seed; raises Skip where there are none."""
    if measurement.drawn == TWINS:
        samples, left_out = twins(task, measurement)
        return HeldRows(samples, None, left_out)
    return HeldRows(drawn_samples(task, measurement, data), None)


class Undrawn:
    """So many samples that are drawn when the order is fixed: until then nothing is known of them."""

    items = ""
    part = None
    remarks: tuple[str, ...] = ()
    drawer = ""
    groups: Mapping[str, int] = MappingProxyType({})
    left_out: tuple[int, ...] = ()

    def __init__(self, population: int) -> None:
        self.population = population

    def asked(self, measurement: Measurement) -> Asked:
        """None yet."""
        return Asked((), (), "")

    def asks(self, asked: Asked, measurement: Measurement) -> str:
        """Nothing yet."""
        return ""


class DataSource:
    """The source of an audit: the user's files, what is installed, and the data sets themselves."""

    def __init__(self, catalogue: Catalogue, data: Path | None) -> None:
        self._catalogue, self._data = catalogue, data
        # By task and window: a part is one of items, whatever the prompt format.
        self._parts: dict[tuple[str, str], Part | None] = {}

    def find(self, request: str, name: str) -> Task | None:
        """The task with this name, the user's own files first."""
        return self._catalogue.find(name)

    def near(self, name: str) -> str:
        """What to say about a name that no task has."""
        return self._catalogue.near(name)

    def origin(self, task: Task) -> str:
        """:data:`FILE`, or the task's distribution and version."""
        from steelyard.tasks import distribution_of_task

        return FILE if self._catalogue.is_own(task.id) else distribution_of_task(task)

    def rows(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> Rows:
        """The task's samples; raises Skip where the data are not available."""
        samples = load_samples(task, protocol, self._data, request.seed)
        key = task.id, protocol.window
        if key not in self._parts:
            self._parts[key] = part_of(task, samples, protocol.window)
        return HeldRows(samples, self._parts[key])

    def check_drawable(self, request: MeasurementRequest, task: Task, beside: Measurement) -> None:
        """Raise Skip where no such samples can be drawn."""
        check_drawable(task, beside, request.drawn)

    def stretches(self, request: str, task: Task, beside: Measurement) -> tuple[int, str]:
        """How many stretches the file has, and the sentence on it."""
        return count_shards(task, beside, self._data)

    def drawn(self, task: Task, measurement: Measurement) -> Rows:
        """The samples that are drawn from a measurement's seed."""
        return drawn_rows(task, measurement, self._data)

    def unavailable(self, request: str, scorer: ExecutingScorer) -> str:
        """Why a scorer cannot run here."""
        return scorer.unavailable_reason()

    def name(self, request: str, number: int, task: str) -> str:
        """The id of the next measurement."""
        return measurement_id(number, task)
