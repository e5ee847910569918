"""Were two runs answered from one distribution of texts? From the texts alone, of prompts that both were asked.

*Null*: the two runs' answers to a prompt could be exchanged, whatever came before; or nearly so: whoever learns from
earlier pairs guesses which is whose rightly in at most :data:`~steelyard_forensics.stats.told_apart.TOLERANCE` of
pairs. The guesser is :class:`~steelyard_forensics.text_identity.text_reader.TextReader`; the mean of its bets over
several orders (:mod:`steelyard_forensics.text_identity.text_pairs`) gives the word.

The orders of reading follow from the auditor's key and from both runs' answers
(:meth:`steelyard.evidence.order.Prover.reading`), whichever of them is named first; without a key from a secret that is
drawn. The number of pairs is that of the plan: prompts that were never asked count as missing ones.

What servers of one model do otherwise, and what must be shown before anything is tested, stands in
docs/design/text-identity.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from steelyard.auditing.scoring import output_of, sample_of
from steelyard.comparison.settings import HOW_ASKED, HOW_MUCH, differing_settings
from steelyard.errors import ExitCode, InputError
from steelyard.records import SUBJECT, Attempt, GenerateRequest, Measurement, VerdictWord
from steelyard.records.record import Record
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.text import one_line
from steelyard_forensics.sealed.rows import Reading
from steelyard_forensics.stats.told_apart import MARGIN, TOLERANCE, SeveralOrders
from steelyard_forensics.text_identity.text_pairs import (
    ORDERS,
    PAIRS,
    SAID,
    Answers,
    ReadPair,
    Texts,
    guesses_of,
    place,
    read_pairs,
)
from steelyard_forensics.text_identity.text_reader import shown_part

__all__ = [
    "ALIKE",
    "ALPHA",
    "HeldRun",
    "TextIdentity",
    "decided_again",
    "reading_roots",
    "text_identity",
]

ALPHA: Final = 0.05
ALIKE: Final = 0.05
"""Of prompts: where more have one text for all their answers, an endpoint may draw by few seeds, or keep answers.

With k replicas of one fixed seed each it is one prompt in k.
"""

_NAME: Final = 120


class HeldRun(Record, frozen=True, kw_only=True):
    """One of the two runs; ``answers_root`` commits to its answers.

    Of ``whole`` prompts, which have all their answers, ``alike`` have one text for all of them, as far as it is read.
    """

    run: str
    model: str
    uri: str
    created: str
    answers_root: str
    whole: int
    alike: int


class TextIdentity(Record, frozen=True, kw_only=True):
    """What two runs' texts show; whoever has both gets the same.

    ``prompts`` were planned, each with ``repeats`` answers at ``temperature``; ``pairs`` are those that were looked at,
    as the secret sorts them. ``p``, from all orders, gives the word, ``decided`` from how many pairs on. Of the first
    order are ``right`` of the ``guesses``, with the interval ``ci`` at 95 %, and ``fixed_n_p``; ``share`` is that of
    right ones in all orders. ``needed``: about how many pairs would decide; None where that is not known.
    """

    task: str
    prompts: int
    repeats: int
    temperature: float
    runs: tuple[HeldRun, HeldRun]
    reading: Reading
    alpha: float
    tolerance: float
    margin: float
    pairs: tuple[ReadPair, ...] = ()
    guesses: int = 0
    right: int = 0
    ci: tuple[float, float] | None = None
    share: float | None = None
    p: float | None = None
    fixed_n_p: float | None = None
    decided: int | None = None
    needed: int | None = None
    word: VerdictWord = VerdictWord.NOT_TESTABLE
    reason: str = ""

    @property
    def absent(self) -> int:
        """How many prompts were planned, would be read, and were asked of neither."""
        return min(self.prompts, PAIRS) - len(self.pairs)

    def count(self, *said: str) -> int:
        """How many pairs came to one of these words of ``SAID``, in the first order; absent ones are not among them."""
        return sum(SAID[each.said[0]] in said for each in self.pairs)

    @property
    def exit(self) -> ExitCode:
        """The exit code of the command."""
        codes = {VerdictWord.INCONSISTENT: ExitCode.INCONSISTENT, VerdictWord.CONSISTENT: ExitCode.CONSISTENT}
        return codes.get(self.word, ExitCode.UNDECIDED)


def reading_roots(first: HeldRun, second: HeldRun) -> tuple[str, str]:
    """What fixes the order of reading beside the key: both runs' answers, whichever is named first."""
    low, high = sorted((first.answers_root, second.answers_root))
    return low, high


