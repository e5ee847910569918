"""Plans an audit of a simulated vendor by the detectors' own rules, without tasks and without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from steelyard.planning.again import asked_again
from steelyard.planning.cues import HEADER
from steelyard.planning.decoding import asked_how_often, decoding_of
from steelyard.planning.drawn import drawn_beside
from steelyard.planning.weights import DETECT_WEIGHT, share_out
from steelyard.plugins import Detector, Formats, MeasurementRequest, find
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Claim,
    ClaimSheet,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    Protocol,
    Question,
    Reads,
    RepeatCheck,
    RequestedTest,
    Served,
)
from steelyard_forensics.gauntlet.parameters import Benchmark
from steelyard_forensics.gauntlet.vendors import TOLERANCE, Vendor

__all__ = ["ALPHA", "DETECTORS", "SCORER", "detectors", "plan_of"]

ALPHA: Final = 0.05
DETECTORS: Final = ("claim_retest", "twin_gap", "cue_gap")
SCORER: Final = "numeric@7"
_STATED: Final = {"greedy": "greedy", "sampled": "temperature 0.7", "nothing": ""}


@lru_cache
def detectors() -> Mapping[str, Detector]:
    """The detectors that are in the gauntlet, by their rules."""
    opened: list[Detector] = [find("detector", name)() for name in DETECTORS]
    return {f"{each.name}@{each.version}": each for each in opened}


class _VendorPlanner:
    """Plans benchmarks of given sizes without their samples; the rest is as an audit's planner decides it."""

    def __init__(self, sheet: ClaimSheet, model: PlannedModel, vendor: Vendor) -> None:
        self.sheet, self.models, self.tolerance = sheet, {SUBJECT: model}, f"{TOLERANCE:g}"
        self.requested: Sequence[RequestedTest] = ()
        self.measurements: list[Measurement] = []
        self.served: list[Served] = []
        self.benchmarks = {row.benchmark.name: row.benchmark for row in vendor.rows}
        self._orders = vendor.orders

    def formats(self, request: str, claim: Claim) -> Formats:
        """Every vendor declares its format."""
        return Formats()

    def measure(self, request: MeasurementRequest) -> Served | None:
        """Serve a request; fresh samples and other worked examples only where a generator makes them."""
        benchmark = self.benchmarks[request.task]
        if request.drawn == HEADER or (request.drawn and not benchmark.generated):
            return None
        number, beside = len(self.measurements), [each for each in self.measurements if each.id == request.beside]
        if request.drawn or request.again:
            measurement = (drawn_beside if request.drawn else asked_again)(beside[0], request, SCORER)
        else:
            measurement = self._asked(request, benchmark)
        measurement = msgspec.structs.replace(
            measurement, id=f"{number:02d}", order_seed=f"seed {number}{self._orders}", question=f"q{request.task}"
        )
        self.measurements.append(measurement)
        reads = Reads(measurement=measurement.id, scorer=SCORER)
        self.served.append(Served(request=request.name, reads=reads, prompt=measurement.prompt))
        return self.served[-1]

    def _asked(self, request: MeasurementRequest, benchmark: Benchmark) -> Measurement:
        model, size, degrees = self.models[SUBJECT], benchmark.samples, request.temperature or 0.0
        mode: Any = "sampled" if degrees else "greedy"
        repeats, check = 1, request.repeat_check or RepeatCheck()
        if request.claim:
            mode, degrees, _ = decoding_of(request.claim, "generate", request.temperature)
            two_passes = request.two_passes and model.varies(mode, degrees)
            repeats, check = asked_how_often(mode, model.capabilities, size, size, SCORER, two_passes=two_passes)
            repeats = repeats if request.temperature is None else 1
        return Measurement(
            id="",
            task=request.task,
            prompt=request.prompt or "question",
            kind="generate",
            decoding=mode,
            temperature=degrees,
            scorers=(SCORER,),
            population=size,
            samples_root="0" * 64,
            order_seed="",
            repeats=repeats,
            repeat_check=check,
            chance=benchmark.chance,
            limit=request.limit,
            arm=request.arm,
        )

    def measurement(self, served: Served) -> Measurement:
        """What serves it."""
        return next(each for each in self.measurements if each.id == served.reads.measurement)


def plan_of(vendor: Vendor, number: int = 1, *, alpha: float = ALPHA, in_process: bool = False) -> Plan:
    """The sealed plan of the ``number``-th audit of a vendor's table; over a wire its answers may vary."""
    stated = _STATED[vendor.kind.stated or vendor.kind.decoding]
    unsourced = ("decoding",) if vendor.kind.stated == "greedy" else ()
    claims = tuple(
        Claim(
            task=row.benchmark.name,
            value=row.printed,
            samples=row.scored,
            repeats=row.passes if row.passes > 1 else None,
            protocol=Protocol(decoding=stated, prompt="question"),
            unsourced=unsourced,
        )
        for row in vendor.rows
    )
    sheet = ClaimSheet(model="m", claims=claims, digest="0" * 64)
    model = PlannedModel(
        identity=ModelIdentity(uri="openai:m@http://127.0.0.1/v1"), capabilities=Capabilities(deterministic=in_process)
    )
    planner = _VendorPlanner(sheet, model, vendor)
    by_rule = detectors()
    tests = [test for detector in by_rule.values() for test in detector.plan(planner)]
    probing = [rule for rule, detector in by_rule.items() if getattr(detector, "probes", False)]
    plan = Plan(
        format=PLAN_FORMAT,
        software="0",
        created="2026-11-27T00:00:00+00:00",
        sheet=sheet,
        models={SUBJECT: model},
        measurements=tuple(planner.measurements),
        detectors=tuple(by_rule),
        detect_weight=DETECT_WEIGHT,
        questions={f"q{name}": Question(benchmark=name, subject="s", number=number) for name in planner.benchmarks},
        tests=share_out(tests, probing, DETECT_WEIGHT),
        served=tuple(planner.served),
        alpha=alpha,
        tolerance=f"{TOLERANCE:g}",
    )
    return msgspec.structs.replace(plan, tests=tuple(by_rule[test.rule].seal(test, plan) for test in plan.tests))
