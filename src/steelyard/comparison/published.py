"""Did published outputs come from these weights? Benchmark by benchmark, from a log and a file of weights.

A vendor that publishes its outputs sample by sample shows more than a score: greedy outputs of a model are its
likeliest tokens (:mod:`steelyard.models.transcripts`). Each benchmark of the log has three tests, text by text:

* *requantised*, for each of two requantisations of the weights. Null: with a chance of at least one half a text has as
  many of the weights' own tokens as of the requantisation's, whatever came before. What the log does not show of
  prompts and decoding moves both alike.
* *foreign*. Null: on average at least :data:`BAR` of a text's tokens are the weights' own.

The smallest p of the three, times three, is the benchmark's; Holm over all benchmarks. A prompt that the log does not
show as it was put makes honest texts look foreign: so *foreign* names a benchmark only where another one of the log,
asked in the same way, is *consistent*. That is said where more than :data:`SHOWN` of a text's tokens are the weights'
own, at the level divided by the number of benchmarks.

The order in which texts are read follows from the auditor's key (:meth:`steelyard.evidence.order.Prover.reading`), so
that neither who wrote the log nor the auditor chooses what is read; without a key, from a secret that is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from steelyard.auditing.scoring import output_of, sample_of
from steelyard.claims.decoding import OTHER_DECODING, TEMPERATURE_NOT_STATED
from steelyard.comparison.published_pairs import is_held
from steelyard.errors import ExitCode, InputError
from steelyard.models.transcripts import TextShares
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
    "REQUANTISED",
    "SHOWN",
    "OutputShares",
    "PublishedOutputs",
    "PublishedRow",
    "ReadShares",
    "Reading",
    "Row",
    "decided_again",
    "greedy_rows",
    "needed",
    "published_outputs",
    "rounded",
]

ALPHA: Final = 0.05
REQUANTISED: Final = ("Q2_K", "Q3_K_M")
BAR: Final = 0.75
"""Of a text's tokens, on average: fewer are those of another model."""

SHOWN: Final = 0.9
"""Of a text's tokens, on average: more than so many are *consistent* with the weights."""

_LEFT_OUT: Final = 0.1  # of a benchmark's texts: where more cannot be read, none of it is called consistent
_NEVER: Final = 1 - 1e-6  # a margin that no bet is about

ReadShares = Callable[[GenerateRequest, str], TextShares | None]
"""The shares of a text's tokens that are the weights' own, and others', after a prompt; None: it cannot be read."""


class Reading(Record, frozen=True, kw_only=True):
    """What fixes the order of reading: a key's ``proof``, or without a key the ``secret`` itself."""

    secret: str
    proof: str = ""


class OutputShares(Record, frozen=True, kw_only=True):
    """One text that was looked at, with its :class:`~steelyard.models.transcripts.TextShares`.

    ``own`` is None where it could not be read.
    """

    sample: str
    own: float | None = None
    whole: float = 0.0
    others: dict[str, float] = msgspec.field(default_factory=dict)


class PublishedRow(Record, frozen=True, kw_only=True):
    """One benchmark of the log. ``share`` is the mean over the texts that were read, ``ci`` its interval at 95 %.

    ``texts`` are in the log; ``held`` of them may be held against weights (the others were not answered, or stand
    behind reasoning), ``planned`` of these were to be looked at. ``chat``: they were asked by chat. ``p`` is after Holm
    over all benchmarks; None: not tested. ``nearest`` is the requantisation on which the bets won most, which explains
    ``better`` texts better than the weights. ``samples`` are in the order of reading; ``untestable``: why there are
    none.
    """

    task: str
    measurement: str
    chat: bool
    texts: int
    held: int = 0
    planned: int = 0
    samples: tuple[OutputShares, ...] = ()
    untestable: str = ""
    share: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    nearest: str = ""
    better: int = 0
    word: VerdictWord = VerdictWord.NOT_TESTABLE
    reason: str = ""

    @property
    def read(self) -> int:
        """How many texts were read."""
        return sum(each.own is not None for each in self.samples)

    @property
    def left_out(self) -> int:
        """How many texts could not be read, among those that were looked at, or were not to be held at all."""
        return self.texts - self.held + len(self.samples) - self.read


class PublishedOutputs(Record, frozen=True, kw_only=True):
    """What a log's outputs show of a file of weights; whoever has both gets the same.

    ``answers_root`` commits to the outputs of the run, ``reference`` names the weights by their SHA-256, and in its
    details the requantisations by theirs. ``model`` is what the log names.
    """

    run: str
    harness: str
    model: str
    answers_root: str
    reference: ModelIdentity
    reading: Reading
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
        if self.rows and all(row.word is VerdictWord.CONSISTENT for row in self.rows):
            return ExitCode.CONSISTENT
        return ExitCode.UNDECIDED


