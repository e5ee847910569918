"""A verifier's source: what needs data or another machine is taken from the sealed plan, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from steelyard.errors import MissingDependency, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.forms import is_sha256
from steelyard.planning.absent_task import AbsentTask, RefusedTask
from steelyard.planning.cues import ARMS, HEADER, NotAsked
from steelyard.planning.drawn import TWINS, FixedSet, can_leave_out, check_drawable
from steelyard.planning.file_order import ORDER, count_shards, is_remark
from steelyard.planning.part import held_in, why_not_held
from steelyard.planning.samples import load_samples
from steelyard.planning.sources import FILE, Asked, HeldRows, Rows, drawn_rows
from steelyard.planning.testable import Skip
from steelyard.plugins import ExecutingScorer, MeasurementRequest
from steelyard.records import Measurement, NotPlanned, Part, Plan, Served
from steelyard.scorers import open_identifier
from steelyard.tasks import distribution_of_task, is_built_in, load_task, resolve
from steelyard.tasks.catalogue import near_name
from steelyard.tasks.drawing.picture import drawer, is_drawer
from steelyard.tasks.loaders import says_data_missing
from steelyard.tasks.protocol import ChosenProtocol
from steelyard.tasks.shots import says_too_few
from steelyard.tasks.task import Task

__all__ = ["SealedSource", "wrong_plan"]

_OF_THE_HUB = re.compile(r"The rows are the hub's at revision [0-9a-f]{40}(?:, [0-9a-f]{40})*\.")


class SealedSource:
    """Tasks that are installed here; of others, and of data, what the plan says.

    ``served`` are the plan's, or for a plan without a sheet one for each measurement. Raises VerificationError for
    facts that no data could give. ``absent`` collects, by task, the requests whose task is not here, and
    ``other_drawers``, by task, what drew its images, where it is not what draws them here.
    """

    def __init__(self, plan: Plan, served: Mapping[str, Served]) -> None:
        self.absent: dict[str, list[str]] = {}
        self.other_drawers: dict[str, str] = {}
        self._plan, self.served = plan, served
        self._refused = {refused.request: refused for refused in plan.not_planned}
        self._measurements = plan.by_id
        self._named: set[str] = set()
        self._seen: dict[tuple[Any, ...], tuple[str, object]] = {}

    # ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, request: str, name: str) -> Task | None:
        """The task with this name: installed here, or as far as the plan shows one that is not."""
        if self._plan.tasks.get(name) == FILE:
            return self._absent(request, name)
        task_id = resolve(name)
        if task_id is not None:
            # What a plugin brings may not have been installed where this was planned.
            return load_task(task_id) if task_id in self._plan.tasks or is_built_in(task_id) else None
        return self._absent(request, name) if name in self._plan.tasks else None

    def near(self, name: str) -> str:
        """What to say about a name that no task has."""
        return near_name(name, [task for task, origin in self._plan.tasks.items() if origin == FILE])

    def origin(self, task: Task) -> str:
        """As sealed for a task that is not here, else the distribution that gives it here."""
        if isinstance(task, AbsentTask | RefusedTask):
            return self._plan.tasks.get(task.id, "")
        return distribution_of_task(task)

    def _absent(self, request: str, name: str) -> Task:
        requests = self.absent.setdefault(name, [])
        if request not in requests:
            requests.append(request)
        if refused := self._refused.get(request):
            asked = {
                (served.prompt, found.shots)
                for served in self.served.values()
                if (found := self._measurements.get(served.reads.measurement)) and found.task == name
            }
            return RefusedTask(name, refused, asked)
        served = self._serving(request)
        measurement = self._measurement(served)
        of_task = (measurement.chance, measurement.public)
        self._check_same((name, "of the task"), of_task, measurement.id, "chance and public")
        if measurement.role not in self._plan.models:
            raise wrong_plan(
                f"{measurement.id} asks a model in a role that the plan has not: {measurement.role[:80]!r}"
            )
        return AbsentTask(served, measurement, self._plan.models[measurement.role].capabilities, name)

    # ── data ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> Rows:
        """Generated samples, made again; else what the plan says of the data. Raises Skip where it says that none are.

        Raises VerificationError for facts that no data of this task could give.
        """
        is_own = isinstance(task, AbsentTask)
        if task.definition.generator is not None:
            try:
                held = HeldRows(load_samples(task, protocol, None, request.seed), None)
                served = self.served.get(request.name)
                return self._as_drawn(held, held.drawer, self._measurement(served) if served else None)
            except MissingDependency:
                self.absent.setdefault(task.id, []).append(request.name)
        if refused := self._refused.get(request.name):
            return self._not_held(refused, task, protocol, request)
        served = self._serving(request.name)
        found = self._measurement(served)
        if why_not := why_not_held(task, found.population, found.part, is_own=is_own, window=protocol.window):
            raise wrong_plan(f"{found.id}: population and part: {why_not}")
        self._check_same(
            (task.id, request.seed, protocol.window), (found.population, found.part), found.id, "population and part"
        )
        self._check_items(task, protocol, request, found)
        if found.groups:
            self._check_same((task.id, request.seed, "groups"), found.groups, found.id, "groups")
        remarks = (
            tuple(said for said in served.differences if _OF_THE_HUB.fullmatch(said)) if task.definition.hub else ()
        )
        return _SealedRows(
            found.population,
            found.part,
            remarks,
            lambda asked: self._root(found, asked),
            found.items,
            found.asks,
            dict(found.groups),
            found.drawer if found.images and is_drawer(found.drawer) and task.definition.hub is None else "",
        )

    def _check_items(
        self, task: Task, protocol: ChosenProtocol, request: MeasurementRequest, found: Measurement
    ) -> None:
        """A whole benchmark has the items that are pinned; where the task says what an item asks, all formats the same.

        Raises VerificationError for others.
        """
        pinned = task.definition.items
        if pinned is not None and pinned.sha256 and found.part is None and found.items != pinned.sha256:
            raise wrong_plan(f"{found.id}: items are not those of the whole benchmark, and it says that they are")
        prompt = "" if task.definition.fields.question else protocol.prompt
        self._check_same((task.id, request.seed, prompt, protocol.window, "items"), found.items, found.id, "items")

    def _not_held(self, refused: NotPlanned, task: Task, protocol: ChosenProtocol, request: MeasurementRequest) -> Rows:
        """What a refusal says of the data; raises Skip as sealed where that is a fact of the machine that planned."""
        needs_hub = task.definition.hub is not None
        if refused.verdict == "not_tested" and needs_hub and not self._is_asked(task, protocol, request):
            if says_data_missing(refused.reason) or (request.shots is not None and says_too_few(refused.reason)):
                raise Skip(refused.verdict, refused.reason)
            if refused.reason == "the task has no samples":
                return _SealedRows(0, None, (), self._no_root(refused))
        if refused.verdict == "not_testable" and (held := held_in(refused.reason)):
            population, part = held
            if why_not := why_not_held(task, population, part, is_own=False, window=protocol.window):
                raise wrong_plan(f"{refused.request} is refused, and {why_not}")
            if task.definition.releases:  # what is held is the releases' rows: how many of them are asked is not said
                return _SealedRows(population, part, (), self._no_root(refused))
            self._check_same((task.id, request.seed), (population, part), refused.request, "population and part")
            return _SealedRows(population, part, (), self._no_root(refused))
        scorer = open_identifier(task.scorer_identifier(protocol.prompt))
        if refused.verdict == "not_testable" and isinstance(scorer, ExecutingScorer):
            raise Skip(refused.verdict, refused.reason)
        raise self._refused_wrongly(refused)

    def _is_asked(self, task: Task, protocol: ChosenProtocol, request: MeasurementRequest) -> bool:
        """Whether the plan asks the same samples for another request, so that their data were there."""
        return any(
            (found.task, served.prompt, found.shots, found.seed, found.window)
            == (task.id, protocol.prompt, protocol.shots, request.seed or "", protocol.window)
            for served in self.served.values()
            if (found := self._measurements.get(served.reads.measurement))
        )

    def check_drawable(self, request: MeasurementRequest, task: Task, beside: Measurement) -> None:
        """As where this was planned: by drawing again, or for a task that is not here as the plan says."""
        if not isinstance(task, AbsentTask | RefusedTask):
            try:
                check_drawable(task, beside, request.drawn)
            except MissingDependency:
                self.absent.setdefault(task.id, []).append(request.name)
            else:
                return
        if refused := self._refused.get(request.name):
            raise Skip(refused.verdict, refused.reason)
        if request.name not in self.served and request.drawn not in (HEADER, ORDER):
            raise NotAsked if request.drawn in ARMS else FixedSet
        self._serving(request.name)

    def stretches(self, request: str, task: Task, beside: Measurement) -> tuple[int, str]:
        """Counted again, or of rows that are not here what the plan says."""
        if task.definition.generator is not None and not isinstance(task, AbsentTask):
            with suppress(MissingDependency):
                return count_shards(task, beside, None)
        served = self._serving(request)
        if len(served.differences) != 1 or not is_remark(served.differences[0]):
            raise wrong_plan(f"{request}: says nothing of the file and its order")
        return self._measurement(served).population, served.differences[0]

    def drawn(self, task: Task, measurement: Measurement) -> Rows:
        """The samples drawn again; of a generator that is not here, what the plan says of them."""
        found = self._measurements[measurement.id]
        if task.definition.generator is not None and not isinstance(task, AbsentTask):
            with suppress(MissingDependency):
                return self._as_drawn(drawn_rows(task, measurement), measurement.drawer, found)
        if measurement.drawn in ARMS:
            self._check_same((measurement.beside, "arms"), found.items, found.id, "items")
        if measurement.drawn == TWINS and not can_leave_out(found, self._measurements[measurement.beside]):
            raise wrong_plan(f"{found.id}: left_out does not go with the public samples")
        return _SealedRows(
            found.population, None, (), lambda asked: found.samples_root, found.items, left_out=found.left_out
        )

    def _as_drawn(self, held: HeldRows, drawn_by: str, found: Measurement | None) -> Rows:
        """Samples made again; where another drawer drew their images, only what is drawn, and not its bytes.

        Which items these are follows from what is drawn, whoever draws it.
        """
        if found is None or not drawn_by or not found.drawer or found.drawer == drawer():
            return held
        if not is_drawer(found.drawer):
            raise wrong_plan(f"{found.id}: {found.drawer[:80]!r} is nothing that draws images")
        self.other_drawers[found.task] = found.drawer
        return _SealedRows(
            held.population,
            held.part,
            held.remarks,
            lambda asked: found.samples_root,
            held.items,
            found.asks,
            drawer=found.drawer,
            left_out=held.left_out,
        )

    def _root(self, sealed: Measurement, asked: Measurement) -> str:
        of_samples = (
            asked.task,
            asked.prompt,
            asked.shots,
            asked.seed,
            asked.window,
            asked.temperature,
            asked.chat,
            asked.output_budget,
            asked.reasoning_effort,
        )
        self._check_same(of_samples, (sealed.samples_root, sealed.asks), sealed.id, "samples_root and asks")
        return sealed.samples_root

    def _no_root(self, refused: NotPlanned) -> Callable[[Measurement], str]:
        def root(asked: Measurement) -> str:
            raise self._refused_wrongly(refused)

        return root

    def _check_same(self, key: tuple[Any, ...], value: object, place: str, what: str) -> None:
        """The same samples have the same facts wherever the plan states them."""
        other, known = self._seen.setdefault(key, (place, value))
        if known != value:
            raise wrong_plan(f"{place}: {what} differ from what {other} has of the same task")

    def unavailable(self, request: str, scorer: ExecutingScorer) -> str:
        """Whether a scorer could run where this was planned: as the plan says."""
        refused = self._refused.get(request)
        return refused.reason if refused is not None and refused.verdict == "not_testable" else ""

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def name(self, request: str, number: int, task: str) -> str:
        """The sealed id; raises VerificationError where requests that differ have one measurement."""
        found = self._measurement(self._serving(request)).id
        if found in self._named:
            raise wrong_plan(f"{request} is served by {found}, which asks something else for another request")
        self._named.add(found)
        return found

    def _serving(self, request: str) -> Served:
        if served := self.served.get(request):
            return served
        if refused := self._refused.get(request):
            raise self._refused_wrongly(refused)
        raise wrong_plan(f"nothing is planned for {request}, and no reason is given")

    def _measurement(self, served: Served) -> Measurement:
        found = self._measurements.get(served.reads.measurement)
        if found is None:
            raise wrong_plan(f"{served.request} is served by a measurement that the plan lacks")
        return found

    def _refused_wrongly(self, refused: NotPlanned) -> VerificationError:
        return wrong_plan(
            f"{refused.request} is {refused.verdict}, and it can be asked; no data give {refused.reason[:80]!r}"
        )


class _SealedRows:
    """Samples that are not here."""

    def __init__(
        self,
        population: int,
        part: Part | None,
        remarks: tuple[str, ...],
        root: Callable[[Measurement], str],
        items: str = "",
        asks: str = "",
        groups: Mapping[str, int] = MappingProxyType({}),
        drawer: str = "",
        left_out: tuple[int, ...] = (),
    ) -> None:
        self.drawer, self.left_out = drawer, left_out
        self.population, self.part, self.remarks, self.items = population, part, remarks, items
        self._root, self._asks, self.groups = root, asks, groups

    def asked(self, measurement: Measurement) -> Asked:
        return Asked((), (), self._root(measurement))

    def asks(self, asked: Asked, measurement: Measurement) -> str:
        if not is_sha256(self._asks):
            raise wrong_plan("asks is no digest, and by it gates are counted")
        return self._asks


def wrong_plan(reason: str) -> VerificationError:
    """The error of a sealed plan that is not what would have been planned."""
    return VerificationError(f"{layout.PLAN}: {reason}")
