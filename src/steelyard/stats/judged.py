"""The rate that people would give a suite, from a judge's verdicts on all of it and people's labels on a random part.

The suite is a finite population of N items. A judge (a model) gave a verdict on each. People labelled n of them, drawn
at random: from all, or from each verdict apart. The result is about the share of the N items that people would accept,
not about the judge's share, and not about other items.

*Binary* (:func:`judged_rate`): post-stratification on the judge's verdict. In a stratum with m unlabelled items and k
of n labels positive, the number of positives among the m is beta-binomial with parameters (m, k + ½, n − k + ½): the
posterior prediction under Jeffreys's prior (Gelman et al. 2013, "Bayesian Data Analysis", §§2.4, 8.3). The distribution
of the sum over strata is computed exactly, and its quantiles are the interval.

*Scores in [0, 1]* (:func:`judged_mean`): the estimate of PPI++ (Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453)
for the mean, θ = λ·mean_N(f) + mean_n(y − λ·f), with λ = cov_n(y, f)/var_N(f), within [0, 1].

*Labels from another suite* (:func:`rogan_gladen`): only a judge's sensitivity and specificity carry over, and only if
they do not depend on the suite, which nothing here can check.

``python -m bench.inhouse judge`` prints how often the intervals hold the truth and how long they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NEXT_TO_NOTHING",
    "Agreement",
    "Corrected",
    "Stratum",
    "agreement",
    "check_strata",
    "item_gold",
    "judged_mean",
    "judged_rate",
    "predicted",
    "rogan_gladen",
    "sum_quantile",
]

Doubles = NDArray[np.float64]

NEXT_TO_NOTHING = 0.10
"""A judge that makes the interval shorter by less than this share buys next to nothing."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The items of a suite on which the judge gave one verdict; all are counts.

    ``verdict`` is 1 (accepted), 0 (rejected) or None (the judge gave no verdict that could be read).
    """

    verdict: Literal[0, 1] | None
    items: int
    labelled: int
    positive: int
    """How many of the labelled items people accepted."""
    skipped: int = 0
    """How many were drawn for labelling and came back without a label."""

    @property
    def left(self) -> int:
        """Items that nobody was asked about."""
        return self.items - self.labelled - self.skipped


@dataclass(frozen=True, slots=True)
class Corrected:
    """What people would give the suite: proportions in [0, 1], with an interval at level 1 − α."""

    estimate: float
    low: float
    high: float
    labels: int
    items: int
    gold_low: float
    """The interval from the same labels without the judge."""
    gold_high: float

    @property
    def saved(self) -> float:
        """By which share the judge makes the interval shorter; negative where it makes it longer; 0 where all is known.

        It comes from these data, so it varies from draw to draw.
        """
        gold = self.gold_high - self.gold_low
        return 1 - (self.high - self.low) / gold if gold > 0 else 0.0

    @property
    def next_to_nothing(self) -> bool:
        """Whether the judge saves less than ``NEXT_TO_NOTHING`` of the interval."""
        return self.saved < NEXT_TO_NOTHING


# ── binary verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────


def judged_rate(strata: Sequence[Stratum], alpha: float = 0.05, *, by_verdict: bool = False) -> Corrected:
    """The share of the suite's items that people would accept, with its interval at level 1 − ``alpha``.

    ``strata`` are the judge's verdicts, each once. ``by_verdict`` says that labels were drawn within each verdict, in
    numbers of one's own; then the interval without the judge is that of as many labels drawn from the whole suite.
    Items that were drawn and came back without a label are not missing at random: they count as rejected for the lower
    end and as accepted for the upper end. A stratum without labels may hold anything, and the interval says so. Where
    all items are labelled it is a point.

    Raises ValueError without labels, for a stratum that is given twice, and for counts that fit no suite.
    """
    check_strata(strata, alpha)
    n, items = sum(each.labelled for each in strata), sum(each.items for each in strata)
    skipped = sum(each.skipped for each in strata)
    positive = sum(each.positive for each in strata)
    parts = [_jeffreys(each.left, each.positive, each.labelled) for each in strata]
    low = positive + sum_quantile(parts, alpha / 2)
    high = positive + skipped + sum_quantile(parts, 1 - alpha / 2)
    means = [(each.positive + 0.5) / (each.labelled + 1) for each in strata]
    unknown = math.fsum(mean * (each.left + each.skipped) for mean, each in zip(means, strata, strict=True))
    estimate = (positive + unknown) / items
    of_n = n * estimate if by_verdict else float(positive)
    alone = [_jeffreys(items - n - skipped, of_n, n)]
    gold_low = (of_n + sum_quantile(alone, alpha / 2)) / items
    gold_high = (of_n + skipped + sum_quantile(alone, 1 - alpha / 2)) / items
    return Corrected(estimate, low / items, high / items, n, items, gold_low, gold_high)


def _jeffreys(left: int, positive: float, labelled: int) -> Doubles:
    return predicted(left, positive + 0.5, labelled - positive + 0.5)


def predicted(left: int, a: float, b: float) -> Doubles:
    """Probabilities of 0 … ``left`` positives among the unlabelled: beta-binomial with parameters a > 0 and b > 0."""
    from scipy.special import betaln, gammaln

    x = np.arange(left + 1)
    choose = gammaln(left + 1) - gammaln(x + 1) - gammaln(left - x + 1)
    chances = np.exp(choose + betaln(x + a, left - x + b) - betaln(a, b))
    return np.asarray(chances / chances.sum(), dtype=np.float64)


def sum_quantile(parts: Sequence[Doubles], level: float) -> int:
    """The smallest t at which the sum of independent counts is at most t with probability ≥ ``level``.

    All but the largest part are convolved; P(sum ≤ t) is then one sum of products, so that no transform is needed.
    """
    *smaller, last = sorted(parts, key=len)
    rest: Doubles = np.ones(1)
    for part in smaller:
        rest = np.convolve(rest, part)
    cumulated = np.minimum(np.cumsum(last), 1.0)
    # A hair, so that a level which is reached exactly does not depend on rounding.
    level -= 1e-12
    low, high = -1, len(rest) + len(last) - 2
    while high - low > 1:
        middle = (low + high) // 2
        at = np.minimum(middle - np.arange(min(len(rest), middle + 1)), len(last) - 1)
        if float((rest[: len(at)] * cumulated[at]).sum()) >= level:
            high = middle
        else:
            low = middle
    return high


def check_strata(strata: Sequence[Stratum], alpha: float) -> None:
    """Raise ValueError for counts that fit no suite, for a verdict that is given twice, and without labels."""
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    if len({each.verdict for each in strata}) < len(strata):
        raise ValueError("each verdict of the judge is one stratum")
    for each in strata:
        if not 0 <= each.positive <= each.labelled or each.skipped < 0 or each.left < 0:
            raise ValueError(f"these counts fit no suite: {each}")
    if not any(each.labelled for each in strata):
        raise ValueError("no item has a label: label at least one")


# ── agreement ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a judge agrees with people, and what a judge that always says the same would get."""

    share: float
    """Share of the suite on which both say the same."""
    kappa: float | None
    """Cohen's κ (1960): 1 perfect, 0 as by chance; None where judge or people never vary."""
    kappa_low: float
    kappa_high: float
    constant_share: float
    """What the better of the two constant judges would share; its κ is 0."""


