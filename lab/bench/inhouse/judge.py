"""Judges held against labels: how often the interval holds the suite's gold rate, and what the judge saves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.inhouse.table import SEED, Printed, share
from steelyard.judging.confusion import ErrorRate
from steelyard.stats.judged import Corrected, Stratum, agreement, judged_mean, judged_rate, rogan_gladen

__all__ = [
    "JUDGES",
    "RATES",
    "SIZES",
    "Judge",
    "Kappas",
    "Measured",
    "kappas_held",
    "measure",
    "measure_repeats",
    "tables",
    "wrong_verdicts_held",
]

LABELS = 100


@dataclass(frozen=True)
class Judge:
    """How often it accepts what people accept, and rejects what people reject."""

    sensitivity: float
    specificity: float

    def __str__(self) -> str:
        return f"{self.sensitivity:g} / {self.specificity:g}"


JUDGES = (
    *(Judge(accuracy, accuracy) for accuracy in (0.7, 0.8, 0.9, 0.95)),
    *(Judge(0.95, 0.7), Judge(0.7, 0.95), Judge(0.99, 0.8)),
)
SIZES = (400, 1_000, 10_000)
RATES = (0.2, 0.5, 0.8, 0.9)


@dataclass(frozen=True)
class Measured:
    """Of ``runs`` suites, in how many the interval held the gold rate, and by which share it was shorter on average."""

    runs: int
    held: int
    saved: float


def measure(judge: Judge, items: int, rate: float, runs: int, *, by_verdict: bool = False) -> Measured:
    """Draw suites and verdicts, label ``LABELS`` items (half of them in each verdict if ``by_verdict``)."""
    random = np.random.default_rng(
        [SEED, items, *(round(1000 * part) for part in (rate, judge.sensitivity, judge.specificity))]
    )
    held, width, alone = 0, 0.0, 0.0
    for _ in range(runs):
        gold = random.random(items) < rate
        verdicts = np.where(gold, random.random(items) < judge.sensitivity, random.random(items) >= judge.specificity)
        found = _corrected(gold, verdicts, by_verdict)
        held += found.low - 1e-12 <= gold.mean() <= found.high + 1e-12
        width += found.high - found.low
        alone += found.gold_high - found.gold_low
    return Measured(runs, held, 1 - width / alone)


def _corrected(gold: np.ndarray, verdicts: np.ndarray, by_verdict: bool) -> Corrected:
    labelled = np.zeros(len(gold), dtype=bool)
    if by_verdict:  # the items come in random order, so the first ones of a verdict are a draw
        for verdict in (True, False):
            labelled[np.flatnonzero(verdicts == verdict)[: LABELS // 2]] = True
    else:
        labelled[:LABELS] = True
    accepted = (int((chosen := verdicts & labelled).sum()), int((chosen & gold).sum()))
    rejected = (int((chosen := ~verdicts & labelled).sum()), int((chosen & gold).sum()))
    strata = [Stratum(1, int(verdicts.sum()), *accepted), Stratum(0, int((~verdicts).sum()), *rejected)]
    return judged_rate(strata, by_verdict=by_verdict)


def _binary(runs: int, by_verdict: bool) -> Printed:
    rows = []
    for judge in JUDGES[:: 3 if by_verdict else 1]:
        for items in SIZES:
            found = [measure(judge, items, rate, runs, by_verdict=by_verdict) for rate in RATES]
            cells = [f"{share(each.held, runs)}, {each.saved:.0%}" for each in found]
            rows.append((f"{judge}, {items:,} items", *cells))
    drawn = "half of them in each verdict" if by_verdict else "drawn from all"
    title = f"Interval of 95 % holds the gold rate; length saved. {runs:,} suites each, {LABELS} labels, {drawn}."
    columns = ("sensitivity / specificity", *(f"rate {rate:g}" for rate in RATES))
    return Printed(title, columns, rows)


def _scored(runs: int) -> Printed:
    random = np.random.default_rng([SEED, 1])
    rows = []
    for name, rate, spread, steps in (
        ("any number", 0.8, 3, 0),
        ("five criteria", 0.9, 2, 5),
        ("five criteria", 0.97, 2, 5),
    ):
        for noise in (0.1, 0.5, 1.0):
            held, width, alone, items = 0, 0.0, 0.0, 1_000
            for _ in range(runs):
                gold, other = (
                    random.binomial(steps, chances) / steps if steps else chances
                    for chances in random.beta(rate * spread, (1 - rate) * spread, (2, items))
                )
                scores = np.where(random.random(items) < noise, other, 0.1 + 0.8 * gold)
                found = judged_mean(scores, [*gold[:LABELS].tolist(), *[None] * (items - LABELS)])
                held += found.low <= gold.mean() <= found.high
                width, alone = width + found.high - found.low, alone + found.gold_high - found.gold_low
            rows.append((f"{name}, mean {rate:g}", f"{noise:g}", share(held, runs), f"{1 - width / alone:.0%}"))
    title = f"Scores in [0, 1]: interval of 95 % holds the gold mean. {runs:,} suites of 1,000, {LABELS} labels."
    return Printed(title, ("scores", "share of judge's scores that are noise", "held", "length saved"), rows)


def _elsewhere(runs: int) -> Printed:
    random = np.random.default_rng([SEED, 2])
    rows = []
    for judge in (Judge(0.8, 0.8), Judge(0.9, 0.9), Judge(0.95, 0.7)):
        for rate in RATES:
            held, width, none = 0, 0.0, 0
            for _ in range(runs):
                gold = random.binomial(1_000, rate)
                accepted = random.binomial(gold, judge.sensitivity) + random.binomial(
                    1_000 - gold, 1 - judge.specificity
                )
                of_positive, of_negative = (
                    random.binomial(60, judge.sensitivity),
                    random.binomial(40, judge.specificity),
                )
                found = rogan_gladen(int(accepted), 1_000, int(of_positive), 60, int(of_negative), 40)
                none += found is None
                held += found is None or found[1] <= gold / 1_000 <= found[2]
                width += 1.0 if found is None else found[2] - found[1]
            rows.append((f"{judge}, rate {rate:g}", share(held, runs), f"{width / runs:.2f}", str(none)))
    title = f"Labels of another suite (60 accepted, 40 rejected), this one of 1,000 items. {runs:,} suites each."
    return Printed(title, ("sensitivity / specificity", "held", "mean length", "no result"), rows)


def measure_repeats(judge: Judge, rate: float, runs: int, repeats: int = 5, items: int = 1_000) -> Measured:
    """As :func:`measure`, where the answers are repeats of questions, and all of a question are alike in everything."""
    random = np.random.default_rng([SEED, 4, *(round(1000 * part) for part in (rate, judge.sensitivity))])
    held, width, alone = 0, 0.0, 0.0
    for _ in range(runs):
        question = random.permutation(items) // repeats  # of each answer, in the committed order
        whole = random.random(items // repeats) < rate
        said = random.random(items // repeats) < np.where(whole, judge.sensitivity, 1 - judge.specificity)
        gold, verdicts = whole[question], said[question]
        found = _corrected(gold, verdicts, by_verdict=False)
        held += found.low - 1e-12 <= gold.mean() <= found.high + 1e-12
        width += found.high - found.low
        alone += found.gold_high - found.gold_low
    return Measured(runs, held, 1 - width / alone)


def _repeats(runs: int) -> Printed:
    rows = []
    for judge in JUDGES[:4]:
        found = [measure_repeats(judge, rate, runs) for rate in RATES]
        rows.append((str(judge), *(f"{share(each.held, runs)}, {each.saved:.0%}" for each in found)))
    title = (
        f"The same where the 1,000 answers are five to each of 200 questions, all five alike. {runs:,} suites each, "
        f"{LABELS} answers labelled, drawn from all."
    )
    return Printed(title, ("sensitivity / specificity", *(f"rate {rate:g}" for rate in RATES)), rows)


def wrong_verdicts_held(judge: Judge, rate: float, runs: int, items: int = 1_000) -> tuple[int, int]:
    """In how many suites the intervals hold the suite's rates of a wrong yes and of a wrong no."""
    random = np.random.default_rng(
        [SEED, 5, *(round(1000 * part) for part in (rate, judge.sensitivity, judge.specificity))]
    )
    held = [0, 0]
    for _ in range(runs):
        gold = random.random(items) < rate
        verdicts = np.where(gold, random.random(items) < judge.sensitivity, random.random(items) >= judge.specificity)
        for number, (of, wrong) in enumerate(((~gold, verdicts), (gold, ~verdicts))):
            if not of.any():
                held[number] += 1
                continue
            low, high = ErrorRate(int((of & wrong)[:LABELS].sum()), int(of[:LABELS].sum())).ci
            held[number] += low <= (of & wrong).sum() / of.sum() <= high
    return held[0], held[1]


