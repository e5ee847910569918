"""Did published outputs come from these weights? Benchmark by benchmark, from a log and a file of weights.

A vendor that publishes its outputs sample by sample shows more than a score: greedy outputs of a model are its
likeliest tokens (:mod:`steelyard.models.transcripts`). For each benchmark of the log, *null*: on average at least
:data:`BAR` of an output's tokens are the weights' own; *consistent*: more than :data:`SHOWN` are. Bets text by text, in
the order that the import committed to (:mod:`steelyard.stats.mean_bets`); one level covers all benchmarks of the log
(Holm).

A prompt that the log does not show as it was put (a system prompt, another chat template) would make honest outputs
look foreign. So a benchmark is *inconsistent* only where another one of the same log, which was asked in the same way,
is *consistent*: that one shows that prompts are read as they were put. Where none is, it is *not testable*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from steelyard.auditing.scoring import output_of, sample_of
from steelyard.claims.decoding import TEMPERATURE_NOT_STATED
from steelyard.errors import ExitCode, InputError
from steelyard.records import (
    SUBJECT,
    Attempt,
    GenerateRequest,
    Measurement,
    ModelIdentity,
    ModelOutput,
    Sample,
    VerdictWord,
)
from steelyard.records.record import Record
from steelyard.stats.mean_bets import MeanBets, mean_interval
from steelyard.stats.multiplicity import adjusted_p
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder

__all__ = [
    "ALPHA",
    "BAR",
    "SHOWN",
    "PublishedOutputs",
    "PublishedRow",
    "ReadShare",
    "decided_again",
    "published_outputs",
]

ALPHA: Final = 0.05
BAR: Final = 0.92
"""Of an output's tokens, on average: fewer are not explained by another machine, batch or near quantisation."""

SHOWN: Final = 0.9
"""Of an output's tokens, on average: more than so many are *consistent* with the weights."""

ReadShare = Callable[[GenerateRequest, str], float | None]
"""The share of a text's tokens that are the weights' own, after a prompt; None where it cannot be read."""


class PublishedRow(Record, frozen=True, kw_only=True):
    """One benchmark of the log. ``share`` is the mean over the ``read`` texts, ``ci`` its interval at 95 %.

    ``texts`` are in the log, up to ``planned`` of them were to be looked at, and ``unread`` of those that were could
    not be read; ``chat``: they were asked by chat. ``p`` is after Holm over all benchmarks; None: not tested.
    ``samples`` are those that were read, in their order, with their shares; ``untestable``: why none were.
    """

    task: str
    measurement: str
    chat: bool
    texts: int
    planned: int = 0
    unread: int = 0
    samples: tuple[tuple[str, float], ...] = ()
    untestable: str = ""
    share: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    word: VerdictWord = VerdictWord.NOT_TESTABLE
    reason: str = ""

    @property
    def read(self) -> int:
        """How many texts were read."""
        return len(self.samples)


class PublishedOutputs(Record, frozen=True, kw_only=True):
    """What a log's outputs show of a file of weights; whoever has both gets the same.

    ``answers_root`` commits to the outputs of the run, ``reference`` names the weights by their SHA-256. ``model`` is
    what the log names.
    """

    run: str
    harness: str
    model: str
    answers_root: str
    reference: ModelIdentity
    alpha: float
    bar: float
    shown: float
    rows: tuple[PublishedRow, ...]

    @property
    def foreign(self) -> tuple[PublishedRow, ...]:
        """The benchmarks whose outputs did not come from the weights."""
        return tuple(row for row in self.rows if row.word is VerdictWord.INCONSISTENT)

    @property
    def exit(self) -> ExitCode:
        """The exit code of the command."""
        if self.foreign:
            return ExitCode.INCONSISTENT
        if all(row.word is VerdictWord.CONSISTENT for row in self.rows):
            return ExitCode.CONSISTENT
        return ExitCode.UNDECIDED


class _Row:
    """One benchmark while its texts are read."""

    def __init__(self, row: PublishedRow) -> None:
        self.row, self.samples, self.unread = row, list[tuple[str, float]](), 0
        self.bets = MeanBets(1 - BAR, 1 - SHOWN)  # on the tokens that are not the weights'

    def observe(self, sample: str, share: float | None) -> None:
        if share is None:
            self.unread += 1
            return
        share = round(share, 6)
        self.samples.append((sample, share))
        self.bets.observe(1 - share, 1 - share)

    def is_over(self, rows: int) -> bool:
        """Whether a further text can change no word: at the level of one of so many benchmarks, or at the whole one."""
        return self.bets.p * rows <= ALPHA or self.is_own

    @property
    def is_own(self) -> bool:
        """Whether more than :data:`SHOWN` of an output's tokens are the weights', at the whole level."""
        return self.bets.highest_within * ALPHA >= 1


