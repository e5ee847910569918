"""A run that somebody else's harness made, written as one of ours: plan, samples, journal, texts, reports and seal.

The journal holds what the log holds, in the log's order, each answer at its place in an order that is committed as for
any other run. Nothing is tested. That the calls were not seen by us stands in the plan.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.adapters.imported_log import (
    ImportedItem,
    ImportedLog,
    ImportedTask,
    Survey,
    clean,
    kept_answer,
    kept_sample,
    survey_of,
)
from steelyard.adapters.untrusted_json import refused
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.plugins import ExecutingScorer, distribution_of
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    GenerateRequest,
    Measurement,
    ModelIdentity,
    ModelOutput,
    Origin,
    Outcome,
    Plan,
    PlannedModel,
    RecordedScore,
    Verdict,
)
from steelyard.storage.journal.attempts import attempt_of
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.samples import Prepared
    from steelyard.storage.journal.texts import Texts
    from steelyard.storage.journal.writer import Journal
    from steelyard.storage.run_folder import RunFolder

__all__ = ["ImportedItem", "ImportedLog", "ImportedTask", "write_imported_run"]

ALPHA = 0.05
# What a harness says of its own score is printed with few decimals.
REPORTED_TOLERANCE = 5e-4


def write_imported_run(
    run: Path,
    tasks: Sequence[ImportedTask],
    origin: Origin,
    model: ModelIdentity,
    signer: KeySigner | None = None,
    *,
    with_texts: bool = False,
) -> Verdict:
    """Write and seal the run; nothing is left at ``run`` where that fails.

    Raises InputError for a folder that is not empty, a task without items, one call that stands twice in the log, one
    sample id with two contents, and scores outside [0, 1].
    """
    from steelyard.auditing.finalize import checkpoint, finalize
    from steelyard.storage.run_folder import check_new_folder

    check_new_folder(run)
    surveys = [survey_of(task) for task in tasks]
    plan, prepared = _plan(tasks, surveys, origin, model, with_texts=with_texts)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{run.name}-", dir=run.parent))
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=run) from None
    try:
        filled = _fill(partial, plan, prepared, tasks, surveys, signer)
        checkpoint(filled, signer)
        verdict = finalize(filled, signer)
        partial.replace(run)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return verdict


# ── the plan ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plan(
    tasks: Sequence[ImportedTask],
    surveys: Sequence[Survey],
    origin: Origin,
    model: ModelIdentity,
    *,
    with_texts: bool,
) -> tuple[Plan, dict[str, Prepared]]:
    from steelyard.planning.orders import seed_of
    from steelyard.planning.samples import Prepared

    drafts = [_measurement(number, *each) for number, each in enumerate(zip(tasks, surveys, strict=True))]
    # The order follows from the log, so that one log always gives the same run.
    measurements = tuple(
        msgspec.structs.replace(each, order_seed=seed_of(f"{origin.sha256}:{each.id}", ""), share=1.0 / len(drafts))
        for each in drafts
    )
    prepared = {
        each.id: Prepared(measurement=each, samples=(), digests=survey.digests)
        for each, survey in zip(measurements, surveys, strict=True)
    }
    names = {re.split(r"[@\[]", task.scorer)[0] for task in tasks}
    plan = Plan(
        format=PLAN_FORMAT,
        software=software(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        # A log tells how a call ended, not how often it was tried.
        models={SUBJECT: PlannedModel(identity=model, max_attempts=1)},
        measurements=measurements,
        alpha=ALPHA,
        origin=origin,
        texts="sealed" if with_texts else "withheld",  # whose the questions are, a log does not say
        plugins={f"scorer.{name}": distribution_of("scorer", name) for name in sorted(names)},
    )
    return plan, prepared


def _measurement(number: int, task: ImportedTask, survey: Survey) -> Measurement:
    from steelyard.evidence.merkle import root
    from steelyard.scorers import open_identifier

    assert survey.first is not None
    request = survey.first.request
    kind: Literal["generate", "loglikelihood"] = "generate" if isinstance(request, GenerateRequest) else "loglikelihood"
    temperature = request.temperature if isinstance(request, GenerateRequest) else 0.0
    return Measurement(
        id=f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task.name)[:100]}",
        task=clean(task.name),
        prompt=task.prompt,
        shots=task.shots or 0,
        chat=isinstance(request, GenerateRequest) and request.chat,
        differences=(*task.differences, *_remarks_on_scores(task, survey)),
        scorers=(open_identifier(task.scorer).identifier,),
        kind=kind,
        decoding="sampled" if temperature else "greedy",
        temperature=temperature,
        population=len(survey.digests),
        repeats=survey.repeats,
        samples_root=root(digest.encode() for digest in survey.digests).hex(),
        order_seed="",
        order_by="sample",
        public=task.public,
    )


def _remarks_on_scores(task: ImportedTask, survey: Survey) -> Iterator[str]:
    """What a reader must know of the log's own scores: partial credit, and a stated score that they do not give."""
    if not survey.scores or not _takes_scores(task.scorer):
        return
    mean = math.fsum(survey.scores) / len(survey.scores)
    partial = sum(0 < score < 1 for score in survey.scores)
    if partial:
        yield (
            f"{partial:,} of the {len(survey.scores):,} scores give partial credit. They are kept as they are; "
            f"only a full score counts as right here. The mean of the scores is {mean:.4f}."
        )
    if task.reported is not None and abs(task.reported - mean) > REPORTED_TOLERANCE:
        yield f"The log states a score of {task.reported:.4f}; the mean of its own scores is {mean:.4f}."