def agreement(strata: Sequence[Stratum], alpha: float = 0.05) -> Agreement:
    """Agreement of judge and people over the suite, each stratum weighted by its items.

    Items without a verdict or a label have no part. κ itself is that of the table as it is. Its interval is that of a
    table with ½ added to each of the four cells, a continuity prior (Jeffreys's for a share; for intervals of Wald's
    form Agresti & Coull 1998 and Agresti & Caffo 2000), by the delta method for strata (Fleiss, Cohen & Everitt 1969
    for one) with Student's t, within [−1, 1], and holds κ. Without the ½ few labels of a judge that is nearly always
    right show no error, and the interval is a point. It is [−1, 1] where κ is undefined. ``python -m bench.inhouse
    judge`` prints how often it holds the truth. Raises ValueError where a verdict that was given has no label, and
    where none was given.
    """
    check_strata(strata, alpha)
    counts = {each.verdict: (each.items, each.labelled, each.positive) for each in strata if each.verdict is not None}
    weights = {verdict: items for verdict, (items, _, _) in counts.items() if items}
    if not weights:
        raise ValueError("the judge gave no verdict: its agreement is unknown")
    if any(not counts[verdict][1] for verdict in weights):
        raise ValueError("a verdict of the judge has no labelled item: its agreement is unknown")
    cells = {(verdict, 1): counts[verdict][2] for verdict in weights}
    cells |= {(verdict, 0): counts[verdict][1] - counts[verdict][2] for verdict in weights}
    share, kappa, positive = _kappa(cells, weights)
    constant = max(positive, 1 - positive)
    if kappa is None:
        return Agreement(share, None, -1.0, 1.0, constant)
    low, high = _kappa_ends(cells, weights, alpha)
    return Agreement(share, kappa, min(low, kappa), max(high, kappa), constant)


