"""From a sealed run to a judge's run over it: which answers, which rubric, who may see them, and the folder of both."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.records import JUDGE, SUBJECT, Measurement, PlanInput, SuiteItem

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import Conducted, Job, OnInterrupt
    from steelyard.evidence.keys import KeySigner
    from steelyard.judging.items import JudgedAnswer
    from steelyard.judging.rubric import Rubric
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["JudgeRequest", "JudgedRun", "JudgingJob", "judge", "judging_job", "open_judged", "rubric_of"]

JUDGED_SUITE: Final = "judged"
CHECKS_SUITE: Final = "checks"
ATTACKED_SUITE: Final = "attacked"
_ABOUT: Final = {
    JUDGED_SUITE: "answers of a run, for its judge",
    CHECKS_SUITE: "the same answers again, to see how steady the judge is",
    ATTACKED_SUITE: "texts that do not answer their questions, to see what deceives the judge",
}
OTHER: Final = "other"  # the role of the second run of a pair
MAX_TOKENS: Final = 512  # of a judge's reasons and verdict


@dataclass(frozen=True)
class JudgeRequest:
    """What a user asks of a judge.

    ``run`` is judged, against ``other`` where that is given. ``rubric`` and ``suite`` are paths, for a run whose suite
    names no rubric, or lies elsewhere than where it was asked. ``checks`` answers are judged again, ``attacks`` prompts
    are spent on detector D7. ``folder`` gets the suites that the judge answers.
    """

    run: Path
    other: Path | None = None
    rubric: Path | None = None
    suite: Path | None = None
    task: str = ""
    checks: int = 20
    attacks: int = 50
    folder: Path | None = None


@dataclass(frozen=True)
class JudgedRun:
    """A sealed run with its answers, and its private suite where it is one of a suite."""

    run: RunFolder
    measurement: Measurement
    suite: SuiteTask | None
    answers: Sequence[JudgedAnswer] = field(repr=False)

    @property
    def seal(self) -> PlanInput:
        """The run as an input of the judge's plan: the SHA-256 of its seal."""
        data = (self.run.path / layout.BUNDLE).read_bytes()
        return PlanInput(kind="judged_run", sha256=sha256(data).hexdigest())


@dataclass(frozen=True)
class JudgingJob:
    """A judge's run that can be planned, with the arguments that open its models, and the folder of its suites."""

    job: Job
    args: RunArguments
    folder: Path

    def remove(self) -> None:
        """Remove the suites, which nothing was asked of."""
        shutil.rmtree(self.folder, ignore_errors=True)


# ── the run that is judged ──────────────────────────────────────────────────────────────────────────────────────────


