"""A run that somebody else's harness made, written as one of ours: plan, samples, journal, texts, reports and seal.

The journal holds what the log holds, in the log's order, each answer at its place in an order that is committed as for
any other run. No claim is tested: a row is an estimate. That the calls were not seen by us stands in the plan.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import (
    Attempt,
    Claim,
    ClaimSheet,
    GenerateRequest,
    ModelIdentity,
    ModelOutput,
    Origin,
    Outcome,
    Plan,
    PlanRow,
    Protocol,
    RecordedScore,
    Verdict,
)
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.planning.samples import Prepared
    from steelyard.storage.journal import Journal, Texts

__all__ = ["ImportedItem", "ImportedLog", "ImportedTask", "write_imported_run"]

ALPHA = 0.05
TOLERANCE = "2"
# What a harness says of its own score is printed with few decimals.
REPORTED_TOLERANCE = 5e-4


def write_imported_run(
    run: Path,
    tasks: Sequence[ImportedTask],
    origin: Origin,
    model: ModelIdentity,
    signer: Any = None,
    *,
    with_texts: bool = False,
) -> Verdict:
    """Write and seal the run; nothing is left at ``run`` where that fails.

    Raises InputError for a folder that is not empty, a task without items, one call that stands twice in the log, one
    sample id with two contents, and marks outside [0, 1].
    """
    from steelyard.auditing.finalize import checkpoint, finalize

    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise InputError("is not an empty folder: choose another --out", where=run)
    surveys = [survey_of(task) for task in tasks]
    plan, prepared = _plan(tasks, surveys, origin, model, with_texts=with_texts)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{run.name}-", dir=run.parent))
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=run) from None
    try:
        _fill(partial, plan, prepared, tasks, surveys, signer)
        checkpoint(partial, signer)
        verdict = finalize(partial, signer)
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
    from importlib.metadata import version

    from steelyard.detectors.claim_retest_plan import seal_row
    from steelyard.planning.samples import Prepared

    claims = tuple(
        Claim(
            task=clean(task.name),
            value="0",
            shots=task.shots,
            protocol=Protocol(prompt=task.cell, harness=origin.harness),
        )
        for task in tasks
    )
    sheet = ClaimSheet(
        model=model.name or model.uri, claims=claims, digest=sha256_hex(canonical(msgspec.to_builtins(claims)))
    )
    prepared: dict[str, Prepared] = {}
    for number, (task, survey) in enumerate(zip(tasks, surveys, strict=True)):
        # The order follows from the log, so that one log always gives the same run.
        row = seal_row(_row(number, task, survey), claims[number], ALPHA, len(tasks), origin.sha256)
        prepared[row.id] = Prepared(row=row, samples=(), digests=survey.digests)
    plan = Plan(
        software=software(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sheet=sheet,
        model=model,
        alpha=ALPHA,
        tolerance=TOLERANCE,
        rows=tuple(each.row for each in prepared.values()),
        origin=origin,
        max_attempts=1,  # a log tells how a call ended, not how often it was tried
        texts="sealed" if with_texts else "withheld",  # whose the questions are, a log does not say
        plugins={task.scorer: version("steelyard") for task in tasks},
    )
    return plan, prepared


def _row(number: int, task: ImportedTask, survey: Survey) -> PlanRow:
    import re

    from steelyard.evidence.merkle import root
    from steelyard.scorers import open_identifier

    assert survey.first is not None
    request = survey.first.request
    kind: Literal["generate", "loglikelihood"] = "generate" if isinstance(request, GenerateRequest) else "loglikelihood"
    temperature = request.temperature if isinstance(request, GenerateRequest) else 0.0
    return PlanRow(
        id=f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task.name)[:100]}",
        claim=number,
        task=clean(task.name),
        cell=task.cell,
        shots=task.shots,
        chat=isinstance(request, GenerateRequest) and request.chat,
        differences=(*task.differences, *_told_of_marks(task, survey)),
        scorer=open_identifier(task.scorer).identifier,
        kind=kind,
        decoding="sampled" if temperature else "greedy",
        temperature=temperature,
        population=len(survey.digests),
        repeats=survey.repeats,
        samples_root=root(digest.encode() for digest in survey.digests).hex(),
        order_seed="",
        tolerance=TOLERANCE,
        threshold=0,
        alpha_inconsistent=ALPHA,
        alpha_consistent=ALPHA,
        stop_inconsistent=(),
        stop_consistent=(),
        weight=1.0,
        share=1.0,
        public=task.public,
        estimate=True,
    )


def _told_of_marks(task: ImportedTask, survey: Survey) -> Iterator[str]:
    """What a reader must know of the log's own marks: partial credit, and a stated score that they do not give."""
    if not survey.marks or not _takes_marks(task.scorer):
        return
    mean = math.fsum(survey.marks) / len(survey.marks)
    partial = sum(0 < mark < 1 for mark in survey.marks)
    if partial:
        yield (
            f"{partial:,} of the {len(survey.marks):,} marks give partial credit. They are kept as they are; "
            f"only a full mark counts as right here. The mean of the marks is {mean:.4f}."
        )
    if task.reported is not None and abs(task.reported - mean) > REPORTED_TOLERANCE:
        yield f"The log states a score of {task.reported:.4f}; the mean of its own marks is {mean:.4f}."


