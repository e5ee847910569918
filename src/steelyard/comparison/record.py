"""The result of a comparison: frozen records, of which all pages are made. Differences are shares, from −1 to 1."""

from __future__ import annotations

from typing import Literal

import msgspec

from steelyard.records.record import Record

__all__ = ["Compared", "Comparison", "Contrast", "DifferingSample", "MatrixCell", "PairResult", "Skipped", "Spent"]

Scope = Literal["overall", "task", "slice"]
Word = Literal["better", "worse", "not_told_apart"]


class Spent(Record, frozen=True, kw_only=True):
    """What a run's calls took. Times in seconds, of answered calls; cost in the currency of the user's prices.

    ``cost`` and ``cost_per_right`` are None where the run knew no prices; times where it has none (an imported log).
    """

    calls: int
    seconds_median: float | None
    seconds_p95: float | None
    tokens_median: float | None
    tokens_p95: float | None
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    cost_per_call: float | None
    cost_per_right: float | None
    concurrency: int


class Compared(Record, frozen=True, kw_only=True):
    """One run of a comparison, named by a letter. ``created`` is when its plan was made."""

    letter: str
    name: str
    model: str
    uri: str
    role: str
    folder: str
    plan_sha256: str
    created: str
    is_sealed: bool
    spent: Spent


class Contrast(Record, frozen=True, kw_only=True):
    """One tested difference: the second run less the first, on ``n`` paired samples in ``clusters`` independent units.

    ``first`` and ``second`` are mean scores, ``difference`` theirs; each a (low, high) pair, of which the two differ
    where ``open`` pairs have an answer that is open or missing: then every number is that of the worse reading.
    ``gains`` and ``losses`` count the samples on which the second scores higher, and lower. ``p_adjusted`` is Holm's
    over all tests of the comparison. ``needs``: about how many samples would show a difference of ``see``; None where
    the observed differences do not say.
    """

    scope: Scope
    task: str = ""
    slice: str = ""
    n: int
    clusters: int
    first: tuple[float, float]
    second: tuple[float, float]
    difference: tuple[float, float]
    ci: tuple[float, float]
    gains: int
    losses: int
    open: int
    method: str
    p: float
    p_adjusted: float = 1.0
    weight: float = 1.0
    word: Word = "not_told_apart"
    see: float
    needs: int | None


class Skipped(Record, frozen=True, kw_only=True):
    """A task that both runs have and that was not compared, with the reason."""

    task: str
    reason: str


class DifferingSample(Record, frozen=True, kw_only=True):
    """A sample on which two runs score differently. Texts are None where a folder does not hold them.

    ``sample`` is its id in the first run, ``second_sample`` that in the second where it is another one.
    """

    task: str
    sample: str
    first: float
    second: float
    question: str | None = None
    expected: str | None = None
    first_answer: str | None = None
    second_answer: str | None = None
    second_sample: str | None = None


class MatrixCell(Record, frozen=True, kw_only=True):
    """One run on one task by one scorer: mean score over its own ``n`` samples, a share at both ends of what is open.

    ``ci`` is the 95 % interval that holds both ends, None where there is none: the run was stopped early, and its
    scores are not all 0 or 1. ``is_stopped``: less was asked than planned, so that ``ci`` is by a rule that holds at
    every stop.
    """

    letter: str
    task: str
    scorer: str
    n: int
    score: tuple[float, float]
    ci: tuple[float, float] | None
    open: int = 0
    is_stopped: bool = False


class PairResult(Record, frozen=True, kw_only=True):
    """Two runs, by their letters, with every difference that was tested between them and what else differs.

    ``differing_samples`` are some of the ``differing`` ones: the first of each task.
    """

    first: str
    second: str
    contrasts: tuple[Contrast, ...]
    skipped: tuple[Skipped, ...] = ()
    only_first: dict[str, int] = msgspec.field(default_factory=dict)
    only_second: dict[str, int] = msgspec.field(default_factory=dict)
    changed: dict[str, int] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    differing: int = 0
    differing_samples: tuple[DifferingSample, ...] = ()

    @property
    def overall(self) -> Contrast | None:
        """The contrast over all tasks; None where nothing could be compared."""
        return self.contrasts[0] if self.contrasts else None


class Comparison(Record, frozen=True, kw_only=True):
    """Runs on the same samples. ``tests`` counts the differences over which ``alpha`` is kept, whatever the truth."""

    alpha: float
    see: float
    runs: tuple[Compared, ...]
    pairs: tuple[PairResult, ...]
    tests: int
    weights: str = ""
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> int:
        """3 where something that both runs have could not be compared, else 0: a comparison is no gate."""
        return 3 if any(pair.skipped or not pair.contrasts for pair in self.pairs) else 0

    def run(self, letter: str) -> Compared:
        """The run with this letter."""
        return next(each for each in self.runs if each.letter == letter)
