"""Did published outputs come from the model that is served? From texts alone, benchmark by benchmark.

The log's greedy outputs are held against greedy answers of the served model to the same prompts
(:mod:`steelyard_forensics.published.pairs`). Each benchmark has one test.

*Null*: the log's text and the served one of a prompt could be exchanged, whatever came before; or nearly so: whoever
learns from the pairs before tells which is whose at most as often as if :data:`TOLERANCE` of all pairs were told
rightly, and the others wrongly. A pair that is the same so far counts as told by a coin, so that two servers of one
model which part in few places are never accused, however they part there. The p of a benchmark holds at every time
(:class:`~steelyard_forensics.stats.mean_bets.MeanBets`); Holm over all benchmarks.

Pairs are read in the committed order in which the served model was asked, so that a test which stopped there early
stops nothing here, and nobody chooses an order afterwards. Where the served answers are an imported log, too, its order
is that of a file's lines: then they are read in one that follows from the answers of both, which whoever can leave
answers out could still try.

*How far texts begin alike* is no test of that: two servers of one model part after a near tie, how soon depends on the
model, its precision and the prompts, and which of two servers has which text does not. So it accuses nobody. A
benchmark whose texts begin alike, by more than :data:`ALIKE` of their beginnings on average, is *consistent*; and
another one is named only where one of the log, asked in the same way, begins alike by more than :data:`CONTROL`: that
one shows that prompts, decoding and what a harness makes of texts are the same. (A hidden system prompt before every
benchmark left .47 of a beginning on the texts of the bench.) Both are read at the end, and do not depend on the order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Final

import msgspec

from steelyard.errors import ExitCode, InputError
from steelyard.records import VerdictWord
from steelyard.records.record import Record
from steelyard.stats.multiplicity import adjusted_p
from steelyard.storage.run_folder import RunFolder
from steelyard.util.text import one_line
from steelyard_forensics.published.outputs import greedy_rows
from steelyard_forensics.published.pairs import (
    MOST_PAIRS,
    SAID,
    OutputPair,
    Texts,
    counts,
    read_pairs,
    scores,
    texts_of,
)
from steelyard_forensics.stats.mean_bets import MeanBets, mean_interval

__all__ = [
    "ALIKE",
    "ALPHA",
    "CONTROL",
    "TOLD_APART",
    "TOLERANCE",
    "HeldLog",
    "PublishedTexts",
    "Row",
    "TextsRow",
    "decided_again",
    "needed",
    "published_texts",
]

ALPHA: Final = 0.05
TOLERANCE: Final = 0.6
"""Of pairs, where one that is the same counts half: what two servers of one model may differ by.

Figures: docs/detectors/published-outputs.md.
"""

ALIKE: Final = 0.4
"""Of the beginnings of two outputs, on average: more is *consistent*."""

CONTROL: Final = 0.55
"""The same of a benchmark that shows that the others were asked as the log says."""

TOLD_APART: Final = (
    "its outputs begin like the served model's, and are told from them all the same: what follows the beginning may be "
    "another model's"
)
"""Why a benchmark whose outputs begin alike is not *consistent*, and nobody is accused of it."""

_NEVER: Final = 1 - 1e-6  # a margin that no bet is about
_REWRITTEN: Final = 0.05  # of pairs: where more look cut or rewritten, a log's texts are not what was answered
_LEFT_OUT: Final = 0.1  # of pairs: where more are not read, none of a benchmark is called consistent
_NAME: Final = 120


class HeldLog(Record, frozen=True, kw_only=True):
    """One of the two runs; ``answers_root`` commits to its answers. ``origin``: *asked* by ourselves, or *imported*."""

    run: str
    model: str
    harness: str
    origin: str
    answers_root: str


class TextsRow(Record, frozen=True, kw_only=True):
    """One benchmark of the log, which has ``texts`` prompts. ``pairs`` are those that the served model was asked too.

    They stand in the order in which it was asked. ``told`` is the share of pairs that were told apart, where one
    without a guess counts half; ``alike`` the mean share of beginnings that are the same, ``ci`` its interval at 95 %.
    ``p`` is after Holm over all benchmarks; None: not tested. ``chat``: asked by chat.
    """

    task: str
    measurement: str
    chat: bool
    texts: int
    pairs: tuple[OutputPair, ...] = ()
    untestable: str = ""
    told: float | None = None
    alike: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    word: VerdictWord = VerdictWord.NOT_TESTABLE
    reason: str = ""

    @property
    def read(self) -> int:
        """How many pairs were read."""
        return sum(each.alike is not None for each in self.pairs)

    @property
    def left_out(self) -> int:
        """How many pairs were not read."""
        return len(self.pairs) - self.read

    def count(self, *said: str) -> int:
        """How many pairs came to one of these words of ``SAID``."""
        return counts(self.pairs, *said)


class PublishedTexts(Record, frozen=True, kw_only=True):
    """What a log's outputs show beside served answers; whoever has both runs gets the same."""

    log: HeldLog
    served: HeldLog
    alpha: float
    tolerance: float
    bar: float
    rows: tuple[TextsRow, ...]

    @property
    def foreign(self) -> tuple[TextsRow, ...]:
        """The benchmarks whose outputs did not come from the served model."""
        return tuple(row for row in self.rows if row.word is VerdictWord.INCONSISTENT)

    @property
    def exit(self) -> ExitCode:
        """The exit code of the command."""
        if self.foreign:
            return ExitCode.INCONSISTENT
        if self.rows and all(row.word is VerdictWord.CONSISTENT for row in self.rows):
            return ExitCode.CONSISTENT
        return ExitCode.UNDECIDED


