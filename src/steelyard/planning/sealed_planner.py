"""The planner of a verifier: it answers a detector's requests from a sealed plan, and needs no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.claims.served_model import why_another_model
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.planning.again import asked_again
from steelyard.planning.decoding import decoding_of, repeat_check_of, repeats_of
from steelyard.planning.part import least_size
from steelyard.plugins import Formats, MeasurementRequest
from steelyard.records import Claim, ClaimSheet, Measurement, Part, Plan, PlannedModel, RepeatCheck, Served
from steelyard.tasks import load_task, resolve

__all__ = ["SealedPlanner"]


class SealedPlanner:
    """Answers each request as the sealed plan did. A request that the plan does not have is an error."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._measurements = plan.by_id
        self._served = {served.request: served for served in plan.served}
        self._refused = {refused.request: refused.reason for refused in plan.not_planned}
        self.asked: set[str] = set()
        self.served: list[Served] = []

    @property
    def sheet(self) -> ClaimSheet | None:
        """The vendor's claims."""
        return self._plan.sheet

    @property
    def models(self) -> Mapping[str, PlannedModel]:
        """The models by role."""
        return self._plan.models

    @property
    def tolerance(self) -> str:
        """The plan's tolerance, in percentage points."""
        return self._plan.tolerance

    def measurement(self, served: Served) -> Measurement:
        """The sealed measurement; raises VerificationError if the plan has none."""
        if served.reads.measurement not in self._measurements:
            raise VerificationError(f"{layout.PLAN}: {served.request} is served by a measurement that the plan lacks")
        return self._measurements[served.reads.measurement]

    def formats(self, request: str, claim: Claim) -> Formats:
        """The formats that the plan asks for a claim (see :class:`steelyard.plugins.Planner`).

        Raises VerificationError if it leaves out one that the claim may mean.
        """
        prefix = f"{request}/format/"
        of_formats = [name for name in (*self._served, *self._refused) if name.rpartition("/")[0] == prefix[:-1]]
        self.asked.update(name for name in of_formats if name in self._refused)
        first = self._served.get(request)
        if first is None:
            return Formats()
        to_ask = (first.prompt, *(name.removeprefix(prefix) for name in of_formats if name in self._served))
        not_asked = tuple(name.removeprefix(prefix) for name in of_formats if name in self._refused)
        self._check_formats(request, claim, {*to_ask, *not_asked})
        return Formats(to_ask, not_asked) if len(to_ask) + len(not_asked) > 1 else Formats()

    def _check_formats(self, request: str, claim: Claim, planned: set[str]) -> None:
        found = resolve(claim.task)
        if found is None or self.measurement(self._served[request]).task != found:
            return
        if left_out := [name for name in load_task(found).formats_for(claim) if name not in planned]:
            raise VerificationError(
                f"{layout.PLAN}: {request} is not planned in the prompt format {left_out[0]}, which the claim may mean"
            )

    def measure(self, request: MeasurementRequest) -> Served | None:
        """How the plan serves this request (see :class:`steelyard.plugins.Planner`).

        Raises VerificationError if it has no such request, or serves it by a measurement of something else.
        """
        name, claim = request.name, request.claim
        self.asked.add(name)
        served = self._served.get(name)
        if served is None:
            if name not in self._refused:
                raise VerificationError(f"{layout.PLAN}: nothing is planned for {name}, and no reason is given")
            if claim and self._refused[name].endswith("--accept-model"):
                self._check_refused(name, claim, request.role)
            return None
        self.served.append(served)
        measurement = self.measurement(served)
        if request.again:
            self._check_again(request, served, measurement)
            return served
        if claim:
            self._check_model(name, claim, request.role)
            self._check_part(name, claim, measurement)
        if request.prompt:
            self._check_prompt(name, request.prompt, served)
        if measurement.task not in (request.task, resolve(request.task)):
            raise self._differs(name, "task", measurement.task, request.task)
        for field, value in self._wanted(request, measurement).items():
            if getattr(measurement, field) != value:
                raise self._differs(name, field, getattr(measurement, field), value)
        return served

    def _check_again(self, request: MeasurementRequest, served: Served, measurement: Measurement) -> None:
        """What is asked again is what was asked first, save where its place and its scorers are."""
        if request.beside not in self._measurements:
            raise VerificationError(f"{layout.PLAN}: {request.name} asks again what the plan lacks")
        of = self._measurements[request.beside]
        wanted = msgspec.structs.replace(
            asked_again(of, request, served.reads.scorer),
            id=measurement.id,
            order_seed=measurement.order_seed,
            question=of.question,
            share=measurement.share,
        )
        for field in measurement.__struct_fields__:
            if getattr(measurement, field) != getattr(wanted, field):
                raise self._differs(request.name, field, getattr(measurement, field), getattr(wanted, field))

    def _wanted(self, request: MeasurementRequest, measurement: Measurement) -> dict[str, object]:
        """The fields of a measurement that follow from the request."""
        wanted: dict[str, object] = {
            "role": request.role, "arm": request.arm, "seed": request.seed or "", "beside": request.beside,
        }  # fmt: skip
        wanted |= self._of_a_claim(measurement, request.claim) if request.claim else _of_a_task(measurement, request)
        stated = {"limit": request.limit, "repeat_check": request.repeat_check, "shots": request.shots}
        return wanted | {field: value for field, value in stated.items() if value is not None}

    def _check_model(self, request: str, claim: Claim, role: str) -> None:
        """A claim about another model is tested only where the plan says that the user accepts it."""
        if self._plan.sheet is None or self._plan.accept_model:
            return
        if another := why_another_model(self._plan.sheet, claim, self._plan.models[role].identity):
            raise VerificationError(f"{layout.PLAN}: {request} is planned, and {another}")

    def _check_refused(self, request: str, claim: Claim, role: str) -> None:
        """A claim that was refused for the names is one about another model by the names that are sealed."""
        assert self._plan.sheet is not None, "a claim is of a sheet"
        why = why_another_model(self._plan.sheet, claim, self._plan.models[role].identity)
        if self._plan.accept_model or self._refused[request] != why:
            raise VerificationError(f"{layout.PLAN}: {request} is refused for names that are not those of two models")

    def _check_part(self, request: str, claim: Claim, measurement: Measurement) -> None:
        """A claim is tested on a part of its benchmark only where the plan allows it and says how large the part is."""
        if self._plan.origin.kind == "imported":
            return
        part = measurement.part or Part(of=measurement.population, same=measurement.population)
        size = max(least_size(measurement.task), measurement.population)
        if part.of < size or not 0 <= part.same <= min(part.of, measurement.population):
            raise VerificationError(
                f"{layout.PLAN}: {request} is tested on {measurement.population:,} samples of {measurement.task[:80]}, "
                f"which has {size:,}, and the plan says {part.same:,} of {part.of:,}"
            )
        whole = measurement.part is None and (claim.samples or 0) <= measurement.population
        if not whole and not self._plan.allow_part:
            raise VerificationError(
                f"{layout.PLAN}: {request} is tested on a part of its benchmark, without --allow-part"
            )

    def _of_a_claim(self, measurement: Measurement, claim: Claim) -> dict[str, Any]:
        """What a claim says about decoding and repeats; a log's are those of the harness that wrote it."""
        if self._plan.origin.kind == "imported":
            return {}
        mode, temperature, _ = decoding_of(claim, measurement.kind)
        asked = measurement.limit or measurement.population
        capabilities = self._plan.models[measurement.role].capabilities
        return {
            "decoding": mode,
            "temperature": temperature,
            "repeats": repeats_of(mode, capabilities, measurement.population),
            "repeat_check": repeat_check_of(mode, capabilities, asked, measurement.population),
        }

    def _check_prompt(self, request: str, prompt: str, served: Served) -> None:
        """Formats with equal requests share a measurement, which has the name of one of them."""
        own = self.measurement(served)
        sharing = {each.prompt for each in self._plan.served if each.reads.measurement == own.id}
        if served.prompt != prompt or own.prompt not in sharing:
            raise self._differs(request, "prompt", served.prompt if served.prompt != prompt else own.prompt, prompt)

    def _differs(self, request: str, name: str, sealed: object, wanted: object) -> VerificationError:
        return VerificationError(
            f"{layout.PLAN}: {request} is served by a measurement whose {name} is {str(sealed)[:80]!r}, "
            f"and its detector asks for {str(wanted)[:80]!r}"
        )


def _of_a_task(measurement: Measurement, request: MeasurementRequest) -> dict[str, Any]:
    degrees = (request.temperature or 0.0) if measurement.kind == "generate" else 0.0
    return {
        "decoding": "sampled" if degrees else "greedy",
        "temperature": degrees,
        "repeats": request.repeats or 1,
        "repeat_check": RepeatCheck(),
    }