Cells = dict[tuple[Literal[0, 1], int], int]


def _kappa(cells: Cells, weights: dict[Literal[0, 1], int]) -> tuple[float, float | None, float]:
    """(Agreement, κ, people's positive share) of the table of (verdict, label), strata weighted by their items."""
    total = sum(weights.values())
    shares = {}
    for verdict, items in weights.items():
        labelled = cells[verdict, 0] + cells[verdict, 1]
        for label in (0, 1):
            shares[verdict, label] = items / total * cells[verdict, label] / labelled
    same = math.fsum(share for (verdict, label), share in shares.items() if verdict == label)
    judge = weights.get(1, 0) / total
    people = math.fsum(share for (_, label), share in shares.items() if label == 1)
    chance = judge * people + (1 - judge) * (1 - people)
    vary = len(weights) == 2 and len({label for (_, label), count in cells.items() if count}) == 2
    return same, (same - chance) / (1 - chance) if vary else None, people


def _kappa_ends(cells: Cells, weights: dict[Literal[0, 1], int], alpha: float) -> tuple[float, float]:
    """The ends of κ's interval, with ½ added to each cell, for a table in which κ is defined."""
    from scipy.special import stdtrit

    total, n = sum(weights.values()), sum(cells.values())
    judge = weights[1] / total
    size = {verdict: cells[verdict, 0] + cells[verdict, 1] + 1 for verdict in weights}
    yes = {verdict: (cells[verdict, 1] + 0.5) / size[verdict] for verdict in weights}
    people = judge * yes[1] + (1 - judge) * yes[0]
    apart = judge * (1 - yes[1]) + (1 - judge) * yes[0]
    by_chance = judge * (1 - people) + (1 - judge) * people
    kappa = 1 - apart / by_chance

    def slope(of_apart: float, of_chance: float) -> float:
        return -(of_apart - apart / by_chance * of_chance) / by_chance

    # By people's yes where the judge says yes, where it says no, and by the judge's own share of yes.
    slopes = (
        slope(-judge, judge * (1 - 2 * judge)),
        slope(1 - judge, (1 - judge) * (1 - 2 * judge)),
        slope(1 - yes[1] - yes[0], 1 - 2 * people + (1 - 2 * judge) * (yes[1] - yes[0])),
    )
    variances = (yes[1] * (1 - yes[1]) / size[1], yes[0] * (1 - yes[0]) / size[0], judge * (1 - judge) / total)
    error = math.sqrt(math.fsum(each**2 * variance for each, variance in zip(slopes, variances, strict=True)))
    reach = float(stdtrit(n - 1, 1 - alpha / 2)) * error
    return max(-1.0, kappa - reach), min(1.0, kappa + reach)


def item_gold(labels: Sequence[float]) -> float:
    """The gold score of an item from one or several people's labels in [0, 1]: their mean.

    Two people who disagree on yes or no make ½: such a suite has scores, not verdicts, and :func:`judged_mean` takes
    it. What is estimated is then the share of (item, person) pairs in which the person would accept the item. Raises
    ValueError without labels or for one outside [0, 1].
    """
    if not labels or not all(0 <= label <= 1 for label in labels):
        raise ValueError("an item needs at least one label, each within [0, 1]")
    return math.fsum(labels) / len(labels)


# ── scores in [0, 1] ────────────────────────────────────────────────────────────────────────────────────────────────


