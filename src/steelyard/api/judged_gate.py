"""``steelyard gate`` on a judge's run: what people would give its answers, by their labels of a drawn part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.api.judged_run import judged_place
from steelyard.errors import ExitCode, InputError
from steelyard.evidence import layout
from steelyard.records import DetectorResult, GateVerdict, Measurement, SampleScore, Verdict, VerdictWord

if TYPE_CHECKING:
    from steelyard.records import PeopleRate
    from steelyard.storage.run_folder import RunFolder

__all__ = ["gate_judged"]

_ALPHA: Final = 0.05
_OUTCOMES: Final = {
    "green": (VerdictWord.CONSISTENT, ExitCode.CONSISTENT),
    "red": (VerdictWord.INCONSISTENT, ExitCode.INCONSISTENT),
    "undecided": (VerdictWord.INSUFFICIENT_POWER, ExitCode.UNDECIDED),
}


def gate_judged(
    run: Path,
    at_least: str,
    files: Sequence[Path] = (),
    *,
    family: int = 1,
    judged: Path | None = None,
    role: str = "",
) -> Verdict:
    """Hold what people would give the answers of a judge's run against a bar, at 5 %: red at 5 %/``family``.

    ``files`` hold labels as ``steelyard judge calibrate`` takes them, by default those beside the run; without enough
    of them it is undecided. ``judged`` is the run that was judged, where it does not lie where it did: it says how many
    answers are missing, and these are right for no one. Where it asked several models, ``role`` names the one whose
    answers are held against the bar.

    Raises InputError for a bar that is none, several models of which none is named, labels that cannot be read or were
    not drawn from this run, a run of no judge, and where the judged run is not here or did not ask its whole suite;
    VerificationError for a changed run.
    """
    from steelyard.api.calibration import files_beside, judge_run, labelled_as, of_role
    from steelyard.auditing.finalize import results_of
    from steelyard.judging.labels import gold_keys, read_labels
    from steelyard.judging.people_gate import is_all_or_nothing, people_gate
    from steelyard.util.decimal_share import decimal_share

    bar = decimal_share(at_least)
    if not bar:
        raise InputError(f"--at-least {at_least[:20]!r}: it is above 0 and at most 1, as 0.85 or 85%")
    folder, placed = judge_run(run)
    verdicts = {each.key: each.value for each in of_role(placed, role, run)}
    if len(roles := {key.role for key in verdicts}) > 1:
        raise InputError(f"judged several models: a gate is on one of them, {run.name}#{max(roles)}", where=run)
    asked = _asked(folder, {key.sample for key in verdicts}, judged, next(iter(roles)))
    paths = files or files_beside(run)
    labels = read_labels(paths, gold_keys(placed, len(placed)), labelled_as(folder.plan)) if paths else {}
    labels = {key: label for key, label in labels.items() if key in verdicts}
    missing = asked.trials - len({key.answer for key in verdicts if not key.arm})
    colour, people = people_gate(verdicts, labels, bar, missing=missing, family=family, alpha=_ALPHA)
    word, code = _OUTCOMES[colour]
    verdict = results_of(folder).verdict
    of_judge = next(each for each in verdict.measurements if each.task == "judged")
    gate = _gate(asked.task, of_judge.measurement, at_least, people, missing=missing, family=family)
    reason = _why(run, people.labels, is_shares=not is_all_or_nothing(verdicts)) if people.estimate is None else ""
    result = DetectorResult(test=f"gate-{gate.measurement}", rule="judged_gate@1", word=word, reason=reason, gate=gate)
    return Verdict(
        verdict=word,
        exit=int(ExitCode.PLAN_NOT_MET if missing else code),
        model=asked.model,
        served=asked.served,
        alpha=_ALPHA,
        measurements=(of_judge,),
        results=(result,),
        judging=verdict.judging,
    )


def _gate(task: str, measurement: str, at_least: str, people: PeopleRate, *, missing: int, family: int) -> GateVerdict:
    """What the gate's row shows: the judge's own count, and between what people would give."""
    return GateVerdict(
        task=task,
        measurement=measurement,
        at_least=at_least,
        right=round(people.judge[0] * people.answers),
        asked=people.answers,
        of=people.answers,
        items=people.answers,
        missing=missing,
        family=family,
        ci=(people.low, people.high),
        people=people,
    )


def _why(run: Path, labels: int, *, is_shares: bool) -> str:
    """Why labels decide nothing, in a sentence that says what to do."""
    from steelyard.judging.labels import MIN_LABELS

    if is_shares:
        return "the rubric gives shares, and a gate counts answers that pass: give the rubric passes: all"
    return (
        f"{labels} labelled answers, and a judge that was not held against people on {MIN_LABELS} decides nothing: "
        f"steelyard judge calibrate {run.name} draws answers for people to label"
    )


@dataclass(frozen=True)
class _Asked:
    """What the judged run asked: its task, how many answers it planned, and its model."""

    task: str
    trials: int
    model: str
    served: str


def _asked(judge_folder: RunFolder, samples: Collection[str], judged: Path | None, role: str) -> _Asked:
    """The measurement of the judged run that has these samples; with a ``role``, of the model in it."""
    from steelyard.auditing.finalize import results_of
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.run_folder import RunFolder

    path = judged_place(judge_folder, judged)
    run = RunFolder.open(path)
    if not run.is_sealed or _seal(path) != judge_folder.plan.inputs["run"].sha256:
        raise InputError("is another run than the one that was judged", where=path)
    verify_integrity(path)
    found: dict[str, int] = {}

    def count(score: SampleScore) -> None:
        if score.sample in samples and score.position >= 0:
            found[score.measurement] = found.get(score.measurement, 0) + 1

    results_of(run, count)
    measurement = next(
        (
            each
            for each in run.plan.measurements
            if each.id in found and each.role == (role or each.role) and not (each.again or each.arm or each.beside)
        ),
        None,
    )
    if measurement is None:
        raise InputError("has no sample that was judged", where=path)
    _check_whole(path, measurement)
    identity = run.plan.models[measurement.role].identity
    return _Asked(measurement.task, measurement.trials, identity.name or identity.uri, identity.uri)


def _check_whole(path: Path, measurement: Measurement) -> None:
    if measurement.planned < measurement.trials:
        raise InputError(
            f"asked {measurement.planned:,} of the {measurement.trials:,} answers of {measurement.task}: measure the "
            "whole suite with steelyard run, without --limit, and have that run judged",
            where=path,
        )


def _seal(path: Path) -> str:
    return sha256((path / layout.BUNDLE).read_bytes()).hexdigest()
