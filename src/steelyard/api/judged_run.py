"""The run that a judge scores: sealed, with its answers, its suite and the rubric; and whether a judge was shown it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.records import SUBJECT, Measurement, Plan, PlanInput, is_candidate
from steelyard.scorers.powers import name_of

if TYPE_CHECKING:
    from steelyard.judging.items import JudgedAnswer
    from steelyard.judging.rubric import Rubric
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["OTHER", "JudgedRun", "check_shown", "judged_by", "judged_place", "judged_role", "open_judged", "rubric_of"]

OTHER: Final = "other"  # the role, and the plan's input, of the second run of a pair


@dataclass(frozen=True)
class JudgedRun:
    """A sealed run with its answers, and its private suite where it is one of a suite.

    ``measurement`` is the first model's. ``roles`` are those of the models whose answers are judged, empty where the
    run asked one.
    """

    run: RunFolder
    measurement: Measurement
    roles: tuple[str, ...]
    suite: SuiteTask | None
    answers: Sequence[JudgedAnswer] = field(repr=False)

    @property
    def seal(self) -> PlanInput:
        """The run as an input of the judge's plan: the SHA-256 of its seal."""
        data = (self.run.path / layout.BUNDLE).read_bytes()
        return PlanInput(kind="judged_run", sha256=sha256(data).hexdigest())

    @property
    def recordings(self) -> dict[str, str]:
        """What the judge's plan names as its models beside the judge: the recorded answers, by role."""
        place = f"recorded:{self.run.path.resolve()}"
        first, *others = self.roles or (SUBJECT,)
        return {SUBJECT: place if first == SUBJECT else f"{place}#{first}"} | {
            role: f"{place}#{role}" for role in others
        }


def open_judged(path: Path, task: str = "", suite: Path | None = None, of: str = "", role: str = "") -> JudgedRun:
    """Open a sealed run for a judge, with the suite that it asked; ``of`` is the SHA-256 that its seal must have.

    Where it asked several models, ``role`` names the one whose answers are wanted; by default all are.

    Raises InputError where it is not finished, its texts are withheld, it asks several tasks and none is named, has no
    such role, its samples are public, or its suite is not where it was; VerificationError where it was changed.
    """
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.run_folder import RunFolder

    run = RunFolder.open(path)
    if not run.is_sealed:
        raise InputError("is not finished: a judge scores a sealed run (steelyard resume goes on with it)", where=path)
    if verify_integrity(path).texts != "all":
        raise InputError("its texts are withheld: a judge needs the folder that the run was made in", where=path)
    if of and sha256((path / layout.BUNDLE).read_bytes()).hexdigest() != of:
        raise InputError("is another run than the one that was judged", where=path)
    measurements = _measurements(run, task)
    roles = tuple(measurements) if len(measurements) > 1 else ()
    if role and role not in measurements:
        raise InputError(f"has no answers of a model in the role {role[:40]!r}: {', '.join(measurements)}", where=path)
    wanted = {role: measurements[role]} if role else measurements
    first = next(iter(wanted.values()))
    found = _suite_of(run, first, suite)
    return JudgedRun(run, first, tuple(wanted) if roles else (), found, _answers(run, wanted, bool(roles)))


def judged_by(
    judge_run: RunFolder, judged: Path | None = None, rubric: Path | None = None, suite: Path | None = None
) -> tuple[JudgedRun, Rubric]:
    """The run that a judge's run is over, and the rubric, where they are or where they were.

    Raises InputError where one is not there, or is another than the judge's plan names.
    """
    from steelyard.judging.rubric import rubric_digest

    place, role = judged_place(judge_run, judged), judged_role(judge_run.plan)
    found = open_judged(place, suite=suite, of=judge_run.plan.inputs["run"].sha256, role=role)
    read, where = rubric_of(found, rubric)
    if rubric_digest(read) != judge_run.plan.inputs["rubric"].sha256:
        raise InputError("is not the rubric that the judge was given: name that one with --rubric", where=where)
    return found, read


def judged_role(plan: Plan, of: str = SUBJECT) -> str:
    """The role of the one model that was judged; empty where all of a run's were.

    ``of`` is the role of its recording in the judge's plan.
    """
    if any(is_candidate(role) and role != SUBJECT for role in plan.models):
        return ""
    return plan.models[of].identity.uri.partition("#")[2] or SUBJECT


def judged_place(judge_run: RunFolder, given: Path | None = None) -> Path:
    """Where the run that was judged lies: where it is said, else where it lay. Raises InputError where it does not."""
    from steelyard.storage.local_settings import LocalSettings
    from steelyard.storage.run_folder import place_and_role

    noted = (judge_run.local_settings() or LocalSettings()).models.get(SUBJECT, "").removeprefix("recorded:")
    path = given or (place_and_role(noted)[0] if noted else None)
    if path is None or not path.exists():
        raise InputError("the run that was judged is not where it was: name it with --run", where=judge_run.path)
    return path


def rubric_of(judged: JudgedRun, given: Path | None = None) -> tuple[Rubric, Path]:
    """The rubric, and its file: the one that is given, else the suite's or the built-in benchmark's.

    Raises InputError where there is none.
    """
    from steelyard.judging.rubric import read_rubric
    from steelyard.scorers import open_identifier
    from steelyard.scorers.judged import Judged

    named = ""
    for identifier in judged.measurement.scorers:
        with suppress(InputError):
            scorer = open_identifier(identifier)
            named = scorer.rubric if isinstance(scorer, Judged) else named
    folder = _folder_of_rubrics(judged)
    path = given or (folder / named if folder and named else None)
    if path is None:
        raise InputError(
            "by which rubric? Name it with --rubric FILE, or in the suite as scorer: {name: judged, rubric: "
            "graders/NAME.yaml}",
            where=judged.run.path,
        )
    return read_rubric(path), path