def open_judged(path: Path, task: str = "", suite: Path | None = None, of: str = "") -> JudgedRun:
    """Open a sealed run for a judge, with the suite that it asked; ``of`` is the SHA-256 that its seal must have.

    Raises InputError where it is not finished, its texts are withheld, it asks several tasks and none is named, its
    samples are public, or its suite is not where it was; VerificationError where it was changed.
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
    measurement = _measurement(run, task)
    found = _suite_of(run, measurement, suite)
    return JudgedRun(run, measurement, found, _answers(run, measurement))


def _measurement(run: RunFolder, task: str) -> Measurement:
    asked = [each for each in run.plan.measurements if each.kind == "generate" and not each.again]
    named = [each for each in asked if each.task == task] if task else asked
    waiting = [each for each in named if any(name.startswith("judged") for name in each.scorers)]
    named = waiting or named
    if len(named) != 1:
        known = ", ".join(dict.fromkeys(each.task for each in asked)) or "none"
        raise InputError(f"name the task whose answers are judged with --task; the run has: {known}", where=run.path)
    if named[0].public:
        raise InputError(
            f"{named[0].task} is public, and a judge is for your own questions: its texts would be sealed with "
            "the judge's answers",
            where=run.path,
        )
    return named[0]


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


def _answers(run: RunFolder, measurement: Measurement) -> list[JudgedAnswer]:
    """The answers in the committed order; what never came is not judged."""
    from steelyard.auditing.answers import answers_of
    from steelyard.judging.items import JudgedAnswer
    from steelyard.records import SampleScore

    groups: dict[str, str] = {}

    def wanted(score: SampleScore) -> bool:
        if score.measurement != measurement.id or score.position < 0:
            return False
        groups[score.sample] = score.group
        return True

    found = {}
    for each in answers_of(run, wanted):
        came = each.answer is not None and each.question is not None
        if came and (each.reading != "missing"):
            found[each.sample, each.repeat] = each
    ordered = sorted(found.values(), key=lambda each: each.position)
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
        )
        for each in ordered
    ]


# ── what the judge is asked ─────────────────────────────────────────────────────────────────────────────────────────


def judging_job(wanted: JudgeRequest, args: RunArguments) -> JudgingJob:
    """Make the suites that a judge answers, and what asks them; nothing is sent.

    ``args.models`` holds the judge alone. Raises InputError as :func:`open_judged` does, for a rubric that there is not
    or that cannot be read, and where the judge's address may not see the suite: then nothing is made.
    """
    from steelyard.api.conduct import measurements_job
    from steelyard.api.may_see import check_addresses
    from steelyard.api.models import recipient_of
    from steelyard.api.options import options_of
    from steelyard.planning.build import RunRequest

    if set(args.models) != {JUDGE}:
        raise InputError("a judge is one model in its own role: give --model judge=URI")
    judged = open_judged(wanted.run, wanted.task, wanted.suite)
    other = None if wanted.other is None else open_judged(wanted.other, wanted.task, wanted.suite)
    suites = [each.suite for each in (judged, other) if each is not None and each.suite is not None]
    check_addresses(suites, {JUDGE: recipient_of(args.models[JUDGE])})
    rubric, where = rubric_of(judged, wanted.rubric)
    items = _items(wanted, judged, other, rubric, where)
    folder = wanted.folder or _free(wanted.run.with_name(f"{wanted.run.name}-judging"))
    inputs = {"run": judged.seal, "rubric": PlanInput(kind="rubric", sha256=_digest(rubric))}
    inputs |= {} if other is None else {OTHER: other.seal}
    paths = _write(folder, items, judged, other, inputs, args, rubric.language)
    options = replace(options_of(args), task_files=paths, inputs=inputs)
    recorded = {SUBJECT: _recorded(judged)} | ({} if other is None else {OTHER: _recorded(other)})
    requests = [RunRequest(task=name, role=JUDGE) for name in items]
    job = measurements_job(requests, options, JUDGED_SUITE)
    args = replace(args, models=recorded | dict(args.models))
    shown = [(each.suite, each.answers) for each in (judged, other) if each is not None and each.suite is not None]
    return JudgingJob(replace(job, begun=partial(_note_shown, shown, args)), args, folder)


def _recorded(judged: JudgedRun) -> str:
    return f"recorded:{judged.run.path.resolve()}"


def _note_shown(shown: Sequence[tuple[SuiteTask, Sequence[JudgedAnswer]]], args: RunArguments, run: RunFolder) -> None:
    """Put on record, in the suites that were judged, that the judge gets their items."""
    from steelyard.api.suites import note_shown

    for suite, answers in shown:
        note_shown(suite, {each.sample for each in answers}, args.models[JUDGE], run)


async def judge(
    wanted: JudgeRequest, args: RunArguments, signer: KeySigner | None, on_interrupt: OnInterrupt | None = None
) -> Conducted:
    """Have a judge score a run, to a seal of its own.

    Raises as :func:`judging_job` and :func:`steelyard.api.conduct.conduct` do. Where no plan was sealed, the suites
    that were made for it are removed.
    """
    from steelyard.api.conduct import conduct

    made = judging_job(wanted, args)
    begun = []

    def note(run: RunFolder) -> None:
        begun.append(run)
        made.job.begun(run)

    try:
        return await conduct(replace(made.job, begun=note), made.args, signer, on_interrupt)
    finally:
        if not begun:
            made.remove()


def rubric_of(judged: JudgedRun, given: Path | None = None) -> tuple[Rubric, Path]:
    """The rubric, and its file: the one that is given, else the suite's. Raises InputError where there is none."""
    from steelyard.judging.rubric import read_rubric
    from steelyard.scorers import open_identifier
    from steelyard.scorers.judged import Judged

    named = ""
    for identifier in judged.measurement.scorers:
        with suppress(InputError):
            scorer = open_identifier(identifier)
            named = scorer.rubric if isinstance(scorer, Judged) else named
    path = given or (judged.suite.folder / named if judged.suite and named else None)
    if path is None:
        raise InputError(
            "by which rubric? Name it with --rubric FILE, or in the suite as scorer: {name: judged, rubric: "
            "graders/NAME.yaml}",
            where=judged.run.path,
        )
    return read_rubric(path), path


