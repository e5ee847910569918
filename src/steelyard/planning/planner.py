"""The planner that detectors plan with: it turns their requests into measurements of installed tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.planning.decoding import asks_chat, decoding_of, repeat_check_of, repeats_of
from steelyard.planning.options import Options, tolerance_of
from steelyard.planning.samples import Prepared, as_asked, digests_of, load_samples
from steelyard.planning.testable import (
    Skip,
    check_testable,
    incomplete,
    kind_of,
    other_average,
    scorer_of,
    task_named,
    task_of,
)
from steelyard.records import (
    SUBJECT,
    Claim,
    ClaimSheet,
    Measurement,
    NotPlanned,
    PlannedModel,
    Reads,
    RepeatCheck,
    Served,
)

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = ["TaskPlanner"]


@dataclass(frozen=True)
class _Decoding:
    """How a task's samples are asked: greedy or sampled, as chat or as a completion."""

    mode: Literal["greedy", "sampled"]
    temperature: float
    chat: bool
    differences: tuple[str, ...]


class TaskPlanner:
    """Answers detectors' requests with measurements. Requests with equal samples share one measurement.

    ``drafts`` are the measurements so far. Their order seeds and shares are set when all are known.
    """

    def __init__(
        self,
        sheet: ClaimSheet | None,
        models: Mapping[str, PlannedModel],
        options: Options,
        catalogue: Catalogue,
    ) -> None:
        self.drafts: dict[str, Prepared] = {}
        self.served: list[Served] = []
        self.not_planned: list[NotPlanned] = []
        self._sheet, self._models, self._options, self._catalogue = sheet, models, options, catalogue

    @property
    def sheet(self) -> ClaimSheet | None:
        """The vendor's claims; None without a sheet."""
        return self._sheet

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

    def measure(
        self,
        request: str,
        task: str,
        *,
        claim: Claim | None = None,
        role: str = SUBJECT,
        prompt: str = "",
        shots: int | None = None,
        temperature: float | None = None,
        repeats: int | None = None,
        limit: int | None = None,
        repeat_check: RepeatCheck | None = None,
        arm: str = "",
        seed: str | None = None,
        beside: str = "",
    ) -> Served | None:
        """Serve one request, or record why it cannot be served (see :class:`steelyard.plugins.Planner`).

        Raises InputError for a seed, a prompt format or a number of shots that the task does not have.
        """
        try:
            if role not in self._models:
                raise Skip("not_tested", f"no model has the role {role}: give one with --model {role}=URI")
            draft, served = self._measure(request, task, claim, role, prompt, shots, temperature, repeats, seed)
        except Skip as skip:
            self.not_planned.append(NotPlanned(request=request, task=task, verdict=skip.verdict, reason=skip.reason))
            return None
        measurement = msgspec.structs.replace(draft.measurement, arm=arm, beside=beside)
        if limit is not None:
            measurement = msgspec.structs.replace(measurement, limit=limit)
        if repeat_check is not None:
            measurement = msgspec.structs.replace(measurement, repeat_check=repeat_check)
        served = self._shared(Prepared(measurement, draft.samples, draft.digests, draft.withheld), served)
        self.served.append(served)
        return served

    def _measure(
        self,
        request: str,
        name: str,
        claim: Claim | None,
        role: str,
        prompt: str,
        shots: int | None,
        temperature: float | None,
        repeats: int | None,
        seed: str | None,
    ) -> tuple[Prepared, Served]:
        capabilities = self._models[role].capabilities
        task = task_of(claim, self._catalogue) if claim else task_named(name, self._catalogue)
        protocol = task.protocol_for(claim) if claim else task.protocol_of(prompt, shots)
        kind = kind_of(task, protocol, capabilities, by_flag=claim is None)
        if claim:
            if protocol.refused:
                raise Skip("not_testable", protocol.refused)
            check_testable(claim, task.chance, tolerance_of(self.tolerance))
        decoding = self._decoding(task, protocol, kind, claim, role, temperature)
        samples = as_asked(load_samples(task, protocol, self._options.data, seed), decoding.temperature, decoding.chat)
        if not samples:
            raise Skip("not_tested", "the task has no samples")
        digests, samples_root = digests_of(samples)
        population = len(samples)
        limit = None if self._options.limit is None else min(self._options.limit, population)
        measurement = Measurement(
            id="",
            role=role,
            task=task.id,
            prompt=protocol.prompt,
            shots=protocol.shots,
            chat=decoding.chat,
            kind=kind,
            decoding=decoding.mode,
            temperature=decoding.temperature,
            scorers=(scorer_of(task, protocol),),
            population=population,
            samples_root=samples_root,
            order_seed="",
            order_by="trial" if self._sheet else "sample",
            repeats=repeats_of(decoding.mode, capabilities, population) if claim else repeats or 1,
            # Where nothing is tested nothing rests on a check, and its calls would come out of the user's limits.
            repeat_check=repeat_check_of(decoding.mode, capabilities, limit or population, population)
            if claim
            else RepeatCheck(),
            limit=limit,
            chance=task.chance,
            public=task.public,
            seed=seed or "",
        )
        withheld = task.public and task.definition.generator is None
        served = Served(
            request=request,
            reads=Reads(measurement="", scorer=measurement.scorers[0]),
            prompt=protocol.prompt,
            differences=(*protocol.differences, *decoding.differences, *incomplete(task, population)),
        )
        return Prepared(measurement, samples, digests, withheld), served

    def _decoding(
        self,
        task: Task,
        protocol: ChosenProtocol,
        kind: str,
        claim: Claim | None,
        role: str,
        temperature: float | None,
    ) -> _Decoding:
        capabilities = self._models[role].capabilities
        mode: Any = "sampled" if temperature and kind == "generate" else "greedy"
        degrees = (temperature or 0.0) if kind == "generate" else 0.0
        of_decoding: tuple[str, ...] = ()
        if claim:
            mode, degrees, of_decoding = decoding_of(claim, kind)
        chat, of_chat = asks_chat(task.prompt_format(protocol.prompt), capabilities)
        of_average = other_average(claim) if claim else ()
        return _Decoding(mode, degrees, chat, (*of_decoding, *of_chat, *of_average))

    def _shared(self, draft: Prepared, served: Served) -> Served:
        """Merge a draft into an equal one, which then has its scorer too; otherwise add it."""
        (scorer,) = draft.measurement.scorers
        for name, other in self.drafts.items():
            if _without_scoring(other.measurement) != _without_scoring(draft.measurement):
                continue
            scorers = other.measurement.scorers
            if scorer not in scorers:
                scorers = (*scorers, scorer)
            measurement = msgspec.structs.replace(other.measurement, scorers=scorers)
            self.drafts[name] = Prepared(measurement, other.samples, other.digests, other.withheld)
            return msgspec.structs.replace(served, reads=Reads(measurement=name, scorer=scorer))
        name = f"{len(self.drafts):02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', draft.measurement.task)[:100]}"
        measurement = msgspec.structs.replace(draft.measurement, id=name)
        self.drafts[name] = Prepared(measurement, draft.samples, draft.digests, draft.withheld)
        return msgspec.structs.replace(served, reads=Reads(measurement=name, scorer=scorer))


def _without_scoring(measurement: Measurement) -> Measurement:
    """A measurement without the fields that may differ between requests that share its answers."""
    return msgspec.structs.replace(measurement, id="", prompt="", scorers=(), chance=0.0)