def _wrong_verdicts(runs: int) -> Printed:
    rows = []
    for judge in JUDGES:
        found = [wrong_verdicts_held(judge, rate, runs) for rate in RATES]
        rows.append((str(judge), *(", ".join(share(each, runs) for each in both) for both in found)))
    title = (
        f"Intervals of 95 % for a wrong yes, a wrong no: how often they hold the suite's rate. {runs:,} suites of "
        f"1,000 each, {LABELS} labels."
    )
    return Printed(title, ("sensitivity / specificity", *(f"rate {rate:g}" for rate in RATES)), rows)


@dataclass(frozen=True)
class Kappas:
    """Of ``runs`` suites in which κ is defined, in how many its interval held the truth, and its mean length."""

    runs: int
    held: int
    length: float


def kappas_held(labels: int, kappa: float, rate: float, runs: int, *, items: int = 400, people: bool = False) -> Kappas:
    """How often κ's interval holds the suite's own κ; of two ``people``, who label all, that of answers like these.

    Judge and people accept the same ``rate`` of the answers. Suites without a label for each verdict are left out.
    """
    random = np.random.default_rng([SEED, 6, labels, round(100 * kappa), round(100 * rate), people])
    both = rate**2 + kappa * rate * (1 - rate)
    chances = [both, rate - both, rate - both, 1 - 2 * rate + both]
    counted, held, length = 0, 0, 0.0
    for _ in range(runs):
        cells = random.choice(4, size=labels if people else items, p=chances)
        judge, gold = cells < 2, cells % 2 == 0
        said = [judge[:labels], ~judge[:labels]]
        if not all(each.any() for each in said):
            continue
        yes = Stratum(1, int(judge.sum()), *_labelled(said[0], gold))
        no = Stratum(0, int((~judge).sum()), *_labelled(said[1], gold))
        found, truth = agreement([yes, no]), kappa if people else _kappa_of(judge, gold)
        counted, length = counted + 1, length + found.kappa_high - found.kappa_low
        held += found.kappa_low <= truth <= found.kappa_high
    return Kappas(counted, held, length / max(1, counted))


