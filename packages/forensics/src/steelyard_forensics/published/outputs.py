"""Did published outputs come from these weights? Benchmark by benchmark, from a log and a file of weights.

A vendor that publishes its outputs sample by sample shows more than a score: greedy outputs of a model are its
likeliest tokens (:mod:`steelyard_forensics.identity.transcripts`), and drawn ones are likelier to it than to its
requantisations (:mod:`steelyard_forensics.identity.surprises`). Each benchmark of the log has three tests, text by
text:

* *requantised*, for each of two requantisations of the weights. Null: with a chance of at least one half a text has as
  many of the weights' own tokens as of the requantisation's (greedy), or the requantisation gains no more than
  ``LEAST_GAIN`` on the weights, each at the temperature that suits it best (drawn), whatever came before. What the log
  does not show of prompts and decoding moves both alike.
* *foreign*, of greedy texts alone. Null: on average at least ``BAR`` of a text's tokens are the weights' own.

The smallest p of these, times their number, is the benchmark's; Holm over all benchmarks. A prompt that the log does
not show as it was put makes honest texts look foreign: so *foreign* names a benchmark only where another one of the
log, asked in the same way, is *consistent*. That is said where more than ``SHOWN`` of a greedy text's tokens are the
weights' own, at the level divided by the number of benchmarks. Drawn texts are never *consistent*: another model's may
be as likely. The bets are in :mod:`steelyard_forensics.published.bets`.

The order in which texts are read follows from the auditor's key (:meth:`steelyard.evidence.order.Prover.reading`), so
that neither who wrote the log nor the auditor chooses what is read; without a key, from a secret that is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from steelyard.auditing.scoring import output_of, sample_of
from steelyard.claims.decoding import OTHER_DECODING, TEMPERATURE_NOT_STATED
from steelyard.errors import ExitCode, InputError
from steelyard.records import (
    SUBJECT,
    Attempt,
    GenerateRequest,
    Measurement,
    ModelIdentity,
    VerdictWord,
)
from steelyard.records.record import Record
from steelyard.stats.multiplicity import adjusted_p
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard_forensics.identity.surprises import TextSurprise
from steelyard_forensics.identity.transcripts import LEAST_TOKENS, TextShares
from steelyard_forensics.published.bets import (
    ALPHA,
    BAR,
    REQUANTISED,
    SHOWN,
    DrawnRow,
    GreedyRow,
    row_of,
)
from steelyard_forensics.published.pairs import asked, is_held
from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow, Reading
from steelyard_forensics.stats.mean_bets import mean_interval

__all__ = [
    "OutputReader",
    "PublishedOutputs",
    "decided_again",
    "greedy_rows",
    "needed",
    "published_outputs",
    "rounded",
    "rounded_surprise",
]

_NOT_SHOWN: Final = (
    "no requantisation explains them better, which does not show that the weights wrote them: another model's draws "
    "may be as likely"
)
_LEFT_OUT: Final = 0.1  # of a benchmark's texts: where more cannot be read, none of it is called consistent


class OutputReader(NamedTuple):
    """How a text is read after its prompt, a greedy and a drawn one; None: it cannot be."""

    shares: Callable[[GenerateRequest, str], TextShares | None]
    surprise: Callable[[GenerateRequest, str], TextSurprise | None]


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


class _Transcript(NamedTuple):
    request: GenerateRequest
    sample: str
    text: str


def published_outputs(
    run: RunFolder,
    answers_root: str,
    reference: ModelIdentity,
    reading: Reading,
    reader: OutputReader,
    limit: int,
    notify: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedOutputs:
    """Hold a run's texts against weights, at most ``limit`` of each benchmark.

    ``notify`` is told of each text: the benchmark, how many were looked at, and how many are to be.
    Raises InputError where texts are withheld, and where the run has none.
    """
    rows = [row_of(each) for each in _rows(run)]
    if not rows:
        raise InputError("holds no texts of a model: published outputs are texts, sample by sample", where=run.path)
    tested = [each for each in rows if not each.row.untestable]
    attempts = _attempts(run, [each.row.measurement for each in tested], reading.secret)
    index = open_index(run.path)
    for row in tested:
        in_order = attempts[row.row.measurement]
        planned = in_order[:limit]
        row.row = msgspec.structs.replace(row.row, held=len(in_order), planned=len(planned))
        texts = (_transcript(run, attempt, index) for attempt in planned)
        for number, _ in enumerate(_read(row, texts, reader), 1):
            notify(row.row.task, number, len(planned))
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
    for each in _rows(run):
        reason = "its outputs are drawn at a temperature: only greedy ones are the likeliest tokens"
        yield msgspec.structs.replace(each, temperature=0.0, untestable=reason) if each.temperature else each


def _rows(run: RunFolder) -> Iterator[PublishedRow]:
    """The benchmarks of a run that ask for texts, each with why its texts cannot be read, where they cannot."""
    for each in run.plan.measurements:
        if each.role == SUBJECT and each.kind == "generate" and not (each.again or each.arm or each.beside):
            yield PublishedRow(
                task=each.task,
                measurement=each.id,
                chat=each.chat,
                texts=each.population,
                temperature=each.temperature,
                untestable=_untestable(run, each),
            )


def _untestable(run: RunFolder, measurement: Measurement) -> str:
    if measurement.decoding != "greedy" and not measurement.temperature:
        return "the log does not say at which temperature its outputs were drawn"
    if measurement.temperature > 1:
        return "its outputs are drawn at a temperature above 1, which makes rare tokens likelier than the weights do"
    if run.plan.origin.kind == "gateway":
        return "a recording does not say at which temperature a server answered that was sent none"
    if TEMPERATURE_NOT_STATED in measurement.differences:
        return "the log does not say the temperature, so that its outputs may be drawn"
    others = [each for each in measurement.differences if each.startswith(OTHER_DECODING)]
    what = "the weights' own draws" if measurement.temperature else "the likeliest tokens"
    return f"outputs that are decoded so are not {what}: {others[0]}".rstrip(".") if others else ""


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
    assert isinstance(sample.request, GenerateRequest), "texts are generated"
    return _Transcript(sample.request, sample.id, output.text)


def _read(row: GreedyRow | DrawnRow, texts: Iterable[_Transcript], reader: OutputReader) -> Iterator[None]:
    """Read the texts one by one. Of a prompt that comes again no drawn text is read: a server may keep its answers."""
    seen = set[str]()
    for request, sample, text in texts:
        if isinstance(row, GreedyRow):
            row.observe(rounded(sample, reader.shares(request, text)))
        elif request.temperature != row.row.temperature or asked(request) in seen:
            row.observe(OutputSurprise(sample=sample))
        else:
            seen.add(asked(request))
            row.observe(rounded_surprise(sample, reader.surprise(request, text)))
        yield


def rounded(sample: str, shares: TextShares | None) -> OutputShares:
    """What is kept of a greedy text: its shares, to millionths."""
    if shares is None:
        return OutputShares(sample=sample)
    others = {name: round(shares.others[name], 6) for name in REQUANTISED}
    return OutputShares(sample=sample, own=round(shares.own, 6), whole=round(shares.whole, 6), others=others)


def rounded_surprise(sample: str, read: TextSurprise | None) -> OutputSurprise:
    """What is kept of a drawn text: its surprise to millionths, what others gain to hundredths of a nat."""
    if read is None:
        return OutputSurprise(sample=sample)
    gains = {name: round(read.gains[name], 2) for name in REQUANTISED}
    return OutputSurprise(sample=sample, tokens=read.tokens, surprise=round(read.surprise, 6), gains=gains)


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


def decided_again(rows: Sequence[PublishedRow]) -> tuple[PublishedRow, ...]:
    """The rows as they follow from what was read: what a verifier compares.

    Raises ValueError for what no reading gives: shares outside [0, 1], one benchmark or text twice, more than there is.
    """
    if len({each.measurement for each in rows}) != len(rows):
        raise ValueError("one benchmark stands in it twice")
    tested = sum(not each.untestable for each in rows)
    return tuple(_decided([_read_again(each, tested) for each in rows]))


def _read_again(sealed: PublishedRow, tested: int) -> GreedyRow | DrawnRow:
    row = row_of(sealed)
    if not sealed.looked_at <= sealed.planned <= sealed.held <= sealed.texts or (sealed.untestable and sealed.held):
        raise ValueError("more was read than there is")
    texts = _texts(sealed)
    if len({each.sample for each in texts}) != len(texts):
        raise ValueError("one text was read twice")
    if sealed.drawn if isinstance(row, GreedyRow) else sealed.samples:
        raise ValueError("greedy texts are read by their shares, drawn ones by their surprise")
    if not 0 <= sealed.temperature <= 1 and sealed.held:
        raise ValueError("texts of this temperature are not read")
    for each in texts:
        if row.is_over(tested):
            raise ValueError("texts were read after the decision")
        _observe_again(row, each)
    return row


def _texts(row: PublishedRow) -> list[OutputShares | OutputSurprise]:
    return [*row.samples, *row.drawn]


def _observe_again(row: GreedyRow | DrawnRow, each: OutputShares | OutputSurprise) -> None:
    """Take a sealed text; raises ValueError where what it holds is no reading."""
    if isinstance(row, GreedyRow):
        assert isinstance(each, OutputShares)
        if each.own is not None and each.others.keys() != set(REQUANTISED):
            raise ValueError("the shares of its requantisations are missing")
        row.observe(each)
    else:
        assert isinstance(each, OutputSurprise)
        if each.surprise is not None and (each.gains.keys() != set(REQUANTISED) or each.tokens < LEAST_TOKENS):
            raise ValueError("what its requantisations gain is missing, or too few tokens were read")
        row.observe(each)


def needed(rows: Sequence[PublishedRow]) -> dict[str, int | None]:
    """By measurement that is not decided: about how many outputs would decide, if they go on as these did."""
    of, found = sum(not each.untestable for each in rows), dict[str, int | None]()
    for each in rows:
        if each.word is VerdictWord.INSUFFICIENT_POWER and each.read:
            row = row_of(each)
            for text in _texts(each):
                _observe_again(row, text)
            texts = row.needed(of)
            found[each.measurement] = None if texts is None else math.ceil(texts * each.looked_at / each.read)
    return found


def _decided(rows: Sequence[GreedyRow | DrawnRow]) -> Iterator[PublishedRow]:
    tested = [each for each in rows if not each.row.untestable]
    read = [each for each in tested if each.shown]
    corrected = adjusted_p([min(each.p_better, each.p_far) for each in read], [1.0] * len(read))
    p_of = {each.row.measurement: float(f"{p:.10g}") for each, p in zip(read, corrected, strict=True)}
    shown = {each.row.measurement: each.row.chat for each in read if each.is_own(len(tested))}
    for each in rows:
        p, scores = p_of.get(each.row.measurement), each.shown
        row = (
            msgspec.structs.replace(each.row, samples=tuple(each.samples))
            if isinstance(each, GreedyRow)
            else msgspec.structs.replace(each.row, drawn=tuple(each.samples))
        )
        word, reason = _word(each, row, p, shown)
        yield msgspec.structs.replace(
            row,
            share=float(f"{math.fsum(scores) / len(scores):.6g}") if scores else None,
            ci=mean_interval(scores) if scores else None,
            p=p,
            nearest=each.nearest if scores and each.wins[each.nearest] else "",
            better=each.wins[each.nearest],
            word=word,
            reason=reason,
        )


def _word(
    each: GreedyRow | DrawnRow, row: PublishedRow, p: float | None, shown: Mapping[str, bool]
) -> tuple[VerdictWord, str]:
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
        return VerdictWord.INSUFFICIENT_POWER, _NOT_SHOWN if row.temperature else "more outputs would decide"
    share = row.left_out / row.texts
    if share > _LEFT_OUT:
        return VerdictWord.INSUFFICIENT_POWER, (
            f"those that were read are the weights' own, and {share * 100:.0f} % of its outputs were left out: not "
            "answered, behind reasoning, too short or too long"
        )
    return VerdictWord.CONSISTENT, ""
