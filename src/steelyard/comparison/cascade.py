"""A cascade of two finished runs: the small model's answers, and the large one's where a signal of the small is low.

The threshold of the signal is chosen on the first half of the committed order, everything else is measured on the
second, which did not choose it (:func:`steelyard.stats.elimination.evaluate_cascade`). Signals are what a journal
holds of the small model's calls; the large one's answers are never looked at to escalate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from steelyard.comparison.pairing import PairedTask, Refused, paired_tasks
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers, ScoredRun
from steelyard.errors import ExitCode, InputError
from steelyard.records.record import Record
from steelyard.stats.elimination import Cascade, evaluate_cascade
from steelyard.stats.intervals import clopper_pearson
from steelyard.util.text import one_line

__all__ = ["SIGNALS", "Alone", "CascadeResult", "cascade_of", "document_of", "lines_of"]

ALPHA: Final = 0.05
LEAST: Final = 40  # samples: 20 to choose a threshold on, and 20 to measure it


class Alone(Record, frozen=True, kw_only=True):
    """One model, or the cascade, on the second half. ``cost`` is the mean of a sample; None where a run knew no price.

    ``cost_per_right``: the cost of all its calls by its right answers. ``ci`` is Clopper and Pearson's.
    """

    name: str
    right: int
    ci: tuple[float, float]
    cost: float | None
    cost_per_right: float | None


class CascadeResult(Record, frozen=True, kw_only=True):
    """A cascade as it was measured: shares are fractions, costs in the currency of the user's prices.

    Escalated is what has a signal at or below ``threshold`` (None: nothing was to be). ``tuned_rate`` is the rate on
    the half that chose it, too good by chance. ``unread`` counts open and missing answers, which are wrong here.
    ``exit`` is 0 where the whole interval reaches the target, 1 where none of it does, else 3.
    """

    task: str
    signal: str
    target: str
    threshold: float | None
    tuned_on: int
    tuned_rate: float
    samples: int
    escalated: int
    unread: int
    cascade: Alone
    small: Alone
    large: Alone
    exit: int

    @property
    def rate(self) -> float:
        """The cascade's share of right answers on the second half."""
        return self.cascade.right / self.samples


def _agreement(scores: MeasuredScores, answers: SampleAnswers) -> float:
    if scores.measurement.repeats < 2:
        raise InputError("--signal agreement: the small model was asked once: measure it with --repeats 3 or more")
    return answers.answers.count(answers.answers[0]) / len(answers.answers)


def _margin(scores: MeasuredScores, answers: SampleAnswers) -> float:
    if scores.measurement.kind != "loglikelihood":
        raise InputError("--signal margin: the small model wrote text: it is for log-likelihoods of choices")
    found = answers.answers[0]
    best = sorted(found, reverse=True) if isinstance(found, tuple) else []
    return best[0] - best[1] if len(best) > 1 and all(map(math.isfinite, best[:2])) else -math.inf


def _length(scores: MeasuredScores, answers: SampleAnswers) -> float:
    return -float(answers.completion_tokens)


def _read(scores: MeasuredScores, answers: SampleAnswers) -> float:
    return 0.0 if answers.is_open or answers.is_unparsed else 1.0


SIGNALS: Final[Mapping[str, Callable[[MeasuredScores, SampleAnswers], float]]] = {
    "agreement": _agreement,
    "length": _length,
    "margin": _margin,
    "unread": _read,
}


def cascade_of(runs: Sequence[ScoredRun], signal: str, target: Fraction, task: str = "") -> CascadeResult:
    """Measure the cascade of two runs, the small model's first.

    ``task``: which one, where they share several. Raises InputError for a signal that the journal does not hold, for
    runs that cannot be paired, scores that are neither right nor wrong, and too few samples.
    """
    if signal not in SIGNALS:
        raise InputError(f"there is no signal {signal[:20]!r}; there are: {', '.join(SIGNALS)}")
    if len(runs) != 2:
        raise InputError(f"a cascade is of two models, the small one first, and {len(runs)} are given: name RUN#ROLE")
    pair = _one_task([*paired_tasks(*runs)], task)
    if runs[0].origin.kind == "imported":
        raise InputError("its order is a log's, which nobody drew: measure it with steelyard run", where=runs[0].path)
    answers = pair.answers()
    if len(answers) < LEAST:
        raise InputError(f"{len(answers)} samples in common are too few for a cascade: it takes {LEAST}")
    signals = _signals(signal, pair.first, [one for one, _ in answers])
    if signal == "length" and not any(one.completion_tokens for one, _ in answers):
        raise InputError("--signal length: the endpoint of the small model counted no tokens", where=runs[0].path)
    small, large = ([_right(each) for each in side] for side in zip(*answers, strict=True))
    costs = _cost(pair.first), _cost(pair.second)
    known = (costs[0] or 0.0, costs[1] or 0.0)
    found = evaluate_cascade(signals, small, large, known, float(target), ALPHA)
    half = len(answers) // 2
    of_cascade = None if None in costs else found.cost
    unread = sum(one.is_open or other.is_open for one, other in answers[half:])
    return CascadeResult(
        task=pair.task,
        signal=signal,
        target=f"{float(target):g}",
        threshold=found.threshold if math.isfinite(found.threshold) else None,
        tuned_on=half,
        tuned_rate=found.tuned_rate,
        samples=found.samples,
        escalated=found.escalated,
        unread=unread,
        cascade=_alone("cascade", found.right, found.samples, of_cascade),
        small=_alone(runs[0].model_name, sum(small[half:]), found.samples, costs[0]),
        large=_alone(runs[1].model_name, sum(large[half:]), found.samples, costs[1]),
        exit=int(_exit(found, float(target))),
    )


