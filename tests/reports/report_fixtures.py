"""Verdicts and plans as a real audit gives them: one claim of every word, findings, notes and missing answers."""

from __future__ import annotations

import random

import msgspec

from steelyard.detectors.claim_retest.sealed import ClaimTest, encode
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Claim,
    ClaimSheet,
    ClaimVerdict,
    Finding,
    Measurement,
    MeasurementResult,
    ModelIdentity,
    Needs,
    Note,
    NotPlanned,
    PassAtK,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    Served,
    TracePoint,
    Verdict,
    VerdictWord,
)
from steelyard.stats.intervals import confidence_sequence


def trace(rate: float, asked: int, population: int, seed: int = 5) -> tuple[TracePoint, ...]:
    """How the interval closes when a share ``rate`` of a population is right, at some sixty looks."""
    order = [position < round(rate * population) for position in range(population)]
    random.Random(seed).shuffle(order)
    points = [TracePoint(n=0, right=0, low=0.0, high=1.0)]
    for n in sorted({max(1, asked * step // 60) for step in range(1, 61)}):
        right = sum(order[:n])
        low, high = confidence_sequence(n, right, right, population)
        points.append(TracePoint(n=n, right=right, low=low, high=high))
    return tuple(points)


def decided(
    task: str, claimed: str, rate: float, asked: int, of: int, word: VerdictWord, **more: object
) -> ClaimVerdict:
    """A claim that was asked about."""
    looks = trace(rate, asked, of)
    last = looks[-1]
    fields: dict[str, object] = {
        "task": task,
        "claimed_text": claimed,
        "unit": "percent",
        "claimed": float(claimed) / 100,
        "tolerance": 0.02,
        "measured": last.right / last.n,
        "ci": (last.low, last.high),
        "asked": asked,
        "of": of,
        "verdict": word,
        "measurement": task.lower(),
        "prompt": "completion",
        "trace": looks,
        "calls": asked + 3,
        "prompt_tokens": 310 * asked,
        "completion_tokens": 48 * asked,
        "seconds": 1.06 * asked,
    }
    return ClaimVerdict(**{**fields, **more})  # type: ignore[arg-type]


def measured_for(claim: ClaimVerdict) -> MeasurementResult:
    """What was measured for a claim that was asked about: its test stopped the asking, so there is no interval."""
    return MeasurementResult(
        measurement=claim.measurement,
        role=SUBJECT,
        task=claim.task,
        prompt=claim.prompt,
        scorer="numeric@7",
        measured=claim.measured,
        right=int(claim.trace[-1].right),
        asked=claim.asked,
        of=claim.of,
        planned=claim.of,
        missing=claim.missing,
        unparsed=claim.unparsed,
        read_by=(f"claim-{claim.measurement}",),
        differences=claim.differences,
        reason="its tests needed no more, or the run was stopped",
        calls=claim.calls,
        prompt_tokens=claim.prompt_tokens,
        completion_tokens=claim.completion_tokens,
        seconds=claim.seconds,
    )


def only_measured() -> MeasurementResult:
    """A measurement that nothing tests, asked to its end: five answers to each sample, one of them missing."""
    return MeasurementResult(
        measurement="humaneval",
        role=SUBJECT,
        task="HumanEval",
        prompt="chat",
        scorer="code[program]@2",
        measured=0.413,
        ci=(0.361, 0.467),
        right=338,
        asked=820,
        of=820,
        planned=820,
        missing=1,
        unparsed=7,
        standard_error=0.0312,
        clusters=12,
        pass_at_k=(
            PassAtK(k=1, least=0.4122, most=0.4134, low=0.361, high=0.467),
            PassAtK(k=5, least=0.62, most=0.62, low=0.5439, high=0.6905),
        ),
        calls=826,
        prompt_tokens=150_000,
        completion_tokens=80_000,
        seconds=900.0,
    )


def measurement(task: str, population: int, **more: object) -> Measurement:
    """A measurement of the plan."""
    fields: dict[str, object] = {
        "id": task.lower(),
        "task": task,
        "prompt": "completion",
        "scorers": ("numeric@7",),
        "kind": "generate",
        "population": population,
        "samples_root": "5d" * 32,
        "order_seed": "c1" * 32,
        "share": 0.25,
    }
    return Measurement(**{**fields, **more})  # type: ignore[arg-type]


def verdict() -> Verdict:
    """One claim of each word; the inflated one decides."""
    claims = (
        decided("HellaSwag", "40.9", 0.413, 1412, 10042, VerdictWord.CONSISTENT, prompt="choice", p=1.0, log_e=-1.2),
        decided(
            "GSM8K",
            "57.0",
            0.29,
            58,
            1319,
            VerdictWord.INCONSISTENT,
            p=0.00031,
            log_e=8.1,
            unparsed=3,
            missing=2,
            differences=("3-shot where the vendor says 5-shot", "answers end at the first newline"),
        ),
        decided(
            "MMLU (cloze)",
            "29.3",
            0.284,
            780,
            14042,
            VerdictWord.INSUFFICIENT_POWER,
            needs=Needs(samples=1187, seconds=1260.0),
            prompt="cloze",
        ),
        ClaimVerdict(
            task="BBH",
            claimed_text="1.4",
            unit="percent",
            claimed=0.014,
            tolerance=0.02,
            verdict=VerdictWord.NOT_TESTABLE,
            reason="1.4 minus 2.0 points is at or below chance (0): any model would pass; try --tolerance 0.7",
        ),
        ClaimVerdict(
            task="IFEval",
            claimed_text="29.9",
            unit="percent",
            claimed=0.299,
            tolerance=0.02,
            verdict=VerdictWord.NOT_TESTED,
            reason="its data is not here: give --data DIR",
        ),
        ClaimVerdict(
            task="PIQA",
            claimed_text="66.3",
            unit="percent",
            claimed=0.663,
            tolerance=0.02,
            verdict=VerdictWord.NOT_TESTED,
            reason="its data is not here: give --data DIR",
        ),
        ClaimVerdict(
            task="LMArena",
            claimed_text="1417",
            unit="elo",
            claimed=None,
            tolerance=0.0,
            verdict=VerdictWord.NOT_TESTABLE,
            reason="an Elo rating needs the arena's own opponents and judges",
        ),
    )
    return Verdict(
        verdict=VerdictWord.INCONSISTENT,
        exit=1,
        model="SmolLM2-135M-Instruct",
        served="embedded:smollm2",
        alpha=0.05,
        findings=(
            Finding(
                detector="desk_screen",
                check="variant",
                task="LMArena",
                null="every row of the table is about one model",
                message="measured on Llama-4-Maverick-03-26-Experimental, not on the model that is sold (line 41)",
            ),
        ),
        notes=(
            Note(
                detector="desk_screen",
                check="protocol",
                task="HellaSwag",
                message="the vendor states no number of shots and no normalisation",
            ),
            Note(
                detector="desk_screen",
                check="granularity",
                task="GSM8K",
                message="57.0 is not one full pass over 1,319 samples: r ≥ 2 passes would explain it",
            ),
        ),
        claims=claims,
        measurements=tuple(measured_for(claim) for claim in claims if claim.asked),
    )


def measured_verdict() -> Verdict:
    """What a run that nothing tests ends in."""
    result = only_measured()
    return Verdict(
        verdict=VerdictWord.NOT_TESTED,
        exit=4,
        model="SmolLM2-135M-Instruct",
        served="embedded:smollm2",
        alpha=0.05,
        measurements=(result,),
    )


def plan() -> Plan:
    """The plan of :func:`verdict`."""
    sheet = ClaimSheet(
        model="SmolLM2-135M-Instruct",
        vendor="Hugging Face",
        date="2024-11-02",
        source="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        claims=(Claim(task="HellaSwag", value="40.9"),),
        path="examples/smollm2-135m-instruct.yaml",
        digest="ab" * 32,
    )
    measurements = (
        measurement("HellaSwag", 10042, prompt="choice", scorers=("choice[characters]@1",), kind="loglikelihood"),
        measurement("GSM8K", 1319),
        measurement("MMLU (cloze)", 14042, prompt="cloze", scorers=("choice[characters]@1",), kind="loglikelihood"),
    )
    return Plan(
        format=PLAN_FORMAT,
        software="steelyard 0.1.0",
        created="2026-11-24T15:02:11Z",
        sheet=sheet,
        models={
            SUBJECT: PlannedModel(
                identity=ModelIdentity(
                    uri="embedded:smollm2",
                    name="SmolLM2-135M-Instruct Q4_1",
                    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    backend="llama.cpp (llama-cpp-py-sync 0.11739)",
                    machine="x86_64, 2 cores, AVX2",
                    details={"quantisation": "Q4_1", "bytes": "98362432"},
                )
            )
        },
        alpha=0.05,
        tolerance="2",
        measurements=measurements,
        tests=tuple(claim_test(number, each) for number, each in enumerate(measurements)),
        served=tuple(
            Served(
                request=f"claim/{number}",
                reads=Reads(measurement=each.id, scorer=each.scorers[0]),
                prompt=each.prompt,
                differences=("3-shot where the vendor says 5-shot",) if each.task == "GSM8K" else (),
            )
            for number, each in enumerate(measurements)
        ),
        not_planned=(NotPlanned(request="claim/3", task="BBH", verdict="not_testable", reason="below chance"),),
        budget_us=900_000_000,
    )


def claim_test(number: int, read: Measurement) -> PlannedTest:
    """The sealed test of one claim, as the plan holds it."""
    return PlannedTest(
        id=f"claim-{read.id}",
        rule="claim_retest@5",
        weight=1 / 3,
        reads=(Reads(measurement=read.id, scorer=read.scorers[0]),),
        sealed=encode(ClaimTest(claim=number, tolerance="2", accuse=read.population // 2)),
    )


def only(plan: Plan, measured: Measurement) -> Plan:
    """The plan with one measurement in place of all."""
    served = tuple(each for each in plan.served if each.reads.measurement == measured.id)
    tests = plan.readers_of(measured.id)
    return msgspec.structs.replace(plan, measurements=(measured,), tests=tests, served=served)