def _takes_scores(scorer: str) -> bool:
    from steelyard.scorers import open_identifier

    return isinstance(open_identifier(scorer), ExecutingScorer)


# ── second pass: what is kept ───────────────────────────────────────────────────────────────────────────────────────


def _fill(
    path: Path,
    plan: Plan,
    prepared: Mapping[str, Prepared],
    tasks: Sequence[ImportedTask],
    surveys: Sequence[Survey],
    signer: KeySigner | None,
) -> RunFolder:
    from steelyard.storage.journal.lines import new_header
    from steelyard.storage.journal.texts import Texts
    from steelyard.storage.journal.writer import Journal
    from steelyard.storage.run_folder import RunFolder

    run = RunFolder.create(path, plan, prepared, signer)
    texts = Texts(path)
    journal = Journal.create(path, new_header(plan=run.plan_sha256, software=plan.software))
    try:
        for measurement, task, survey in zip(plan.measurements, tasks, surveys, strict=True):
            _Writer(measurement, survey, journal, texts, _takes_scores(task.scorer)).write(task)
    finally:
        texts.close()
        journal.close()
    return run


class _Writer:
    """Writes one measurement's calls: each attempt, and behind it the score that the log gives."""

    def __init__(
        self, measurement: Measurement, survey: Survey, journal: Journal, texts: Texts, takes_scores: bool
    ) -> None:
        from steelyard.planning.order import order_of

        self._measurement = measurement
        self._survey = survey
        self._journal = journal
        self._texts = texts
        self._takes_scores = takes_scores
        self._positions = array("q", bytes(8 * measurement.trials))
        for position, trial in enumerate(order_of(measurement)):
            self._positions[trial] = position
        self._written = bytearray(measurement.trials)
        self._requests = bytearray(32 * measurement.population)

    def write(self, task: ImportedTask) -> None:
        for item in task.items:
            self._write(item)
        if all(self._written):
            return
        ids = list(self._survey.index)
        absent = ModelOutput(outcome=Outcome.DROPPED, detail="not in the log")
        for trial in range(len(self._written)):
            if not self._written[trial]:
                place, repeat = divmod(trial, self._measurement.repeats)
                self._append(ids[place], place, repeat, absent)

    def _write(self, item: ImportedItem) -> None:
        sample = kept_sample(item.sample)
        answer = kept_answer(item.answer)
        if self._takes_scores and answer.outcome.answered and item.score is None:
            answer = msgspec.structs.replace(
                answer, outcome=Outcome.MALFORMED, detail="the log holds no score of this answer"
            )
        place = self._survey.index.get(sample.id)
        if place is None or self._survey.digests[place] != self._texts.add(canonical(sample).decode()):
            raise refused(f"{self._measurement.task}: the log changed while it was read")
        self._requests[32 * place : 32 * place + 32] = sha256(canonical(sample.request)).digest()
        self._append(sample.id, place, item.repeat, answer, item.started_us, item.elapsed_us)
        if self._takes_scores and answer.outcome.answered and item.score is not None:
            self._journal.append(
                RecordedScore(
                    measurement=self._measurement.id,
                    sample=sample.id,
                    repeat=item.repeat,
                    scorer=self._measurement.scorers[0],
                    value=item.score.value,
                    parsed=item.score.parsed,
                    open=item.score.value is None,
                    note=clean(item.score.note)[:200],
                    group=sample.group,
                )
            )

    def _append(
        self, sample: str, place: int, repeat: int, answer: ModelOutput, started_us: int = 0, elapsed_us: int = 0
    ) -> None:
        trial = place * self._measurement.repeats + repeat
        self._written[trial] = 1
        self._journal.append(
            attempt_of(
                answer,
                self._texts,
                measurement=self._measurement.id,
                position=self._positions[trial],
                sample=sample,
                item=self._survey.digests[place],
                repeat=repeat,
                number=1,
                request=self._requests[32 * place : 32 * place + 32].hex(),
                final=True,
                started_us=started_us,
                elapsed_us=elapsed_us,
            )
        )
