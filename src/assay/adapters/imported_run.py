"""A run that somebody else's harness made, written as one of ours: plan, samples, journal, texts, reports and seal.

The journal holds what the log holds, in the log's order, each answer at its place in an order that is committed as for
any other run. No claim is tested: a row is an estimate. That the calls were not seen by us stands in the plan.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.adapters.foreign_json import refused
from assay.compact import Digests, Naturals
from assay.errors import InputError
from assay.evidence.canonical import canonical, sha256_hex
from assay.records import (
    Answer,
    Attempt,
    Claim,
    ClaimSheet,
    GenerateRequest,
    Mark,
    Marked,
    ModelIdentity,
    Origin,
    Outcome,
    Plan,
    PlanRow,
    Protocol,
    Sample,
    Verdict,
)

if TYPE_CHECKING:
    from assay.journal import Journal, Texts
    from assay.plan import Prepared

__all__ = ["ImportedItem", "ImportedLog", "ImportedTask", "write_imported_run"]

# As the runner: far beyond what a model says in one answer; a line of the journal's texts must stay readable.
LONGEST_ANSWER = 1_000_000
LONGEST_SAMPLE_BYTES = 4 * 2**20
MOST_REPEATS = 10_000
MOST_SAMPLES = 1 << 32
MOST_CELLS = 4_000_000  # a log may state more than it holds, and each of them becomes a record here
ALPHA = 0.05
TOLERANCE = "2"
# What a harness says of its own score is printed with few decimals.
REPORTED_TOLERANCE = 5e-4


@dataclass(frozen=True)
class ImportedItem:
    """One call of a log: what was asked, what came back, and the harness's own mark (in [0, 1]) where it gave one.

    ``repeat`` counts a sample's epochs from 0. Times are microseconds, 0 where the log does not say.
    """

    sample: Sample
    answer: Answer
    repeat: int = 0
    mark: Mark | None = None
    started_us: int = 0
    elapsed_us: int = 0


@dataclass(frozen=True)
class ImportedTask:
    """One task of a log. ``items`` is gone through twice, so that no log need fit into memory.

    ``scorer`` is an identifier: one that acts takes the items' own marks, any other marks the answers again. ``cell``
    says how the harness asked, in a word; ``reported`` is the score that the log itself states, a fraction; ``public``:
    the questions are known to be published.
    """

    name: str
    items: Iterable[ImportedItem]
    scorer: str
    cell: str
    shots: int = 0
    differences: tuple[str, ...] = ()
    reported: float | None = None
    public: bool = False


@dataclass(frozen=True)
class ImportedLog:
    """What an adapter reads: the tasks, where they come from, and the model as the log names it."""

    tasks: tuple[ImportedTask, ...]
    origin: Origin
    model: ModelIdentity


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
    from assay.conclude import checkpoint, conclude

    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise InputError("is not an empty folder: choose another --out", where=run)
    surveys = [_survey(task) for task in tasks]
    plan, prepared = _plan(tasks, surveys, origin, model, with_texts=with_texts)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{run.name}-", dir=run.parent))
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=run) from None
    try:
        _fill(partial, plan, prepared, tasks, surveys, signer)
        checkpoint(partial, signer)
        verdict = conclude(partial, signer)
        partial.replace(run)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return verdict


# ── first pass: what is there ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Survey:
    """What one pass over a task's items shows: a digest and a mark of each sample, and its id."""

    index: dict[str, int] = field(default_factory=dict)
    digests: Digests = field(default_factory=Digests)
    first: Sample | None = None
    repeats: int = 1
    marks: array[float] = field(default_factory=lambda: array("d"))


def _survey(task: ImportedTask) -> _Survey:
    found = _Survey()
    seen = Naturals()
    for item in task.items:
        sample = _kept_sample(item.sample)
        data = canonical(sample)
        if len(data) > LONGEST_SAMPLE_BYTES:
            raise refused(f"{task.name}: the sample {_short(sample.id)} is longer than a run can hold (4 MiB)")
        digest = sha256_hex(data)
        place = found.index.setdefault(sample.id, len(found.digests))
        if place == len(found.digests):
            found.digests.append(digest)
            found.first = found.first or sample
        elif found.digests[place] != digest:
            raise refused(f"{task.name}: the sample {_short(sample.id)} stands in the log with two contents")
        if not 0 <= item.repeat < MOST_REPEATS:
            raise refused(f"{task.name}: the sample {_short(sample.id)} has the repeat {item.repeat}")
        if not seen.add(item.repeat * MOST_SAMPLES + place):
            raise refused(f"{task.name}: the sample {_short(sample.id)} stands twice in the log: import one run alone")
        found.repeats = max(found.repeats, item.repeat + 1)
        if len(found.digests) * found.repeats > MOST_CELLS:
            raise refused(f"{task.name}: more than {MOST_CELLS:,} calls, which one import does not take")
        if item.mark is not None and item.answer.outcome.answered:
            found.marks.append(_checked(item.mark, task, sample))
    if found.first is None:
        raise refused(f"{task.name}: the log holds no samples of it")
    return found


def _checked(mark: Mark, task: ImportedTask, sample: Sample) -> float:
    if not 0 <= mark.value <= 1:
        raise refused(
            f"{task.name}: the mark of {_short(sample.id)} is {mark.value:g}, outside 0 to 1: "
            "choose another metric or scorer of the log"
        )
    return mark.value