def published_texts(
    log: tuple[RunFolder, str],
    served: tuple[RunFolder, str],
    notify: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedTexts:
    """Hold a log against served answers, each a sealed run and the root over its answers.

    ``notify`` is told the benchmark, how many of its pairs were read, and how many there are. Raises InputError where
    texts are withheld, and where either run has no texts that could be held.
    """
    if log[1] == served[1]:
        raise InputError("are the answers that they are held against: give another run", where=served[0].path)
    rows = [*greedy_rows(log[0])]
    if not rows:
        raise InputError("holds no texts of a model: published outputs are texts, sample by sample", where=log[0].path)
    answered = [each.measurement for each in greedy_rows(served[0]) if not each.untestable]
    if not answered:
        raise InputError(
            "holds no greedy answers: ask the served model the log's prompts, at temperature 0", where=served[0].path
        )
    tested = [each.measurement for each in rows if not each.untestable]
    theirs, asked = texts_of(log[0], tested), _first_asked(texts_of(served[0], answered))
    drawn_by = "" if served[0].plan.origin.kind == "asked" else f"{log[1]} {served[1]}"
    found = []
    for each in rows:
        row = TextsRow(
            task=each.task,
            measurement=each.measurement,
            chat=each.chat,
            texts=each.texts,
            untestable=each.untestable,
        )
        if not row.untestable:
            told = _told(notify, row.task)
            pairs = read_pairs(theirs[row.measurement], asked, told, drawn_by=drawn_by)
            row = msgspec.structs.replace(row, pairs=pairs)
        found.append(row)
    return PublishedTexts(
        log=_held(*log), served=_held(*served), alpha=ALPHA, tolerance=TOLERANCE, bar=ALIKE, rows=decided_again(found)
    )


def _told(notify: Callable[[str, int, int], None], task: str) -> Callable[[int, int], None]:
    return lambda read, of: notify(task, read, of)


def _first_asked(by_measurement: Mapping[str, Mapping[str, Texts]]) -> dict[str, Texts]:
    """Of a prompt that several measurements have, the answer of the first one."""
    found: dict[str, Texts] = {}
    for each in by_measurement.values():
        found = {**each, **found}
    return found


def _held(run: RunFolder, root: str) -> HeldLog:
    identity, origin = run.plan.subject.identity, run.plan.origin
    return HeldLog(
        run=one_line(run.path.resolve().name, _NAME),
        model=one_line(identity.name or identity.uri, _NAME),
        harness=one_line(origin.harness, _NAME),
        origin=origin.kind,
        answers_root=root,
    )


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


class Row:
    """One benchmark after all of its pairs."""

    def __init__(self, row: TextsRow) -> None:
        self.row = row
        self.apart, self.same = MeanBets(TOLERANCE, _NEVER), MeanBets(1e-6, 1 - ALIKE)
        self.shown = MeanBets(1e-6, 1 - CONTROL)
        for score in scores(row.pairs):
            self.apart.observe(score, score)
        for each in row.pairs:
            if each.alike is not None:
                self.same.observe(1 - each.alike, 1 - each.alike)
                self.shown.observe(1 - each.alike, 1 - each.alike)

    @property
    def is_rewritten(self) -> bool:
        """Whether the log's texts look cut or rewritten."""
        return self.row.count("rewritten") > _REWRITTEN * len(self.row.pairs)

    @property
    def p(self) -> float:
        """Before Holm."""
        return 1.0 if self.is_rewritten else self.apart.p

    def is_alike(self, rows: int) -> bool:
        """Whether texts begin alike, at the level of one of so many benchmarks."""
        return not self.is_rewritten and self.same.within * ALPHA >= rows

    def is_control(self, rows: int) -> bool:
        """Whether they begin alike by so much that another benchmark may be named, at the same level."""
        return not self.is_rewritten and self.shown.within * ALPHA >= rows


def decided_again(rows: Sequence[TextsRow]) -> tuple[TextsRow, ...]:
    """The rows as they follow from what became of the pairs: what a verifier compares.

    Raises ValueError for what no reading gives: one benchmark or prompt twice, more pairs than there are prompts, a
    share outside [0, 1], one where nothing was read, or none where something was.
    """
    if len({each.measurement for each in rows}) != len(rows):
        raise ValueError("one benchmark stands in it twice")
    for row in rows:
        if len({each.sample for each in row.pairs}) != len(row.pairs):
            raise ValueError("one prompt was read twice")
        if len(row.pairs) > min(row.texts, MOST_PAIRS) or (row.untestable and row.pairs):
            raise ValueError("more was read than there is")
        for each in row.pairs:
            if each.said not in SAID or (each.alike is not None) != (each.said in "rwes"):
                raise ValueError("what became of a pair is not what a reading gives")
            if each.alike is not None and not 0 <= each.alike <= 1:
                raise ValueError("a share lies outside 0 to 1")
    return tuple(_decided([Row(each) for each in rows]))


def _decided(rows: Sequence[Row]) -> Iterator[TextsRow]:
    tested = [each for each in rows if each.row.pairs]
    corrected = adjusted_p([each.p for each in tested], [1.0] * len(tested))
    p_of = {each.row.measurement: float(f"{p:.10g}") for each, p in zip(tested, corrected, strict=True)}
    alike_rows = {each.row.measurement for each in tested if each.is_alike(len(tested))}
    shown = {each.row.chat for each in tested if each.is_control(len(tested))}
    for each in rows:
        told = [*scores(each.row.pairs)]
        alike = [pair.alike for pair in each.row.pairs if pair.alike is not None]
        p = p_of.get(each.row.measurement)
        word, reason = _word(each, p, alike_rows, shown)
        yield msgspec.structs.replace(
            each.row,
            told=float(f"{math.fsum(told) / len(told):.6g}") if told else None,
            alike=float(f"{math.fsum(alike) / len(alike):.6g}") if alike else None,
            ci=mean_interval(alike) if alike else None,
            p=None if each.is_rewritten else p,
            word=word,
            reason=reason,
        )


def _word(each: Row, p: float | None, alike: Set[str], shown: Set[bool]) -> tuple[VerdictWord, str]:
    row = each.row
    if row.untestable:
        return VerdictWord.NOT_TESTABLE, row.untestable
    if p is None:
        return VerdictWord.NOT_TESTABLE, "none of its prompts was put to the served model in the same way"
    if each.is_rewritten:
        return VerdictWord.NOT_TESTABLE, (
            f"{row.count('rewritten'):,} of {len(row.pairs):,} pairs are the same but for what was cut or rewritten, "
            "so that the log does not hold what was answered"
        )
    if row.measurement in alike:
        if p <= ALPHA:
            return VerdictWord.INSUFFICIENT_POWER, TOLD_APART
        share = row.left_out / len(row.pairs)
        if share > _LEFT_OUT:
            return VerdictWord.INSUFFICIENT_POWER, (
                f"those that were read begin alike, and {share * 100:.0f} % of the pairs were left out: not answered, "
                "too short, or the same as before"
            )
        return VerdictWord.CONSISTENT, ""
    if p > ALPHA:
        return VerdictWord.INSUFFICIENT_POWER, ""
    if row.chat in shown:
        return VerdictWord.INCONSISTENT, ""
    return VerdictWord.NOT_TESTABLE, (
        "its outputs are told from the served model's, and no benchmark of the log that was asked in this way begins "
        "like these: it may have been asked, decoded or cleaned otherwise than the log says"
    )


def needed(found: PublishedTexts) -> dict[str, int | None]:
    """By measurement that is not decided: about how many pairs would decide, if they go on as they did; None: none."""
    of = sum(bool(row.pairs) for row in found.rows)
    answers: dict[str, int | None] = {}
    for row in found.rows:
        if row.word is VerdictWord.INSUFFICIENT_POWER and row.read and row.reason != TOLD_APART:
            each, e = Row(row), of / ALPHA
            alike = each.same.needed_within(e)
            ways = [each.apart.needed(e), None if alike is None else math.ceil(alike * len(row.pairs) / row.read)]
            answers[row.measurement] = min((way for way in ways if way is not None), default=None)
    return answers