def _digest(rubric: Rubric) -> str:
    from steelyard.judging.rubric import rubric_digest

    return rubric_digest(rubric)


def _items(
    wanted: JudgeRequest, judged: JudgedRun, other: JudgedRun | None, rubric: Rubric, where: Path
) -> dict[str, list[SuiteItem]]:
    """The items of each suite; a suite without any is left out."""
    from steelyard.judging.items import attacked_items, check_items, judged_items, pair_items

    prompts, nonce = rubric.prompts(str(where)), secrets.token_hex(16)
    if other is not None:
        return {JUDGED_SUITE: pair_items(_pairs(judged, other), rubric, prompts, nonce)}
    items = {
        JUDGED_SUITE: judged_items(judged.answers, rubric, prompts, nonce),
        CHECKS_SUITE: check_items(judged.answers, rubric, prompts, nonce, wanted.checks),
        ATTACKED_SUITE: attacked_items(judged.answers, rubric, prompts, nonce, wanted.attacks),
    }
    return {name: each for name, each in items.items() if each}


def _pairs(judged: JudgedRun, other: JudgedRun) -> list[tuple[JudgedAnswer, JudgedAnswer]]:
    """The first answers of two runs to the same questions; raises InputError where there is none."""
    others = {(each.sample, each.question): each for each in other.answers if each.repeat == 0}
    found = [
        (each, others[each.sample, each.question])
        for each in judged.answers
        if each.repeat == 0 and (each.sample, each.question) in others
    ]
    if not found:
        raise InputError(f"has no question in common with {judged.run.path}", where=other.run.path)
    return found


# ── the folder ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _free(folder: Path) -> Path:
    """The folder, or the first free one with a number: judgings by other judges and rubrics lie beside each other."""
    found, number = folder, 1
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found


def _write(
    folder: Path,
    items: dict[str, list[SuiteItem]],
    judged: JudgedRun,
    other: JudgedRun | None,
    inputs: dict[str, PlanInput],
    args: RunArguments,
    language: str,
) -> tuple[Path, ...]:
    from steelyard.api.models import recipient_of
    from steelyard.evidence.canonical import canonical, sha256_hex
    from steelyard.suites.encrypting import encrypt_suite
    from steelyard.suites.writing import new_suite
    from steelyard.tasks.definition import PromptFormat
    from steelyard.tasks.suite_file import SuiteFile
    from steelyard.tasks.suite_task import task_from_suite

    address = recipient_of(args.models[JUDGE])
    plain = SuiteFile(suite=JUDGED_SUITE, endpoints=(address,) if address else ())
    given = plain if judged.suite is None else judged.suite.file
    of = "pair" if other is not None else ""
    for name, each in items.items():
        suite = SuiteFile(
            suite=name,
            about=_ABOUT[name],
            language="de" if language == "de" else "en",
            endpoints=given.endpoints,
            readers=given.readers,
            canary=given.canary,
            scorer={"name": "verdict"} | ({"of": of} if of else {}),
            prompts={"judge": PromptFormat(prompt="{{ question }}", chat=True, max_tokens=MAX_TOKENS)},
            judged=sha256_hex(canonical({key: value.sha256 for key, value in inputs.items()})),
        )
        new_suite(folder / name, suite, each, [])
        if judged.suite is not None and judged.suite.rows.is_encrypted:
            encrypt_suite(task_from_suite(folder / name))
    return tuple(folder / name for name in items)