class Row:
    """One benchmark while its texts are read."""

    def __init__(self, row: PublishedRow) -> None:
        self.row, self.samples = row, list[OutputShares]()
        self.far, self.near = MeanBets(1 - BAR, _NEVER), MeanBets(1e-6, 1 - SHOWN)
        self.better = {name: MeanBets(0.5, _NEVER) for name in REQUANTISED}
        self.wins = dict.fromkeys(REQUANTISED, 0)

    def observe(self, shares: OutputShares) -> None:
        """Take the next text."""
        self.samples.append(shares)
        if shares.own is None:
            return
        self.far.observe(1 - shares.own, 1 - shares.own)
        self.near.observe(1 - shares.own, 1 - shares.own)
        for name, bets in self.better.items():
            is_better = shares.others[name] > shares.whole
            self.wins[name] += is_better
            bets.observe(float(is_better), float(is_better))

    @property
    def p_better(self) -> float:
        """Of the requantisations: three tests share the benchmark's level."""
        return min(1.0, 3 * min(bets.p for bets in self.better.values()))

    @property
    def p_far(self) -> float:
        """Of the texts' being foreign."""
        return min(1.0, 3 * self.far.p)

    @property
    def nearest(self) -> str:
        """The requantisation on which the bets won most."""
        return min(REQUANTISED, key=lambda name: self.better[name].p)

    def is_own(self, rows: int) -> bool:
        """Whether more than :data:`SHOWN` of a text's tokens are the weights', at the level of one of so many."""
        return self.near.within * ALPHA >= rows

    def needed(self, rows: int) -> int | None:
        """About how many texts would decide, if they go on as these did; None: none would."""
        foreign = [self.far, *self.better.values()]
        ways = [*(bets.needed(3 * rows / ALPHA) for bets in foreign), self.near.needed_within(rows / ALPHA)]
        return min((way for way in ways if way is not None), default=None)

    def is_over(self, rows: int) -> bool:
        """Whether a further text can change no word."""
        return min(self.p_better, self.p_far) * rows <= ALPHA or self.is_own(rows)


class _Transcript(NamedTuple):
    sample: Sample
    output: ModelOutput