def _signals(name: str, scores: MeasuredScores, answers: Sequence[SampleAnswers]) -> list[float]:
    """The signal of each sample; one that was not answered is below all others, since a user sees that, too."""
    found = [SIGNALS[name](scores, each) if any(each.answers) else -math.inf for each in answers]
    lowest = min((each for each in found if math.isfinite(each)), default=0.0)
    return [max(each, lowest - 1) for each in found]


def _one_task(found: Sequence[PairedTask | Refused], task: str) -> PairedTask:
    named = [each for each in found if not task or each.task == task]
    if not named:
        listed = ", ".join(one_line(each.task, 60) for each in found) or "none"
        raise InputError(f"the runs do not share the task {task[:60]!r}; they share: {listed}")
    if len({each.task for each in named}) > 1:
        raise InputError(f"the runs share several tasks: name one with --task, as {one_line(named[0].task, 60)}")
    first = named[0]
    if isinstance(first, Refused):
        raise InputError(f"{one_line(first.task, 60)}: {first.reason}")
    return first


def _right(answers: SampleAnswers) -> int:
    """Whether the first answer is right; one that is open or missing is not."""
    if answers.first not in (0, 1, None):
        raise InputError(f"a cascade is for right and wrong answers, and a score is {answers.first:g}")
    return int(answers.first == 1)


def _cost(scores: MeasuredScores) -> float | None:
    """What a sample cost, with its repeats and the calls that failed."""
    return None if scores.usage.cost is None else scores.usage.cost / len(scores.samples)


def _alone(name: str, right: int, of: int, cost: float | None) -> Alone:
    per_right = None if cost is None or not right else cost * of / right
    return Alone(name=name, right=right, ci=clopper_pearson(right, of, ALPHA), cost=cost, cost_per_right=per_right)


def _exit(found: Cascade, target: float) -> ExitCode:
    if found.meets(target):
        return ExitCode.CONSISTENT
    return ExitCode.INCONSISTENT if found.high < target else ExitCode.UNDECIDED


def document_of(result: CascadeResult) -> dict[str, Any]:
    """The result as a JSON document."""
    import msgspec

    document: dict[str, Any] = msgspec.to_builtins(result)
    return {"format": "steelyard-cascade/1", **document}


def lines_of(result: CascadeResult) -> list[str]:
    """What stands above and below the table."""
    target, rate = f"{float(result.target) * 100:g} %", f"{100 * result.rate:.1f} %"
    low, high = (f"{100 * bound:.1f}" for bound in result.cascade.ci)
    said = {
        ExitCode.CONSISTENT: f"The cascade reaches {target}",
        ExitCode.INCONSISTENT: f"The cascade is below {target}",
    }.get(ExitCode(result.exit), f"It is not sure that the cascade reaches {target}")
    if result.escalated == result.samples:
        reached = said[0].lower() + said[1:]
        said = f"No cascade was found: every sample goes to the large model, and so {reached}"
    at = ""
    if result.threshold is not None:
        is_length = result.signal == "length"  # the signal is the number of tokens with a minus
        at = f" at length ≥ {-result.threshold:g}" if is_length else f" at {result.signal} ≤ {result.threshold:g}"
    return [
        f"{said}: {rate} ({low} to {high}) of {result.samples:,} samples.",
        f"Escalated{at}: {result.escalated:,} of {result.samples:,} ({100 * result.escalated / result.samples:.0f} %).",
        f"The threshold comes from the {result.tuned_on:,} samples before, where the rate was "
        f"{100 * result.tuned_rate:.1f} %: too good by chance, since it was chosen there.",
        *([f"{result.unread:,} samples have an open or missing answer, which is wrong here."] if result.unread else []),
    ]