def _folder_of_rubrics(judged: JudgedRun) -> Path | None:
    """The folder in which a scorer names its rubric: the suite's, or that of an installed benchmark's file."""
    from steelyard.tasks import load_task, task_ids

    if judged.suite is not None:
        return judged.suite.folder
    task = judged.measurement.task
    return load_task(task).where.parent if judged.measurement.public and task in task_ids() else None


def check_shown(
    judge_run: Path, judged: Path | None, rubric: Path | None, suite: Path | None, other: Path | None
) -> int:
    """Check that a judge was shown the answers of the run that its plan names, all of them; how many prompts.

    Raises VerificationError, saying which prompt is not that, and InputError where a run or the rubric is not here.
    """
    from steelyard.auditing.judged import is_judging, shown_prompts
    from steelyard.evidence.verify import verify_integrity
    from steelyard.judging.shown import why_not_shown
    from steelyard.storage.run_folder import RunFolder

    run = RunFolder.open(judge_run)
    if not is_judging(run.plan):
        raise InputError("is no run of a judge", where=judge_run)
    verify_integrity(judge_run)
    found, read = judged_by(run, judged, rubric, suite)
    others: Sequence[JudgedAnswer] = ()
    if OTHER in run.plan.inputs:
        if other is None:
            raise InputError("compares two runs: name the second one with --other", where=judge_run)
        role = judged_role(run.plan, OTHER)
        others = open_judged(other, suite=suite, of=run.plan.inputs[OTHER].sha256, role=role).answers
    prompts = shown_prompts(run)
    if prompts is None:
        raise InputError("its texts are withheld: check it where it was made", where=judge_run)
    if reason := why_not_shown(prompts, found.answers, read, others):
        raise VerificationError(f"{judge_run}: {reason}")
    return len(prompts)


def _measurements(run: RunFolder, task: str) -> dict[str, Measurement]:
    """The measurements of one task whose answers can be judged, by the role of the model that was asked."""
    from steelyard.judging.items import role_order

    asked = [each for each in run.plan.measurements if each.kind == "generate" and not each.again]
    named = [each for each in asked if each.task == task] if task else asked
    waiting = [each for each in named if any(name_of(name) == "judged" for name in each.scorers)]
    named = sorted(waiting or named, key=lambda each: role_order(each.role))
    found = {each.role: each for each in named}
    if len(found) != len(named) or len({each.task for each in named}) != 1:
        known = ", ".join(dict.fromkeys(each.task for each in asked)) or "none"
        raise InputError(f"name the task whose answers are judged with --task; the run has: {known}", where=run.path)
    if named[0].public and not waiting:
        raise InputError(
            f"{named[0].task} is public and has a rule that scores it: a judge is for your own questions, and for "
            "benchmarks whose answers a judge grades",
            where=run.path,
        )
    return found


def _suite_of(run: RunFolder, measurement: Measurement, given: Path | None) -> SuiteTask | None:
    """The suite that was asked, which says who may see it; None for a run of plain files."""
    from steelyard.storage.local_settings import LocalSettings
    from steelyard.tasks.suite_file import is_suite
    from steelyard.tasks.suite_task import task_from_suite

    if not measurement.suite:
        return None
    noted = (run.local_settings() or LocalSettings()).tasks
    for path in [Path(each) for each in noted] if given is None else [given]:
        if not is_suite(path):
            continue
        suite = task_from_suite(path)
        if suite.suite == measurement.suite:
            return suite
        if suite.id == measurement.task:
            raise InputError("was changed after this run: a judge needs it as it was asked", where=suite.folder)
    raise InputError(
        f"the suite {measurement.task} is not where it was, and it says who may see the answers: name its folder with "
        "--suite",
        where=run.path,
    )


def _answers(run: RunFolder, measurements: Mapping[str, Measurement], are_several: bool) -> list[JudgedAnswer]:
    """The answers in the committed order; what never came is not judged."""
    from steelyard.auditing.answers import answers_of
    from steelyard.judging.items import JudgedAnswer, role_order
    from steelyard.records import SampleScore

    groups: dict[str, str] = {}
    roles = {each.id: role for role, each in measurements.items()}

    def wanted(score: SampleScore) -> bool:
        if score.measurement not in roles or score.position < 0:
            return False
        groups[score.sample] = score.group
        return True

    found = {}
    for each in answers_of(run, wanted):
        came = each.answer is not None and each.question is not None
        if came and (each.reading != "missing"):
            found[each.sample, each.repeat, each.measurement] = each
    ordered = sorted(found.values(), key=lambda each: (each.position, role_order(roles[each.measurement])))
    places: dict[str, int] = {}
    for each in ordered:
        places.setdefault(each.sample, len(places))
    if not ordered:
        raise InputError("has no answer to judge", where=run.path)
    return [
        JudgedAnswer(
            sample=each.sample,
            place=places[each.sample],
            question=each.question or "",
            answer=each.answer or "",
            reference=each.expected or "",
            repeat=each.repeat,
            group=groups[each.sample],
            role=roles[each.measurement] if are_several else "",
        )
        for each in ordered
    ]