def text_identity(
    runs: tuple[RunFolder, RunFolder],
    roots: tuple[str, str],
    task: str,
    reading_of: Callable[[str, str], Reading],
    notify: Callable[[int, int], None] = lambda read, of: None,
) -> TextIdentity:
    """Hold two sealed runs against each other; ``roots`` are their answers', ``task`` chooses where there are several.

    ``reading_of`` gives the order of reading for the two roots. ``notify`` is told how many prompts were read, of how
    many. Raises InputError where the two were not asked the same in the same way, and where texts are withheld.
    """
    both = tuple(_measurement(run, task) for run in runs)
    _check_same(both, runs)
    answers = tuple(_answers(run, each) for run, each in zip(runs, both, strict=True))
    _check_items(answers, runs)
    held = tuple(_held(*each) for each in zip(runs, roots, answers, strict=True))
    first, second = held
    found = TextIdentity(
        task=both[0].task,
        prompts=both[0].population,
        repeats=both[0].repeats,
        temperature=both[0].temperature,
        runs=(first, second),
        reading=reading_of(*reading_roots(first, second)),
        alpha=ALPHA,
        tolerance=float(TOLERANCE),
        margin=float(MARGIN),
    )
    if _untestable(found):
        return decided_again(found)
    pairs = read_pairs(answers[0], answers[1], found.reading.secret, notify)
    return decided_again(msgspec.structs.replace(found, pairs=pairs))


# ── what is in the runs ─────────────────────────────────────────────────────────────────────────────────────────────


def _measurement(run: RunFolder, task: str) -> Measurement:
    """The texts that may be held: drawn, whole, asked by ourselves, and read by no test that may have stopped them."""
    if run.plan.origin.kind != "asked":
        raise InputError("are calls that Steelyard did not make: ask with steelyard run", where=run.path)
    found = [
        each
        for each in run.plan.measurements
        if each.role == SUBJECT and each.kind == "generate" and not (each.again or each.arm or each.beside)
    ]
    named = [each for each in found if task in ("", each.task)]
    if len(named) != 1:
        there = one_line(", ".join(each.task for each in found) or "none", 200)
        raise InputError(f"name one of its tasks with --task; those that ask for texts: {there}", where=run.path)
    (measurement,) = named
    if run.plan.readers_of(measurement.id):
        raise InputError(
            "was asked by an audit or a gate, which may stop early: ask with steelyard run", where=run.path
        )
    if not measurement.temperature:
        raise InputError(
            "was answered greedily: servers of the same weights differ after a near tie, and nothing says how often; "
            "ask with --temperature 0.7",
            where=run.path,
        )
    if measurement.limit is not None and measurement.limit < measurement.population:
        raise InputError("has a --limit, by which two runs ask different samples: ask all of them", where=run.path)
    return measurement


def _check_same(both: Sequence[Measurement], runs: Sequence[RunFolder]) -> None:
    """Raise InputError where the second run was asked otherwise than the first one."""
    if runs[0].plan_sha256 == runs[1].plan_sha256:
        raise InputError("is the same run: give another one", where=runs[1].path)
    names = {"task": "task", **HOW_ASKED, **HOW_MUCH}
    if differences := list(differing_settings(both, names)):
        words, (mine, theirs) = differences[0]
        raise InputError(
            f"was asked otherwise than {runs[0].path}: {words} {one_line(theirs, 60)} in place of {one_line(mine, 60)}",
            where=runs[1].path,
        )
    if both[0].samples_root != both[1].samples_root:
        raise InputError(f"was asked other samples, or by another prompt, than {runs[0].path}", where=runs[1].path)


def _answers(run: RunFolder, measurement: Measurement) -> Answers:
    texts = open_index(run.path)
    attempts: dict[str, dict[int, Attempt]] = {}
    for record, _ in read_lines(run.path):
        if isinstance(record, Attempt) and record.final and record.measurement == measurement.id:
            attempts.setdefault(record.sample, {})[record.repeat] = record
    return {name: _texts(run, each, measurement.repeats, texts) for name, each in attempts.items()}