def _takes_marks(scorer: str) -> bool:
    from steelyard.scorers import open_identifier

    return bool(getattr(open_identifier(scorer), "executes", False))


# ── second pass: what is kept ───────────────────────────────────────────────────────────────────────────────────────


def _fill(
    run: Path,
    plan: Plan,
    prepared: Mapping[str, Prepared],
    tasks: Sequence[ImportedTask],
    surveys: Sequence[Survey],
    signer: Any,
) -> None:
    from steelyard.storage.journal import Header, Journal, Texts
    from steelyard.storage.run_folder import create

    sealed = create(run, plan, prepared, signer, {})
    texts = Texts(run)
    journal = Journal.create(run, Header(plan=sealed.sha256, software=plan.software))
    try:
        for row, task, survey in zip(plan.rows, tasks, surveys, strict=True):
            _Writer(row, survey, journal, texts, _takes_marks(task.scorer)).write(task)
    finally:
        texts.close()
        journal.close()


class _Writer:
    """Writes one row's calls: each attempt, and behind it the mark that the log gives."""

    def __init__(self, row: PlanRow, survey: Survey, journal: Journal, texts: Texts, takes_marks: bool) -> None:
        from steelyard.runner import order_of

        self._row = row
        self._survey = survey
        self._journal = journal
        self._texts = texts
        self._takes_marks = takes_marks
        self._positions = array("q", bytes(8 * row.cells))
        for position, cell in enumerate(order_of(row)):
            self._positions[cell] = position
        self._written = bytearray(row.cells)
        self._requests = bytearray(32 * row.population)

    def write(self, task: ImportedTask) -> None:
        for item in task.items:
            self._write(item)
        if all(self._written):
            return
        ids = list(self._survey.index)
        absent = ModelOutput(outcome=Outcome.DROPPED, detail="not in the log")
        for cell in range(len(self._written)):
            if not self._written[cell]:
                place, repeat = divmod(cell, self._row.repeats)
                self._append(ids[place], place, repeat, absent)

    def _write(self, item: ImportedItem) -> None:
        sample = kept_sample(item.sample)
        answer = kept_answer(item.answer)
        if self._takes_marks and answer.outcome.answered and item.mark is None:
            answer = msgspec.structs.replace(
                answer, outcome=Outcome.MALFORMED, detail="the log holds no mark of this answer"
            )
        place = self._survey.index.get(sample.id)
        if place is None or self._survey.digests[place] != self._texts.add(canonical(sample).decode()):
            raise refused(f"{self._row.task}: the log changed while it was read")
        self._requests[32 * place : 32 * place + 32] = sha256(canonical(sample.request)).digest()
        self._append(sample.id, place, item.repeat, answer, item.started_us, item.elapsed_us)
        if self._takes_marks and answer.outcome.answered and item.mark is not None:
            self._journal.append(
                RecordedScore(
                    row=self._row.id,
                    sample=sample.id,
                    repeat=item.repeat,
                    scorer=self._row.scorer,
                    value=item.mark.value,
                    parsed=item.mark.parsed,
                    note=clean(item.mark.note)[:200],
                )
            )

    def _append(
        self, sample: str, place: int, repeat: int, answer: ModelOutput, started_us: int = 0, elapsed_us: int = 0
    ) -> None:
        cell = place * self._row.repeats + repeat
        self._written[cell] = 1
        self._journal.append(
            Attempt(
                seq=0,
                prev="",
                row=self._row.id,
                position=self._positions[cell],
                sample=sample,
                item=self._survey.digests[place],
                repeat=repeat,
                attempt=1,
                request=self._requests[32 * place : 32 * place + 32].hex(),
                outcome=answer.outcome,
                final=True,
                answer=self._texts.add(answer.text),
                logprobs=answer.logprobs,
                finish_reason=answer.finish_reason[:40],
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                model=answer.model[:200],
                detail=answer.detail[:200],
                started_us=started_us,
                elapsed_us=elapsed_us,
            )
        )