def published_outputs(
    run: RunFolder,
    answers_root: str,
    reference: ModelIdentity,
    reading: Reading,
    shares: ReadShares,
    limit: int,
    notify: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedOutputs:
    """Hold a run's greedy texts against weights, at most ``limit`` of each benchmark.

    ``notify`` is told of each text: the benchmark, how many were looked at, and how many are to be.
    Raises InputError where texts are withheld, and where the run has none.
    """
    rows = [Row(each) for each in greedy_rows(run)]
    if not rows:
        raise InputError("holds no texts of a model: published outputs are texts, sample by sample", where=run.path)
    tested = [each for each in rows if not each.row.untestable]
    attempts = _attempts(run, [each.row.measurement for each in tested], reading.secret)
    texts = open_index(run.path)
    for row in tested:
        in_order = attempts[row.row.measurement]
        planned = min(limit, len(in_order))
        row.row = msgspec.structs.replace(row.row, held=len(in_order), planned=planned)
        for number, attempt in enumerate(in_order[:planned], 1):
            sample, output = _transcript(run, attempt, texts)
            assert isinstance(sample.request, GenerateRequest), "texts are generated"
            row.observe(rounded(sample.id, shares(sample.request, output.text)))
            notify(row.row.task, number, planned)
            if row.is_over(len(tested)):
                break
    return PublishedOutputs(
        run=run.path.resolve().name,
        harness=run.plan.origin.harness,
        model=run.plan.subject.identity.name or run.plan.subject.identity.uri,
        answers_root=answers_root,
        reference=reference,
        reading=reading,
        alpha=ALPHA,
        bar=BAR,
        shown=SHOWN,
        rows=tuple(_decided(rows)),
    )


# ── what is in the run ──────────────────────────────────────────────────────────────────────────────────────────────


def greedy_rows(run: RunFolder) -> Iterator[PublishedRow]:
    """The benchmarks of a run that ask for texts, each with why it is no greedy one, where it is none."""
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
    others = [each for each in measurement.differences if each.startswith(OTHER_DECODING)]
    return f"outputs that are decoded so are not the likeliest tokens: {others[0]}".rstrip(".") if others else ""


def _attempts(run: RunFolder, measurements: Sequence[str], secret: str) -> dict[str, list[Attempt]]:
    """The texts that may be held, by benchmark, each in the order of reading."""
    found: dict[str, list[Attempt]] = {each: [] for each in measurements}
    for record, _ in read_lines(run.path):
        if isinstance(record, Attempt) and record.measurement in found and is_held(record):
            found[record.measurement].append(record)

    def place(attempt: Attempt) -> str:
        return sha256(f"{secret}\n{attempt.measurement}\n{attempt.sample}".encode()).hexdigest()

    return {name: sorted(each, key=place) for name, each in found.items()}


def _transcript(run: RunFolder, attempt: Attempt, texts: Mapping[str, str]) -> _Transcript:
    sample, output = sample_of(attempt, texts), output_of(attempt, texts)
    if sample is None or output is None:
        raise InputError("its texts are withheld: use the folder that it was made in", where=run.path)
    return _Transcript(sample, output)


def rounded(sample: str, shares: TextShares | None) -> OutputShares:
    """What is kept of a text: its shares, to millionths."""
    if shares is None:
        return OutputShares(sample=sample)
    others = {name: round(shares.others[name], 6) for name in REQUANTISED}
    return OutputShares(sample=sample, own=round(shares.own, 6), whole=round(shares.whole, 6), others=others)


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


def decided_again(rows: Sequence[PublishedRow]) -> tuple[PublishedRow, ...]:
    """The rows as they follow from what was read: what a verifier compares.

    Raises ValueError for what no reading gives: shares outside [0, 1], one benchmark or text twice, more than there is.
    """
    if len({each.measurement for each in rows}) != len(rows):
        raise ValueError("one benchmark stands in it twice")
    again = []
    tested = sum(not each.untestable for each in rows)
    for each in rows:
        row = Row(each)
        if not len(each.samples) <= each.planned <= each.held <= each.texts or (each.untestable and each.held):
            raise ValueError("more was read than there is")
        if len({shares.sample for shares in each.samples}) != len(each.samples):
            raise ValueError("one text was read twice")
        for shares in each.samples:
            if row.is_over(tested):
                raise ValueError("texts were read after the decision")
            if shares.own is not None and shares.others.keys() != set(REQUANTISED):
                raise ValueError("the shares of its requantisations are missing")
            row.observe(shares)
        again.append(row)
    return tuple(_decided(again))


def needed(rows: Sequence[PublishedRow]) -> dict[str, int | None]:
    """By measurement that is not decided: about how many outputs would decide, if they go on as these did."""
    of, found = sum(not each.untestable for each in rows), dict[str, int | None]()
    for each in rows:
        if each.word is VerdictWord.INSUFFICIENT_POWER and each.read:
            row = Row(each)
            for shares in each.samples:
                row.observe(shares)
            texts = row.needed(of)
            found[each.measurement] = None if texts is None else math.ceil(texts * len(each.samples) / each.read)
    return found


def _decided(rows: Sequence[Row]) -> Iterator[PublishedRow]:
    tested = [each for each in rows if not each.row.untestable]
    read = [each for each in tested if any(shares.own is not None for shares in each.samples)]
    corrected = adjusted_p([min(each.p_better, each.p_far) for each in read], [1.0] * len(read))
    p_of = {each.row.measurement: float(f"{p:.10g}") for each, p in zip(read, corrected, strict=True)}
    shown = {each.row.measurement: each.row.chat for each in read if each.is_own(len(tested))}
    for each in rows:
        row, p = each.row, p_of.get(each.row.measurement)
        own = [shares.own for shares in each.samples if shares.own is not None]
        row = msgspec.structs.replace(row, samples=tuple(each.samples))
        word, reason = _word(each, row, p, shown)
        yield msgspec.structs.replace(
            row,
            share=float(f"{math.fsum(own) / len(own):.6g}") if own else None,
            ci=mean_interval(own) if own else None,
            p=p,
            nearest=each.nearest if own and each.wins[each.nearest] else "",
            better=each.wins[each.nearest],
            word=word,
            reason=reason,
        )


def _word(each: Row, row: PublishedRow, p: float | None, shown: Mapping[str, bool]) -> tuple[VerdictWord, str]:
    if row.untestable:
        return VerdictWord.NOT_TESTABLE, row.untestable
    if p is None:
        return VerdictWord.NOT_TESTABLE, "no output could be read: they are too short, or do not fit into the context"
    if p <= ALPHA and each.p_better <= each.p_far:
        return VerdictWord.INCONSISTENT, f"its requantisation to {each.nearest} explains them better"
    if p <= ALPHA and row.chat in {chat for name, chat in shown.items() if name != row.measurement}:
        return VerdictWord.INCONSISTENT, ""
    if p <= ALPHA:
        return VerdictWord.NOT_TESTABLE, (
            "its outputs are not what these weights write after the prompts of the log, and no other benchmark of the "
            "log that was asked in this way shows that prompts are read as they were put"
        )
    if row.measurement not in shown:
        return VerdictWord.INSUFFICIENT_POWER, "more outputs would decide"
    share = row.left_out / row.texts
    if share > _LEFT_OUT:
        return VerdictWord.INSUFFICIENT_POWER, (
            f"those that were read are the weights' own, and {share * 100:.0f} % of its outputs were left out: not "
            "answered, behind reasoning, too short or too long"
        )
    return VerdictWord.CONSISTENT, ""