def _texts(run: RunFolder, attempts: Mapping[int, Attempt], repeats: int, texts: Mapping[str, str]) -> Texts:
    found: list[str] = []
    for repeat, attempt in sorted(attempts.items()):
        sample, output = sample_of(attempt, texts), output_of(attempt, texts)
        if sample is None or output is None:
            raise InputError("its texts are withheld: use the folder that it was made in", where=run.path)
        request = sample.request
        if not isinstance(request, GenerateRequest) or not request.untruncated:
            raise InputError(
                "was asked with each server's own sampler settings, which differ between servers of one model: ask a "
                "task whose prompt format says untruncated: true, as neutral_prompts does",
                where=run.path,
            )
        if repeat < repeats and attempt.outcome.answered and not attempt.reasoning and not attempt.reasoning_tokens:
            found.append(output.text)
    first = next(iter(attempts.values()))
    return Texts(first.item, first.request, tuple(found) if len(found) == repeats else None)


def _check_items(answers: Sequence[Answers], runs: Sequence[RunFolder]) -> None:
    mine, theirs = answers
    for sample in mine.keys() & theirs.keys():
        if mine[sample].item != theirs[sample].item:
            raise InputError(f"asked something else as {one_line(sample, 60)!r}", where=runs[1].path)


def _held(run: RunFolder, root: str, answers: Answers) -> HeldRun:
    identity = run.plan.subject.identity
    whole = [each.texts for each in answers.values() if each.texts]
    return HeldRun(
        run=one_line(run.path.resolve().name, _NAME),
        model=one_line(identity.name or identity.uri, _NAME),
        uri=one_line(identity.uri, 2 * _NAME),
        created=one_line(run.plan.created, 40),
        answers_root=root,
        whole=len(whole),
        alike=sum(len({shown_part(text) for text in texts}) == 1 for texts in whole),
    )


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


def decided_again(found: TextIdentity) -> TextIdentity:
    """The result as it follows from what was read: what a verifier compares.

    Raises ValueError for what no reading gives: a prompt twice, another order than the secret's, more than there are,
    or some where nothing is testable.
    """
    if len({each.sample for each in found.pairs}) != len(found.pairs):
        raise ValueError("one prompt was read twice")
    if any(len(each.said) != ORDERS or not SAID.keys() >= {*each.said} for each in found.pairs):
        raise ValueError("what became of a pair is not said for each order")
    places = [place(found.reading.secret, each.sample) for each in found.pairs]
    if places != sorted(places):
        raise ValueError("its pairs do not stand in the order that its secret gives")
    if len(found.pairs) > min(found.prompts, PAIRS) or any(not 0 <= each.alike <= each.whole for each in found.runs):
        raise ValueError("more was read than there is")
    untestable = _untestable(found)
    if untestable and found.pairs:
        raise ValueError("something was read where nothing can be tested")
    guesses = guesses_of(found.pairs, found.reading.secret, found.absent if found.pairs else 0)
    first, share = guesses.orders[0], guesses.share
    word, reason = _word(found, guesses, untestable)
    made = first.guesses
    return msgspec.structs.replace(
        found,
        guesses=len(made),
        right=sum(made),
        ci=first.interval() if made else None,
        share=None if share is None else float(f"{share:.10g}"),
        p=float(f"{guesses.p:.10g}") if found.pairs else None,
        fixed_n_p=float(f"{first.fixed_n_p:.10g}") if found.pairs else None,
        decided=guesses.decided(ALPHA),
        needed=first.needed(ALPHA) if word is VerdictWord.INSUFFICIENT_POWER else None,
        word=word,
        reason=reason,
    )


def _untestable(found: TextIdentity) -> str:
    if found.repeats < 2:
        return (
            "each prompt was asked once, so that nothing shows whether texts are drawn anew or all by one seed: ask "
            "both runs with --repeats 2"
        )
    for each in found.runs:
        if each.alike > ALIKE * each.whole:
            return (
                f"{each.run}: of {each.whole:,} prompts {each.alike:,} have one text for all answers, more than "
                f"{100 * ALIKE:g} %, as where few seeds draw all, answers are kept, or prompts leave little to say: "
                "such texts hang together"
            )
        if not each.whole:
            return f"{each.run}: no prompt has all its answers, outside of reasoning"
    return ""


def _word(found: TextIdentity, guesses: SeveralOrders, untestable: str) -> tuple[VerdictWord, str]:
    if untestable:
        return VerdictWord.NOT_TESTABLE, untestable
    if guesses.p <= ALPHA:
        return VerdictWord.INCONSISTENT, ""
    if guesses.is_within(ALPHA):
        return VerdictWord.CONSISTENT, ""
    return VerdictWord.INSUFFICIENT_POWER, ""
