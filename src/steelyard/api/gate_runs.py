"""Gates with a baseline: two finished runs held against each other, and what a plan holds of a baseline's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import ExitCode, InputError
from steelyard.evidence import layout
from steelyard.records import (
    JUDGE,
    SUBJECT,
    DetectorResult,
    GateVerdict,
    Measurement,
    MeasurementResult,
    Note,
    PlanInput,
    SampleScore,
    Verdict,
    VerdictWord,
)

if TYPE_CHECKING:
    from steelyard.storage.run_folder import RunFolder

__all__ = ["SealedRun", "baseline_bar", "gate_runs", "is_judged", "is_run", "points_of", "sealed_run"]

_ALPHA = 0.05
_WORDS = {"green": VerdictWord.CONSISTENT, "red": VerdictWord.INCONSISTENT, "": VerdictWord.INSUFFICIENT_POWER}


@dataclass(frozen=True)
class SealedRun:
    """A finished run whose seal holds: its scores of the subject, by measurement, in the committed order."""

    path: Path
    digest: str
    model: str
    served: str
    measurements: tuple[Measurement, ...]
    scores: Mapping[str, Sequence[SampleScore]]
    results: Mapping[str, MeasurementResult]
    remarks: tuple[str, ...] = ()
    """What the seal does not show: that nobody signed it, and scores that cannot be computed again here."""

    def right_of(self, task: str) -> frozenset[str]:
        """The samples of a task that were answered rightly."""
        measurement = self.of_task(task)
        scores = self.scores[measurement.id] if measurement else ()
        return frozenset(score.sample for score in scores if score.value == 1)

    def of_task(self, task: str) -> Measurement | None:
        """The measurement of a task that was asked in the first place."""
        return next((each for each in self.measurements if each.task == task), None)


def is_run(place: str) -> bool:
    """Whether this is the folder of a run, and no suite."""
    return (Path(place) / layout.PLAN).is_file()


def sealed_run(path: Path) -> SealedRun:
    """Read a run that is finished.

    Raises InputError where it is not sealed or not whole, VerificationError where its seal does not hold.
    """
    from steelyard.auditing.finalize import results_of
    from steelyard.evidence.verify import verify_integrity
    from steelyard.scorers import is_share, open_identifier
    from steelyard.storage.run_folder import RunFolder

    run = RunFolder.open(path)
    if JUDGE in run.plan.models:
        raise InputError("its scores are a judge's: no two runs are held against each other by them", where=path)
    if not run.is_sealed:
        raise InputError("is not finished and sealed: go on with it by steelyard resume", where=path)
    integrity = verify_integrity(path)
    found: dict[str, list[SampleScore]] = {}
    results = results_of(run, partial(_keep, found))
    measurements = tuple(_asked_first(run))
    first = {each.id: each.scorers[0] for each in measurements}
    if any(is_share(open_identifier(scorer)) for scorer in first.values()):
        raise InputError("its scores are shares between 0 and 1, and a gate counts answers that are right", where=path)
    scores = {
        name: sorted((each for each in found.get(name, ()) if each.scorer == scorer), key=lambda each: each.position)
        for name, scorer in first.items()
    }
    for each in measurements:
        _check_whole(run, each, scores[each.id])
    subject = run.plan.subject.identity
    return SealedRun(
        path=path,
        digest=sha256((path / layout.BUNDLE).read_bytes()).hexdigest(),
        model=subject.name or subject.uri,
        served=subject.uri,
        measurements=measurements,
        scores=scores,
        results={each.measurement: each for each in results.verdict.measurements},
        remarks=tuple(_remarks(path, results.withheld, is_signed=bool(integrity.signed_by))),
    )


def _remarks(path: Path, withheld: int, *, is_signed: bool) -> Iterator[str]:
    if not is_signed:
        yield f"{path} is not signed: anybody could have sealed it"
    if withheld:
        yield f"{path} withholds texts: {withheld:,} of its scores are as sealed, and were not computed again"


def is_judged(path: Path) -> bool:
    """Whether a run's scores are a judge's, which decide nothing alone. Raises InputError for what is no run."""
    from steelyard.storage.run_folder import RunFolder

    return JUDGE in RunFolder.open(path).plan.models


def points_of(text: str) -> str:
    """A margin in percentage points, as it was written; raises InputError for what is none."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", text):
        raise InputError(f"--margin {text[:20]!r}: percentage points from 0 to below 100, as 2 or 0.5")
    return text


def _keep(found: dict[str, list[SampleScore]], score: SampleScore) -> None:
    if score.position >= 0 and score.repeat == 0:
        found.setdefault(score.measurement, []).append(score)


def _asked_first(run: RunFolder) -> list[Measurement]:
    return [
        each
        for each in run.plan.measurements
        if each.role == SUBJECT and not (each.again or each.arm or each.beside) and each.repeats == 1
    ]


def _check_whole(run: RunFolder, measurement: Measurement, scores: Sequence[SampleScore]) -> None:
    """What a test stopped early has no score that a paired test may read, and a part has too few pairs."""
    if len(scores) < measurement.population:
        raise InputError(
            f"asked {len(scores):,} of the {measurement.population:,} samples of {measurement.task}: measure all of "
            "them with steelyard run, without --limit",
            where=run.path,
        )


