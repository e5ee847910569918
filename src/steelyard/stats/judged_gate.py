"""A gate on the rate that people would give a suite, from a judge's verdicts on all of it and labels on a random part.

The suite is the finite population of :mod:`steelyard.stats.judged`, and so are the strata. But a gate has a level, and
Jeffreys's prior has none: where a verdict has few labels, or nearly all of them alike, one end of its interval misses
the rate in up to .12 of suites in place of .05. The ends of a gate are Clopper and Pearson's (1934): of m unlabelled
items in a stratum with k of n labels positive, the lower end takes the beta-binomial with parameters (m, k, n − k + 1),
the upper one (m, k + 1, n − k). For one stratum its quantile is the exact limit of the hypergeometric distribution. For
a sum of strata its level is simulated, not proven: ``python -m bench.inhouse judged_gate`` prints it.

Without a judge that says something these ends are no better than those of the labels alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard.stats.gate import Colour
from steelyard.stats.judged import Doubles, Stratum, check_strata, predicted, sum_quantile

__all__ = ["colour_of_bounds", "least_positive", "most_positive"]


def least_positive(strata: Sequence[Stratum], alpha: float = 0.05) -> int:
    """The lower end, at level 1 − ``alpha`` by itself, of how many of the suite's items people would accept.

    What was drawn and came back without a label counts as rejected; a stratum without labels as rejected altogether.
    Raises ValueError as :func:`steelyard.stats.judged.judged_rate` does.
    """
    check_strata(strata, alpha)
    parts = [_least(each.left, each.positive, each.labelled) for each in strata]
    return sum(each.positive for each in strata) + sum_quantile(parts, alpha)


def most_positive(strata: Sequence[Stratum], alpha: float = 0.05) -> int:
    """The upper end, as :func:`least_positive`; what has no label counts as accepted."""
    check_strata(strata, alpha)
    turned = [
        Stratum(each.verdict, each.items, each.labelled, each.labelled - each.positive, each.skipped) for each in strata
    ]
    return sum(each.items for each in strata) - least_positive(turned, alpha)


def colour_of_bounds(low: int, high: int, needed: int) -> Colour:
    """*green* where at least ``needed`` items are accepted by the lower end, *red* where fewer are by the upper one."""
    return "green" if low >= needed else "red" if high < needed else "undecided"


def _least(left: int, positive: int, labelled: int) -> Doubles:
    """Probabilities of 0 … ``left`` positives by the lower end; none where no label is positive."""
    if positive:
        return predicted(left, positive, labelled - positive + 1)
    return np.concatenate([np.ones(1), np.zeros(left)])