def judged_mean(judge: Sequence[float], gold: Sequence[float | None], alpha: float = 0.05) -> Corrected:
    """The mean score that people would give the suite, from the judge's N scores and people's on n ≥ 3 of them.

    Both are in [0, 1], in the suite's order; an item without a label is None. Labels are drawn at random from the whole
    suite. λ is 0 for a judge that says nothing and grows to 1 for one that says what people say; a judge whose scores
    run the wrong way gets 0. The interval is Student's t with n − 2 degrees of freedom on the logit scale, with the
    finite population correction. Half an item that people gave 0 and half an item that they gave 1 are added, as
    Jeffreys's prior does for shares, so that equal labels do not make a point.

    Raises ValueError for scores outside [0, 1] and for fewer than three labels.
    """
    f = np.asarray(judge, dtype=np.float64)
    known = np.array([score is not None for score in gold], dtype=bool)
    y = np.array([score for score in gold if score is not None], dtype=np.float64)
    if len(f) != len(known):
        raise ValueError(f"{len(f)} items have a judge's score and {len(known)} a place for people's")
    if len(y) < 3:
        raise ValueError(f"scores need at least three labels, not {len(y)}")
    for scores in (f, y):
        if not (np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()):
            raise ValueError("scores are within [0, 1]")
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    weight, spread = 0.0, float(f.var())
    if spread > 0:
        both = float(((y - y.mean()) * (f[known] - f[known].mean())).sum()) / (len(y) - 1)
        weight = min(1.0, max(0.0, both / (spread * len(f) / max(1, len(f) - 1))))
    residuals = y - weight * f[known]
    estimate = weight * float(f.mean()) + float(residuals.mean())
    low, high = _logit_interval(estimate, residuals, 2, len(f), alpha)
    gold_low, gold_high = _logit_interval(float(y.mean()), y, 1, len(f), alpha)
    return Corrected(min(1.0, max(0.0, estimate)), low, high, len(y), len(f), gold_low, gold_high)


def _logit_interval(estimate: float, residuals: Doubles, spent: int, items: int, alpha: float) -> tuple[float, float]:
    """Interval of a mean in [0, 1]; ``spent`` degrees of freedom went into it."""
    from scipy.special import expit, logit, stdtrit

    n = len(residuals)
    if n == items:
        return estimate, estimate
    centre = (n * min(1.0, max(0.0, estimate)) + 0.5) / (n + 1)
    squares = float(((residuals - residuals.mean()) ** 2).sum()) + 0.5
    error = math.sqrt((1 - n / items) * squares / (n - spent) / n)
    reach = float(stdtrit(n - spent, 1 - alpha / 2)) * error / (centre * (1 - centre))
    low, high = float(expit(logit(centre) - reach)), float(expit(logit(centre) + reach))
    inside = min(1.0, max(0.0, estimate))
    return min(low, inside), max(high, inside)


# ── labels from another suite ───────────────────────────────────────────────────────────────────────────────────────


def rogan_gladen(
    accepted: int,
    items: int,
    right_positive: int,
    positive: int,
    right_negative: int,
    negative: int,
    alpha: float = 0.05,
) -> tuple[float, float, float] | None:
    """(Estimate, low, high) of people's rate, where the judge was held against labels of *another* suite.

    The judge accepted ``accepted`` of this suite's ``items``; on the other suite it accepted ``right_positive`` of the
    ``positive`` items that people accept and rejected ``right_negative`` of the ``negative`` ones. The estimate is
    (q + specificity − 1)/(sensitivity + specificity − 1) (Rogan & Gladen 1978), the interval is Lang & Reiczigel's
    (2014, "Confidence limits for prevalence of disease adjusted for estimated sensitivity and specificity"). None where
    the judge was not shown to be better than a coin on the other suite (one-sided at ``alpha``/2): its verdicts then
    say nothing. Raises ValueError for counts that fit no table.
    """
    if not (0 <= accepted <= items and 0 <= right_positive <= positive and 0 <= right_negative <= negative):
        raise ValueError("counts of a part are at most those of its whole")
    if not items or not positive or not negative:
        raise ValueError("this suite needs items, and the other one items that people accept and ones that they reject")
    from scipy.special import ndtri

    z = float(ndtri(1 - alpha / 2))
    q = (accepted + z * z / 2) / (items + z * z)
    sensitivity, specificity = (right_positive + 1) / (positive + 2), (right_negative + 1) / (negative + 2)
    of_sensitivity = sensitivity * (1 - sensitivity) / (positive + 2)
    of_specificity = specificity * (1 - specificity) / (negative + 2)
    better = sensitivity + specificity - 1
    if better <= z * math.sqrt(of_sensitivity + of_specificity):
        return None
    adjusted = (q + specificity - 1) / better
    shift = 2 * z * z * (adjusted * of_sensitivity - (1 - adjusted) * of_specificity)
    variance = q * (1 - q) / (items + z * z) + adjusted**2 * of_sensitivity + (1 - adjusted) ** 2 * of_specificity
    reach = z / better * math.sqrt(variance)
    plain = right_positive / positive + right_negative / negative - 1
    estimate = (accepted / items + right_negative / negative - 1) / plain if plain > 0 else adjusted
    low, high = (min(1.0, max(0.0, adjusted + shift + side)) for side in (-reach, reach))
    return min(1.0, max(0.0, estimate)), low, high