def _short(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:39] + "…")


# ── the plan ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plan(
    tasks: Sequence[ImportedTask],
    surveys: Sequence[_Survey],
    origin: Origin,
    model: ModelIdentity,
    *,
    with_texts: bool,
) -> tuple[Plan, dict[str, Prepared]]:
    from importlib.metadata import version

    from assay.plan import Prepared, seal_row

    claims = tuple(
        Claim(
            task=_clean(task.name),
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
        assay=version("assay"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sheet=sheet,
        model=model,
        alpha=ALPHA,
        tolerance=TOLERANCE,
        rows=tuple(each.row for each in prepared.values()),
        origin=origin,
        max_attempts=1,  # a log tells how a call ended, not how often it was tried
        texts="sealed" if with_texts else "withheld",  # whose the questions are, a log does not say
        plugins={task.scorer: version("assay") for task in tasks},
    )
    return plan, prepared


def _row(number: int, task: ImportedTask, survey: _Survey) -> PlanRow:
    import re

    from assay.evidence.merkle import root
    from assay.scorers import open_identifier

    assert survey.first is not None
    request = survey.first.request
    kind: Literal["generate", "loglikelihood"] = "generate" if isinstance(request, GenerateRequest) else "loglikelihood"
    temperature = request.temperature if isinstance(request, GenerateRequest) else 0.0
    return PlanRow(
        id=f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task.name)[:100]}",
        claim=number,
        task=_clean(task.name),
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


def _told_of_marks(task: ImportedTask, survey: _Survey) -> Iterator[str]:
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
    from assay.scorers import open_identifier

    return bool(getattr(open_identifier(scorer), "acts", False))


# ── second pass: what is kept ───────────────────────────────────────────────────────────────────────────────────────


def _fill(
    run: Path,
    plan: Plan,
    prepared: Mapping[str, Prepared],
    tasks: Sequence[ImportedTask],
    surveys: Sequence[_Survey],
    signer: Any,
) -> None:
    from assay.journal import Header, Journal, Texts
    from assay.run_folder import create

    sealed = create(run, plan, prepared, signer, {})
    texts = Texts(run)
    journal = Journal.create(run, Header(plan=sealed.sha256, assay=plan.assay))
    try:
        for row, task, survey in zip(plan.rows, tasks, surveys, strict=True):
            _Writer(row, survey, journal, texts, _takes_marks(task.scorer)).write(task)
    finally:
        texts.close()
        journal.close()


class _Writer:
    """Writes one row's calls: each attempt, and behind it the mark that the log gives."""

    def __init__(self, row: PlanRow, survey: _Survey, journal: Journal, texts: Texts, takes_marks: bool) -> None:
        from assay.runner import committed_order

        self._row = row
        self._survey = survey
        self._journal = journal
        self._texts = texts
        self._takes_marks = takes_marks
        self._positions = array("q", bytes(8 * row.cells))
        for position, cell in enumerate(committed_order(row.order_seed, row.cells)):
            self._positions[cell] = position
        self._written = bytearray(row.cells)
        self._requests = bytearray(32 * row.population)

    def write(self, task: ImportedTask) -> None:
        for item in task.items:
            self._write(item)
        if all(self._written):
            return
        ids = list(self._survey.index)
        absent = Answer(outcome=Outcome.DROPPED, detail="not in the log")
        for cell in range(len(self._written)):
            if not self._written[cell]:
                place, repeat = divmod(cell, self._row.repeats)
                self._append(ids[place], place, repeat, absent)

    def _write(self, item: ImportedItem) -> None:
        sample = _kept_sample(item.sample)
        answer = _kept_answer(item.answer)
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
                Marked(
                    row=self._row.id,
                    sample=sample.id,
                    repeat=item.repeat,
                    scorer=self._row.scorer,
                    value=item.mark.value,
                    parsed=item.mark.parsed,
                    note=_clean(item.mark.note)[:200],
                )
            )

    def _append(
        self, sample: str, place: int, repeat: int, answer: Answer, started_us: int = 0, elapsed_us: int = 0
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


# ── what a run can keep ─────────────────────────────────────────────────────────────────────────────────────────────


def _kept_sample(sample: Sample) -> Sample:
    """Without lone surrogates, which no digest of UTF-8 can be taken of."""
    try:
        canonical(sample)
    except ValueError:
        return msgspec.convert(_deep_clean(msgspec.to_builtins(sample)), Sample)
    return sample


def _deep_clean(value: Any) -> Any:
    match value:
        case str():
            return _clean(value)
        case dict():
            return {key: _deep_clean(each) for key, each in value.items()}
        case list() | tuple():
            return [_deep_clean(each) for each in value]
    return value


def _kept_answer(answer: Answer) -> Answer:
    if len(answer.text) > LONGEST_ANSWER:
        return Answer(outcome=Outcome.MALFORMED, detail=f"the answer is longer than {LONGEST_ANSWER:,} characters")
    if not all(math.isfinite(value) for value in answer.logprobs):
        return Answer(outcome=Outcome.MALFORMED, detail="a log-likelihood is not finite", model=_clean(answer.model))
    return msgspec.structs.replace(
        answer,
        text=_clean(answer.text),
        detail=" ".join(_clean(answer.detail).split()),
        model=_clean(answer.model),
        finish_reason=_clean(answer.finish_reason),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