def baseline_bar(baseline: SealedRun, task: str, margin: str) -> tuple[dict[str, Any], dict[str, PlanInput]]:
    """What a plan holds of a baseline: the options of its gate, and the digest of the baseline's seal.

    Raises InputError where the baseline has no such task.
    """
    measurement = baseline.of_task(task)
    if measurement is None:
        there = ", ".join(each.task for each in baseline.measurements) or "none"
        raise InputError(f"measured no task {task}; its tasks: {there}", where=baseline.path)
    by_value: dict[bool, list[str]] = {True: [], False: []}
    for score in baseline.scores[measurement.id]:
        if score.value is not None:
            by_value[score.value == 1].append(score.sample)
    options: dict[str, Any] = {
        "baseline": baseline.digest,
        "margin": margin,
        "samples_root": measurement.samples_root,
        "right": sorted(by_value[True]),
        "wrong": sorted(by_value[False]),
    }
    places = {score.sample: score.position for score in baseline.scores[measurement.id]}
    options["places"] = [places[each] for each in (*options["right"], *options["wrong"])]
    options |= {"items": measurement.items} if measurement.items else {}
    return options, {"baseline": PlanInput(kind="run", sha256=baseline.digest)}


def gate_runs(run: SealedRun, baseline: SealedRun, margin: str, family: int = 1) -> Verdict:
    """Hold a finished run against a finished baseline: paired, exact, for a fixed number of samples.

    Each task that both measured is a gate; red is decided at α/(tasks × ``family``), green at α. Raises InputError
    where they have no task in common, or other samples.
    """
    pairs = [(each, other) for each in run.measurements if (other := baseline.of_task(each.task)) is not None]
    if not pairs:
        raise InputError(f"has no task in common with {baseline.path}: measure the same suite", where=run.path)
    level = _ALPHA / (family * len(pairs))
    results = tuple(_gate(run, baseline, *pair, margin, level, family * len(pairs)) for pair in pairs)
    words = {each.word for each in results}
    whole = next(word for word in (_WORDS["red"], _WORDS[""], _WORDS["green"]) if word in words)
    missing = any(each.gate is not None and each.gate.missing for each in results)
    codes = {_WORDS["red"]: ExitCode.INCONSISTENT, _WORDS[""]: ExitCode.UNDECIDED, _WORDS["green"]: ExitCode.CONSISTENT}
    return Verdict(
        verdict=whole,
        exit=int(ExitCode.PLAN_NOT_MET if missing else codes[whole]),
        model=run.model,
        served=run.served,
        alpha=_ALPHA,
        measurements=tuple(run.results[one.id] for one, _ in pairs),
        results=results,
        notes=tuple(
            Note(detector="gate", check="as_sealed", message=remark) for remark in (*run.remarks, *baseline.remarks)
        ),
    )


def _gate(
    run: SealedRun,
    baseline: SealedRun,
    one: Measurement,
    other: Measurement,
    margin: str,
    level: float,
    family: int,
) -> DetectorResult:
    from steelyard.stats.blocked import blocks_by
    from steelyard.stats.gate import paired_gate
    from steelyard.stats.multiway import file_places

    if one.samples_root != other.samples_root and not (one.items and one.items == other.items):
        raise InputError(f"was asked other samples of {one.task} than {baseline.path}: measure both on one suite",
                         where=run.path)  # fmt: skip
    before = {score.sample: score.value for score in baseline.scores[other.id]}
    scores = [score for score in run.scores[one.id] if score.sample in before]
    if len(scores) < len(before):
        raise InputError(f"has other samples of {one.task} than {baseline.path}: measure both on one suite",
                         where=run.path)  # fmt: skip
    mine, theirs = [_right(score.value) for score in scores], [_right(before[score.sample]) for score in scores]
    points = float(margin) / 100
    places = {score.sample: score.position for score in baseline.scores[other.id]}
    blocks = blocks_by(
        [[each.position for each in scores], [places[each.sample] for each in scores]],
        file_places([each.sample for each in scores]),
    )
    found, shown = (paired_gate(mine, theirs, points, alpha, blocks) for alpha in (_ALPHA, _ALPHA / 2))
    colour = "green" if found.p_within <= _ALPHA else "red" if found.p_worse <= level else ""
    pairs = [*zip(mine, theirs, strict=True)]
    gate = GateVerdict(
        task=one.task, measurement=one.id, baseline=baseline.digest, margin=margin,
        right=mine.count(1), asked=len(mine), of=len(mine), items=len(mine),
        missing=sum(score.status == "missing" for score in scores),
        open=sum(score.value is None and score.status != "missing" for score in scores),
        worse=pairs.count((0, 1)), better=pairs.count((1, 0)),
        unpaired=sum(a is not None and b is None for a, b in pairs),
        baseline_right=theirs.count(1), ci=(shown.low, shown.high), family=family,
    )  # fmt: skip
    return DetectorResult(
        test=f"gate-{one.id}", rule="paired_gate@3", word=_WORDS[colour],
        p=found.p_worse, gate=gate,
    )  # fmt: skip


def _right(value: float | None) -> int | None:
    return None if value is None else int(value == 1)
