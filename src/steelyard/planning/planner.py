"""The planner that detectors plan with: it turns their requests into measurements of installed tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.claims.decoding import max_tokens_of
from steelyard.claims.served_model import accepted_in_words, why_another_model
from steelyard.planning.again import asked_again
from steelyard.planning.averages import Average, average_of, other_average
from steelyard.planning.decoding import (
    asked_how_often,
    asked_otherwise,
    asks_chat,
    check_asked,
    decoding_of,
    of_the_endpoint,
    output_budget_of,
)
from steelyard.planning.drawn import TWINS, check_reference, check_texts, drawn_beside, drawn_seed_of, nobody_asked
from steelyard.planning.file_order import ORDER, check_likelihoods
from steelyard.planning.footnotes import settled_in_words, why_unverifiable
from steelyard.planning.options import Options, tolerance_of
from steelyard.planning.own_names import own_file_remark
from steelyard.planning.part import check_whole, in_window_of, in_words, of_window
from steelyard.planning.samples import Prepared, without_scoring
from steelyard.planning.sources import Rows, Source, Undrawn
from steelyard.planning.testable import (
    Skip,
    check_choices,
    check_mean,
    check_testable,
    kind_of,
    other_scorer,
    other_split,
    scorer_of,
    task_named,
    task_of,
    with_examples,
)
from steelyard.plugins import Formats, MeasurementRequest
from steelyard.records import (
    SECOND_PASS,
    SPLIT,
    SUBJECT,
    Claim,
    ClaimSheet,
    Measurement,
    MeasurementKind,
    NotPlanned,
    PlannedModel,
    Reads,
    RepeatCheck,
    RequestedTest,
    Served,
)

if TYPE_CHECKING:
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = ["TaskPlanner"]


@dataclass(frozen=True)
class _Decoding:
    """How a task's samples are asked: greedy or sampled, as chat or as a completion, with how many tokens at most.

    ``of_endpoint``: the differences that are not the claim's but the endpoint's or the user's.
    """

    mode: Literal["greedy", "sampled"]
    temperature: float
    chat: bool
    output_budget: int | None
    reasoning_effort: str
    differences: tuple[str, ...]
    of_endpoint: tuple[str, ...]


class TaskPlanner:
    """Answers detectors' requests with measurements. Requests with equal samples share one measurement.

    ``drafts`` are the measurements so far. Their order seeds and shares are set when all are known. ``tasks`` says
    where each task comes from that a request names.
    """

    def __init__(
        self,
        sheet: ClaimSheet | None,
        models: Mapping[str, PlannedModel],
        options: Options,
        source: Source,
        requested: Sequence[RequestedTest] = (),
    ) -> None:
        self.drafts: dict[str, Prepared] = {}
        self.served: list[Served] = []
        self.not_planned: list[NotPlanned] = []
        self.tasks: dict[str, str] = {}
        self.planning = ""  # the detector that plans now, where it asks beside the claims
        self._undrawn: dict[str, Task] = {}
        self._found: dict[str, Task] = {}
        self._sheet, self._models, self._options, self._source = sheet, models, options, source
        self._requested = tuple(requested)

    @property
    def sheet(self) -> ClaimSheet | None:
        """The vendor's claims; None without a sheet."""
        return self._sheet

    @property
    def requested(self) -> Sequence[RequestedTest]:
        """The tests that the user asked for without a claim."""
        return self._requested

    @property
    def models(self) -> Mapping[str, PlannedModel]:
        """The models by role."""
        return self._models

    @property
    def tolerance(self) -> str:
        """How far below a claim still counts as the claim, in percentage points."""
        return self._options.tolerance

    def measurement(self, served: Served) -> Measurement:
        """The measurement that serves a request, without order seed and share."""
        return self.drafts[served.reads.measurement].measurement

    def measure(self, request: MeasurementRequest) -> Served | None:
        """Serve one request, or record why it cannot be served (see :class:`steelyard.plugins.Planner`).

        Raises InputError for a seed, a prompt format or a number of shots that the task does not have.
        """
        try:
            if request.role not in self._models:
                raise Skip(
                    "not_tested", f"no model has the role {request.role}: give one with --model {request.role}=URI"
                )
            draft, served = with_examples(request, self._measure)
        except Skip as skip:
            if nobody_asked(skip, named=self.planning in self._options.detect.named):
                return None
            refused = NotPlanned(
                request=request.name,
                task=request.task,
                verdict=skip.verdict,
                reason=skip.reason,
                detector=self.planning,
            )
            self.not_planned.append(refused)
            return None
        self.served.append(served := self._shared(draft, served))
        return served

    def draw(self, order_seeds: Mapping[str, str]) -> None:
        """Draw the samples that could not be drawn before the orders were fixed; ``order_seeds`` are by measurement."""
        for name, task in self._undrawn.items():
            draft, measurement = self.drafts[name], self.drafts[name].measurement
            seed = drawn_seed_of(measurement, order_seeds)
            rows = self._source.drawn(task, msgspec.structs.replace(measurement, seed=seed))
            seeded = msgspec.structs.replace(measurement, seed=seed, items=rows.items, left_out=rows.left_out)
            if measurement.drawn == TWINS:  # how many items the public draw has too is not known before
                seeded = msgspec.structs.replace(seeded, population=min(measurement.population, rows.population))
            asked = rows.asked(seeded)
            drawn = msgspec.structs.replace(seeded, samples_root=asked.root)
            self.drafts[name] = replace(draft, measurement=drawn, samples=asked.samples, digests=asked.digests)

    def formats(self, request: str, claim: Claim) -> Formats:
        """The prompt formats that a claim may mean (see :class:`steelyard.plugins.Planner`)."""
        try:
            task = self._task(request, claim.task, claim)
        except Skip:
            return Formats()
        names = task.formats_for(claim)
        refused = {}
        for name in names:
            try:
                kind_of(task, task.protocol_for(claim, name), self._models[SUBJECT].capabilities, by_flag=False)
            except Skip as skip:
                refused[name] = skip
        to_ask = tuple(name for name in names if name not in refused)
        if (split := other_split(task, claim, names[0])) and not self._another_model(claim, SUBJECT):
            return Formats(names, instead=split)
        usual, others = task.usual_shots(claim, to_ask), self._others(task, names) if len(names) == 1 else ()
        if not to_ask or (len(names) == 1 and not usual):
            return Formats(others=others)
        for name, why in refused.items():
            self.not_planned.append(
                NotPlanned(request=f"{request}/format/{name}", task=claim.task, verdict=why.verdict, reason=why.reason)
            )
        return Formats(to_ask, tuple(refused), others, usual=usual)

    def _others(self, task: Task, stated: Sequence[str]) -> tuple[str, ...]:
        """The other prompt formats in which this model can be asked."""
        found = []
        for name in task.prompts:
            with suppress(Skip):
                kind_of(task, task.protocol_of(name), self._models[SUBJECT].capabilities, by_flag=False)
                found.append(name)
        return tuple(name for name in found if name not in stated)

    def _another_model(self, claim: Claim, role: str) -> str:
        """Why a claim is about another model than the endpoint serves, judging by their names."""
        if self._sheet is None or self._options.accept_model:
            return ""
        return why_another_model(self._sheet, claim, self._models[role].identity)

    def _task(self, request: str, name: str, claim: Claim | None) -> Task:
        """The task of a request; raises Skip where there is none, and for a claim that no task can test."""
        find = partial(self._source.find, request)
        task = task_of(claim, find, self._source.near) if claim else task_named(name, find, self._source.near)
        self.tasks[task.id], self._found[task.id] = self._source.origin(task), task
        return task

    def _measure(self, request: MeasurementRequest) -> tuple[Prepared, Served]:
        if request.again:
            return self._again(request)
        if request.drawn and request.beside:
            return self._drawn(request)
        claim = request.claim
        if request.drawn:
            check_reference(self._models)
        task = self._task(request.name, request.task, claim)
        protocol, kind = self._asked_as(request, task)
        if request.drawn and kind == "generate":
            check_texts(self._models[request.role].capabilities)
        decoding = self._decoding(task, protocol, kind, request)
        scorer = self._scorer(request, task, protocol)
        rows = Undrawn(request.limit or 0) if request.drawn else self._rows(request, task, protocol)
        average = average_of(claim, task, rows, scorer, alone=self._claim_of(request) is None)
        measurement = Measurement(
            id="",
            role=request.role,
            task=task.id,
            prompt=protocol.prompt,
            shots=protocol.shots,
            chat=decoding.chat,
            kind=kind,
            decoding=decoding.mode,
            temperature=decoding.temperature,
            output_budget=decoding.output_budget,
            budget_stated=decoding.output_budget is not None and decoding.output_budget == self._limit_stated(request),
            reasoning_effort=decoding.reasoning_effort,
            scorers=(scorer,),
            population=rows.population,
            samples_root="",
            items=rows.items,
            order_seed="",
            order_by="trial" if self._sheet or self._requested else "sample",
            chance=task.chance,
            public=task.public,
            differences=(*decoding.of_endpoint, *of_window(request)),
            how_read=task.assumed,
            suite=task.suite,
            part=rows.part,
            arm=request.arm,
            seed=request.seed or "",
            beside=request.beside,
            drawn=request.drawn,
            needs=self._needs(request, task, protocol),
            groups=average.groups,
            window=protocol.window,
            images=bool(task.definition.fields.images),
            drawer=rows.drawer,
            **self._asked_how_often(request, decoding, rows.population, scorer),
        )
        check_mean(measurement.scorers[0], claim, measurement)
        asked = rows.asked(measurement)
        check_choices(measurement.scorers[0], task.id, asked.samples)
        asks = rows.asks(asked, measurement) if self._requested else ""
        measurement = msgspec.structs.replace(measurement, samples_root=asked.root, asks=asks)
        served = self._served_by(measurement, request, task, protocol, decoding, average, rows)
        withheld = task.public and task.definition.generator is None
        return Prepared(measurement, asked.samples, asked.digests, withheld, task.advice), served

    def _served_by(
        self,
        measurement: Measurement,
        request: MeasurementRequest,
        task: Task,
        protocol: ChosenProtocol,
        decoding: _Decoding,
        average: Average,
        rows: Rows,
    ) -> Served:
        """What a request gets from a measurement: its score, the differences, and whether it may accuse."""
        claim, scorer = request.claim, measurement.scorers[0]
        otherwise = "" if protocol.confirms_only else asked_otherwise(claim, task, decoding.differences)
        return Served(
            request=request.name,
            reads=Reads(measurement="", scorer=scorer),
            prompt=protocol.prompt,
            differences=(
                *protocol.differences,
                *([f"This may confirm the claim, and accuses nobody: {otherwise}."] if otherwise else []),
                *average.differences(claim, decoding.differences),
                *decoding.of_endpoint,
                *accepted_in_words(self._sheet, claim, self._models[request.role].identity, self._options.accept_model),
                *in_words(claim, measurement),
                *settled_in_words(claim),
                *(() if request.scorer else other_scorer(task, protocol, scorer)),
                *rows.remarks,
                *own_file_remark(task.id, self.tasks[task.id]),
            ),
            weights=average.weights,
            confirms_only=protocol.confirms_only or otherwise,
            unverifiable=why_unverifiable(self._sheet, claim, self._models[request.role].identity, task),
        )

    def _needs(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> tuple[str, ...]:
        """What is asked of a model that names its checkpoints; raises Skip where unequal numbers would answer."""
        known = self._models[request.role].capabilities.checkpoints
        needs = tuple(need for need in task.prompt_format(protocol.prompt).needs if need in known)
        if len({len(known[need]) for need in needs}) < 2:
            return needs
        listed = " and ".join(f"{len(known[need])} of {need}" for need in needs)
        raise Skip("not_testable", f"the model has unequal numbers of trainings, {listed}: list equally many")

    def _scorer(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> str:
        return request.scorer or scorer_of(
            task,
            protocol,
            partial(self._source.unavailable, request.name),
            self._options.scorer,
            of_claim=self._claim_of(request) is not None,
        )

    def _again(self, request: MeasurementRequest) -> tuple[Prepared, Served]:
        """Ask some of the samples of an earlier request again: as they are, and so without loading them again."""
        draft = self.drafts[request.beside]
        first = next(each for each in self.served if each.reads.measurement == request.beside)
        scorer = request.scorer or first.reads.scorer
        measurement = asked_again(draft.measurement, request, scorer)
        served = msgspec.structs.replace(first, request=request.name, reads=Reads(measurement="", scorer=scorer))
        if request.arm == SECOND_PASS:  # what differs is said once
            served = Served(request=request.name, reads=served.reads, prompt=first.prompt)
        return replace(draft, measurement=measurement), served

    def _drawn(self, request: MeasurementRequest) -> tuple[Prepared, Served]:
        """Ask samples that are drawn for the task of an earlier request; their texts follow when the order is fixed."""
        draft = self.drafts[request.beside]
        first = next(each for each in self.served if each.reads.measurement == request.beside)
        task, scorer, differences = self._found[draft.measurement.task], first.reads.scorer, first.differences
        if request.drawn == ORDER:
            check_likelihoods(self._models[draft.measurement.role].capabilities)
        self._source.check_drawable(request, task, draft.measurement)
        if request.drawn == ORDER:
            count, remark = self._source.stretches(request.name, task, draft.measurement)
            request, scorer, differences = replace(request, limit=count), request.scorer, (remark,)
        measurement = drawn_beside(draft.measurement, request, scorer)
        served = msgspec.structs.replace(
            first, request=request.name, reads=Reads(measurement="", scorer=scorer), differences=differences
        )
        return Prepared(measurement, (), (), draft.withheld), served

    def _asked_as(self, request: MeasurementRequest, task: Task) -> tuple[ChosenProtocol, MeasurementKind]:
        """The prompt format, and whether it asks for text; raises Skip for a claim that cannot be tested."""
        claim, capabilities = request.claim, self._models[request.role].capabilities
        if claim is None:
            protocol = in_window_of(request, task, self._claim_of(request))
            return protocol, kind_of(task, protocol, capabilities, by_flag=True)
        if another := self._another_model(claim, request.role):
            raise Skip("not_testable", another)
        protocol = task.protocol_for(claim, request.prompt, request.shots)
        kind = kind_of(task, protocol, capabilities, by_flag=False)
        if protocol.refused:
            raise Skip("not_testable", protocol.refused)
        check_testable(claim, task.chance, tolerance_of(self.tolerance))
        return protocol, kind

    def _rows(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> Rows:
        """The samples; raises Skip where there are none, and where a claim is not about the part that is here."""
        rows = self._source.rows(request, task, protocol)
        if not rows.population:
            raise Skip("not_tested", "the task has no samples")
        if request.claim and not self._options.allow_part:
            check_whole(request.claim, task, rows.population, rows.part)
        return rows

    def _asked_how_often(
        self, request: MeasurementRequest, decoding: _Decoding, population: int, scorer: str
    ) -> dict[str, Any]:
        """The limit, the repeats and the repeat check of a measurement."""
        limit = None if self._options.limit is None else min(self._options.limit, population)
        if request.limit is not None and not request.drawn:
            limit = min(request.limit, limit or population) if request.arm == SPLIT else request.limit
        # Where nothing is tested nothing rests on a check, and its calls would come out of the user's limits.
        repeats, check = request.repeats or 1, RepeatCheck()
        if request.claim:
            model = self._models[request.role]
            two_passes = request.two_passes and model.varies(decoding.mode, decoding.temperature)
            repeats, check = asked_how_often(
                decoding.mode, model.capabilities, limit or population, population, scorer, two_passes=two_passes
            )
            repeats = repeats if request.temperature is None else 1  # one of several configurations
        return {"limit": limit, "repeats": repeats, "repeat_check": request.repeat_check or check}

    def _decoding(self, task: Task, protocol: ChosenProtocol, kind: str, request: MeasurementRequest) -> _Decoding:
        claim, model = request.claim, self._models[request.role]
        capabilities = model.capabilities.under(request.effort)
        degrees = (request.temperature or 0.0) if kind == "generate" else 0.0
        mode: Any = "sampled" if degrees else "greedy"
        of_decoding: tuple[str, ...] = ()
        if claim:
            mode, degrees, of_decoding = decoding_of(claim, kind, request.temperature)
        prompt_format = task.prompt_format(protocol.prompt)
        chat, of_chat = asks_chat(prompt_format, capabilities)
        of_average = other_average(claim) if claim else ()
        stated = self._limit_stated(request)
        budget = output_budget_of(kind, chat, capabilities, self._options.output_tokens, stated)
        check_asked(model, self._options, budget)
        effort = self._options.reasoning_effort if request.effort is None else request.effort
        effort = effort if kind == "generate" else ""
        of_endpoint: tuple[str, ...] = ()
        if kind == "generate":
            of_endpoint = of_the_endpoint(capabilities, budget, prompt_format.max_tokens, effort, stated)
        return _Decoding(mode, degrees, chat, budget, effort, (*of_decoding, *of_chat, *of_average), of_endpoint)

    def _limit_stated(self, request: MeasurementRequest) -> int | None:
        """The limit of an answer that the claim states whose test asks for this."""
        return max_tokens_of(self._claim_of(request))

    def _claim_of(self, request: MeasurementRequest) -> Claim | None:
        """The claim whose test asks for this."""
        number = Served(request=request.name, reads=Reads(measurement="", scorer=""), prompt="").claim_number
        return None if number is None or self._sheet is None else self._sheet.claims[number]

    def _shared(self, draft: Prepared, served: Served) -> Served:
        """Merge a draft into an equal one, which then has its scorer too; otherwise add it."""
        (scorer,) = draft.measurement.scorers
        for name, other in self.drafts.items():
            if without_scoring(other.measurement) != without_scoring(draft.measurement):
                continue
            scorers = tuple(dict.fromkeys((*other.measurement.scorers, scorer)))
            groups = other.measurement.groups or draft.measurement.groups
            measurement = msgspec.structs.replace(other.measurement, scorers=scorers, groups=groups)
            self.drafts[name] = replace(other, measurement=measurement)
            return msgspec.structs.replace(served, reads=Reads(measurement=name, scorer=scorer))
        name = self._source.name(served.request, len(self.drafts), draft.measurement.task)
        measurement = msgspec.structs.replace(draft.measurement, id=name)
        if measurement.drawn:
            self._undrawn[name] = self._found[measurement.task]
        self.drafts[name] = replace(draft, measurement=measurement)
        return msgspec.structs.replace(served, reads=Reads(measurement=name, scorer=scorer))