def published_outputs(
    run: RunFolder,
    answers_root: str,
    reference: ModelIdentity,
    share: ReadShare,
    limit: int,
    notify: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedOutputs:
    """Hold a run's greedy texts against weights, at most ``limit`` of each benchmark.

    ``notify`` is told of each text: the benchmark, how many were looked at, and how many are to be.
    Raises InputError where texts are withheld, and where the run has none.
    """
    rows = [_Row(each) for each in _rows(run)]
    if not rows:
        raise InputError("holds no texts of a model: published outputs are texts, sample by sample", where=run.path)
    tested = [each for each in rows if not each.row.untestable]
    for row, transcripts in zip(
        tested, _transcripts(run, [each.row.measurement for each in tested], limit), strict=True
    ):
        row.row = msgspec.structs.replace(row.row, planned=len(transcripts))
        for number, (sample, output) in enumerate(transcripts, 1):
            assert isinstance(sample.request, GenerateRequest), "texts are generated"
            row.observe(sample.id, share(sample.request, output.text))
            notify(row.row.task, number, len(transcripts))
            if row.is_over(len(tested)):
                break
    return PublishedOutputs(
        run=run.path.resolve().name,
        harness=run.plan.origin.harness,
        model=run.plan.subject.identity.name or run.plan.subject.identity.uri,
        answers_root=answers_root,
        reference=reference,
        alpha=ALPHA,
        bar=BAR,
        shown=SHOWN,
        rows=tuple(_decided(rows)),
    )


# ── what is in the run ──────────────────────────────────────────────────────────────────────────────────────────────


def _rows(run: RunFolder) -> Iterator[PublishedRow]:
    for each in run.plan.measurements:
        if each.role == SUBJECT and each.kind == "generate" and not (each.again or each.arm or each.beside):
            yield PublishedRow(
                task=each.task,
                measurement=each.id,
                chat=each.chat,
                texts=each.population,
                untestable=_untestable(run, each),
            )


def _untestable(run: RunFolder, measurement: Measurement) -> str:
    if measurement.temperature or measurement.decoding != "greedy":
        return "its outputs are drawn at a temperature: only greedy ones are the likeliest tokens"
    if run.plan.origin.kind == "gateway":
        return "a recording does not say at which temperature a server answered that was sent none"
    if TEMPERATURE_NOT_STATED in measurement.differences:
        return "the log does not say the temperature, so that its outputs may be drawn"
    return ""


def _transcripts(
    run: RunFolder, measurements: Sequence[str], limit: int
) -> Iterator[Sequence[tuple[Sample, ModelOutput]]]:
    """The first ``limit`` texts of each benchmark in its committed order, where the model ended or was cut off."""
    wanted: Mapping[str, list[Attempt]] = {each: [] for each in measurements}
    for record, _ in read_lines(run.path):
        if isinstance(record, Attempt) and record.measurement in wanted and _is_read(record):
            wanted[record.measurement].append(record)
    texts = open_index(run.path)
    for measurement in measurements:
        attempts = sorted(wanted[measurement], key=lambda each: each.position)[:limit]
        found = []
        for attempt in attempts:
            sample, output = sample_of(attempt, texts), output_of(attempt, texts)
            if sample is None or output is None:
                raise InputError("its texts are withheld: use the folder that it was made in", where=run.path)
            found.append((sample, output))
        yield found


def _is_read(attempt: Attempt) -> bool:
    """Whether it is a sample's first answer, all of which is here: reasoning that stands apart would be missing."""
    is_first = attempt.final and attempt.position >= 0 and not attempt.repeat
    return is_first and attempt.outcome.answered and not attempt.reasoning and not attempt.reasoning_tokens


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


def decided_again(rows: Sequence[PublishedRow]) -> tuple[PublishedRow, ...]:
    """The rows as they follow from what was read: what a verifier compares. Raises ValueError for no shares."""
    again = []
    for each in rows:
        row = _Row(each)
        row.unread = each.unread
        for sample, share in each.samples:
            row.observe(sample, share)
        again.append(row)
    return tuple(_decided(again))


def _decided(rows: Sequence[_Row]) -> Iterator[PublishedRow]:
    tested = [each for each in rows if each.samples]
    corrected = adjusted_p([each.bets.p for each in tested], [1.0] * len(tested))
    p_of = {each.row.measurement: float(f"{p:.10g}") for each, p in zip(tested, corrected, strict=True)}
    shown = {each.row.measurement: each.row.chat for each in tested if each.is_own}
    for each in rows:
        row, p, shares = each.row, p_of.get(each.row.measurement), [share for _, share in each.samples]
        word, reason = _word(row, p, shown)
        yield msgspec.structs.replace(
            row,
            unread=each.unread,
            samples=tuple(each.samples),
            share=float(f"{math.fsum(shares) / len(shares):.6g}") if shares else None,
            ci=mean_interval(shares) if shares else None,
            p=p,
            word=word,
            reason=reason,
        )


def _word(row: PublishedRow, p: float | None, shown: Mapping[str, bool]) -> tuple[VerdictWord, str]:
    if row.untestable:
        return VerdictWord.NOT_TESTABLE, row.untestable
    if p is None:
        return VerdictWord.NOT_TESTABLE, "no output could be read: they are too short, or do not fit into the context"
    if row.measurement in shown:
        return VerdictWord.CONSISTENT, ""
    if p > ALPHA:
        return VerdictWord.INSUFFICIENT_POWER, "more outputs would decide"
    if row.chat not in shown.values():
        return VerdictWord.NOT_TESTABLE, (
            "its outputs are not what these weights write after the prompts of the log, and no other benchmark of the "
            "log that was asked in this way shows that prompts are read as they were put"
        )
    return VerdictWord.INCONSISTENT, ""
