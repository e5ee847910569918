"""From a sealed run to a judge's run over it: which answers, which rubric, who may see them, and the folder of both."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.api.judged_run import OTHER, JudgedRun, open_judged, rubric_of
from steelyard.errors import InputError
from steelyard.records import JUDGE, SUBJECT, PlanInput, SuiteItem

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import Conducted, Job, OnInterrupt
    from steelyard.evidence.keys import KeySigner
    from steelyard.judging.items import JudgedAnswer
    from steelyard.judging.rubric import Rubric
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["JudgeRequest", "JudgingJob", "judge", "judging_job"]

JUDGED_SUITE: Final = "judged"
CHECKS_SUITE: Final = "checks"
ATTACKED_SUITE: Final = "attacked"
_ABOUT: Final = {
    JUDGED_SUITE: "answers of a run, for its judge",
    CHECKS_SUITE: "the same answers again, to see how steady the judge is",
    ATTACKED_SUITE: "texts that do not answer their questions, to see what deceives the judge",
}
MAX_TOKENS: Final = 512  # of a judge's reasons and verdict


@dataclass(frozen=True)
class JudgeRequest:
    """What a user asks of a judge.

    ``run`` is judged, against ``other`` where that is given; ``RUN#candidate-2`` is one of the models of a run that
    asked several. ``rubric`` and ``suite`` are paths, for a run whose suite
    names no rubric, or lies elsewhere than where it was asked. ``checks`` answers are judged again, ``attacks`` texts
    are shown for detector D7, against ``other`` each in both seats. ``folder`` gets the suites that the judge answers.
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
class JudgingJob:
    """A judge's run that can be planned, with the arguments that open its models, and the folder of its suites."""

    job: Job
    args: RunArguments
    folder: Path

    def remove(self) -> None:
        """Remove the suites, which nothing was asked of."""
        shutil.rmtree(self.folder, ignore_errors=True)


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
    judged = _opened(wanted.run, wanted)
    other = None if wanted.other is None else _opened(wanted.other, wanted)
    suites = [each.suite for each in (judged, other) if each is not None and each.suite is not None]
    check_addresses(suites, {JUDGE: recipient_of(args.models[JUDGE])})
    rubric, where = rubric_of(judged, wanted.rubric)
    items = _items(wanted, judged, other, rubric, where)
    folder = wanted.folder or _free(judged.run.path.with_name(f"{judged.run.path.name}-judging"))
    inputs = {"run": judged.seal, "rubric": PlanInput(kind="rubric", sha256=_digest(rubric))}
    inputs |= {} if other is None else {OTHER: other.seal}
    paths = _write(folder, items, judged, other, inputs, args, rubric.language)
    options = replace(options_of(args), task_files=paths, inputs=inputs, published=judged.measurement.public)
    recorded = judged.recordings | ({} if other is None else {OTHER: other.recordings[SUBJECT]})
    requests = [RunRequest(task=name, role=JUDGE) for name in items]
    job = measurements_job(requests, options, JUDGED_SUITE)
    args = replace(args, models=recorded | dict(args.models))
    shown = [(each.suite, each.answers) for each in (judged, other) if each is not None and each.suite is not None]
    remarks = tuple(_not_shown(each) for each in (judged, other) if each is not None and each.measurement.images)
    return JudgingJob(replace(job, begun=partial(_note_shown, shown, args), remarks=remarks), args, folder)


def _opened(given: Path, wanted: JudgeRequest) -> JudgedRun:
    """The run, or one of its models; against another one a single model's answers stand."""
    from steelyard.storage.run_folder import place_and_role

    path, role = place_and_role(str(given))
    found = open_judged(path, wanted.task, wanted.suite, role=role)
    if wanted.other is not None and len(found.roles) > 1:
        raise InputError(
            f"asked several models ({', '.join(found.roles)}): name the one to compare as {path}#{found.roles[-1]}",
            where=path,
        )
    return found


def _not_shown(judged: JudgedRun) -> str:
    return f"{judged.measurement.task}: its questions show images, which no judge is shown: it reads their texts alone"


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


def _digest(rubric: Rubric) -> str:
    from steelyard.judging.rubric import rubric_digest

    return rubric_digest(rubric)


def _items(
    wanted: JudgeRequest, judged: JudgedRun, other: JudgedRun | None, rubric: Rubric, where: Path
) -> dict[str, list[SuiteItem]]:
    """The items of each suite; a suite without any is left out."""
    from steelyard.judging.attacks import arm_sizes
    from steelyard.judging.items import attacked_items, attacked_pair_items, check_items, judged_items, pair_items

    prompts, nonce = rubric.prompts(str(where)), secrets.token_hex(16)
    if other is not None:
        pairs = _pairs(judged, other)
        sizes = arm_sizes(len(pairs), wanted.attacks)
        items = {
            JUDGED_SUITE: pair_items(pairs, rubric, prompts, nonce),
            ATTACKED_SUITE: attacked_pair_items(pairs, rubric, prompts, nonce, sizes),
        }
    else:
        sizes = arm_sizes(len({each.sample for each in judged.answers}), wanted.attacks)
        items = {
            JUDGED_SUITE: judged_items(judged.answers, rubric, prompts, nonce),
            CHECKS_SUITE: check_items(judged.answers, rubric, prompts, nonce, wanted.checks),
            ATTACKED_SUITE: attacked_items(judged.answers, rubric, prompts, nonce, sizes),
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
