"""What a judge was shown, and what its verdicts come to. Proportions are fractions in [0, 1]; intervals are at 95 %."""

from __future__ import annotations

from typing import Literal

from steelyard.records.record import Record

__all__ = [
    "AttackResult",
    "CriterionResult",
    "FlipResult",
    "JudgedKey",
    "Judging",
    "LengthResult",
    "PairResult",
    "PeopleRate",
    "UnreadResult",
]


class JudgedKey(Record, frozen=True, kw_only=True):
    """What one question to a judge is about; its canonical JSON is the target of that question's sample.

    ``sample`` and ``repeat`` name the answer in the run that is judged, and ``place`` counts its samples in the
    committed order of that run. ``arm`` is empty for the answer itself and its first verdict; else what is asked
    beside it: ``again``, ``swapped`` (the verdict's words the other way round), or an attack. ``weight`` and ``passes``
    are the rubric's. ``text`` begins the SHA-256 of the answer, ``length`` is its number of characters. ``seat``: of
    two answers, where that of the first run stands. ``role`` is that of the model which answered; empty where the run
    asked one model.
    """

    sample: str
    criterion: str
    repeat: int = 0
    place: int = 0
    arm: str = ""
    weight: float = 1.0
    passes: Literal["all", "mean"] = "all"
    text: str = ""
    length: int = 0
    seat: Literal["", "first", "second"] = ""
    role: str = ""

    @property
    def answer(self) -> tuple[str, int, str]:
        """The answer that it is about: sample, repeat and role."""
        return self.sample, self.repeat, self.role


class CriterionResult(Record, frozen=True, kw_only=True):
    """How often answers meet one criterion: ``yes`` of ``judged`` verdicts; ``open`` ones could not be read."""

    criterion: str
    judged: int
    yes: int
    open: int
    ci: tuple[float, float]


class FlipResult(Record, frozen=True, kw_only=True):
    """How often a verdict changes where nothing changes that it is about (Wilson's interval).

    ``by``: *again* asks once more, *swapped* names the verdict's words the other way round, *seat* exchanges two
    answers. A pair with an open verdict is not counted.
    """

    by: Literal["again", "swapped", "seat"]
    pairs: int
    flips: int
    ci: tuple[float, float]


class LengthResult(Record, frozen=True, kw_only=True):
    """Spearman's rank correlation of an answer's length in characters with its score, over ``n`` answers."""

    rho: float
    ci: tuple[float, float]
    n: int


class AttackResult(Record, frozen=True, kw_only=True):
    """What the judge gives to texts that do not fit their prompts, on ``prompts`` prompts.

    ``score`` is their mean, ``real`` that of the run's own answers to the same prompts, ``floor`` the highest mean of
    plain wrong answers there. ``excess`` is score − ½·real − ½·floor; ``p`` belongs to the hypothesis that it is at
    most 0. ``open`` verdicts of all these speak for that hypothesis; on ``read`` prompts none is open. Of two runs each
    of these texts stands in the place of the first run's answer, in both seats, against the second run's.
    """

    arm: str
    prompts: int
    score: float
    real: float
    floor: float
    excess: float
    p: float
    open: int = 0
    read: int


class PairResult(Record, frozen=True, kw_only=True):
    """The first run's answers against the second's: its ``score`` is 1 where both seats prefer it, ½ for a tie."""

    samples: int
    score: float | None
    ci: tuple[float, float]
    better: int
    worse: int
    open: int


class UnreadResult(Record, frozen=True, kw_only=True):
    """How many of a judge's replies gave no verdict for one reason."""

    reason: str
    verdicts: int


class Judging(Record, frozen=True, kw_only=True):
    """A judged run's score, from a judge's verdicts alone, with what shows how far the judge can be trusted.

    ``answers`` were judged; ``open`` of them have no score, since a verdict could not be read. ``rate`` is the share
    that passes (``passes`` *all*: every criterion is met) or the weighted mean of the criteria; None where any is open,
    and ``bounds`` count those as 0 and as 1. ``ci`` holds both. ``same`` answers are the most frequent text, word for
    word. ``answers_test`` pairs the run's answers with other prompts: it accuses the answers, not the judge.
    ``unread`` counts the open ones of all ``verdicts``, checks and attacks too, the most frequent reason first.

    Where the run asked several models, ``models`` has the score of each, with its ``role`` and the name of the
    ``model``; the numbers beside them are then of all answers together.
    """

    role: str = ""
    model: str = ""
    passes: Literal["all", "mean"] = "all"
    answers: int = 0
    open: int = 0
    rate: float | None = None
    bounds: tuple[float, float] = (0.0, 1.0)
    ci: tuple[float, float] = (0.0, 1.0)
    criteria: tuple[CriterionResult, ...] = ()
    flips: tuple[FlipResult, ...] = ()
    length: LengthResult | None = None
    same: int = 0
    answers_test: AttackResult | None = None
    attacks: tuple[AttackResult, ...] = ()
    pairs: PairResult | None = None
    verdicts: int = 0
    unread: tuple[UnreadResult, ...] = ()
    models: tuple[Judging, ...] = ()


class PeopleRate(Record, frozen=True, kw_only=True):
    """What people would give the ``answers`` of a judged run, for a gate: by labels on ``labels`` of them.

    ``skipped`` were drawn for labelling and got no label. ``estimate`` is None without enough labels. ``low`` and
    ``high`` are the ends that decide, each with a level of its own. ``judge`` holds the judge's own rate: two numbers
    where verdicts are open or answers missing; ``judge_says`` is the colour that it would have alone.
    """

    answers: int
    labels: int
    skipped: int = 0
    estimate: float | None = None
    low: float = 0.0
    high: float = 1.0
    judge: tuple[float, float]
    judge_says: Literal["green", "red", "undecided"]