def _labelled(said: np.ndarray, gold: np.ndarray) -> tuple[int, int]:
    """How many are labelled where the judge ``said`` one thing, and how many of these people accept."""
    return int(said.sum()), int((said & gold[: len(said)]).sum())


def _kappa_of(judge: np.ndarray, gold: np.ndarray) -> float:
    first, second = judge.mean(), gold.mean()
    return float(1 - (judge != gold).mean() / (first * (1 - second) + second * (1 - first)))


def _kappas(runs: int) -> Printed:
    rows = []
    for people in (False, True):
        for labels in (30, 100):
            for kappa in (0.2, 0.6, 0.9):
                found = [kappas_held(labels, kappa, rate, runs, people=people) for rate in (0.2, 0.5, 0.9)]
                cells = [f"{share(each.runs - each.held, each.runs)}, {each.length:.2f}" for each in found]
                rows.append((f"{'two people' if people else 'a judge'}, {labels} labels, κ {kappa:g}", *cells))
    title = (
        f"Interval of 95 % for κ misses the truth; its mean length. {runs:,} suites each, of 400 answers for a judge."
    )
    return Printed(title, ("who, labels, κ", *(f"rate {rate:g}" for rate in (0.2, 0.5, 0.9))), rows)


def tables(runs: int) -> Iterator[Printed]:
    """The seven tables of judges."""
    yield _binary(runs, by_verdict=False)
    yield _binary(runs, by_verdict=True)
    yield _scored(runs)
    yield _elsewhere(runs)
    yield _repeats(runs)
    yield _wrong_verdicts(runs)
    yield _kappas(max(1, runs // 4))
