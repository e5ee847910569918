"""Detector D7: does a judge's score depend on whether an answer fits its prompt?

W is the judge's score of a text that does not fit its prompt, S that of the run's own answer to the same prompt, and F
that of a plain wrong answer to it (a *floor*); all in [0, 1]. The null hypothesis is

    E[W] − ½·E[S] − ½·max over floors E[F] ≤ 0:

what does not fit scores at most halfway between a plain wrong answer and the run's own. It is a difference, not a
ratio: where S and F are equal, a judge that says yes to all is not taken for one that was deceived.

For one floor, D = W − ½S − ½F lies in [−1, 1] and has a mean of at most 0 under the null hypothesis. The product
Π(1 + λD_i) then has an expectation of at most 1 for every λ in [0, 1], for independent prompts, and for prompts drawn
without replacement from a finite suite too (Maclaurin's inequality on symmetric means). The mean over several λ keeps
that, and p = 1/e is valid by Markov's inequality (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random
variables by betting", §4). No symmetry is assumed: a sign-flip test rejects an honest judge whose D is ½ on two prompts
in three and −1 on the third 3.9 % of the time at a level of .4 % with 8 prompts. With several floors the null
hypothesis is a union, so p is the largest of the floors' (Berger 1982, "Multiparameter hypothesis testing").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

__all__ = ["BETS", "Excess", "bounded_mean_p", "excess_over_halfway"]

BETS: Final = (0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Excess:
    """Means over the same prompts, their ``excess`` W − ½S − ½F in [−1, 1] with the highest floor, and p."""

    score: float
    real: float
    floor: float
    excess: float
    p: float


def bounded_mean_p(values: Sequence[float]) -> float:
    """The p of the hypothesis that ``values`` in [−1, 1] have a mean of at most 0; 1 without values.

    Raises ValueError for a value outside.
    """
    if not all(-1 <= value <= 1 for value in values):
        raise ValueError("values are within [−1, 1]")
    products = [math.prod(1 + bet * value for value in values) for bet in BETS]
    e = math.fsum(products) / len(products)
    return min(1.0, 1 / e) if e > 0 else 1.0


def excess_over_halfway(
    scores: Sequence[float | None], real: Sequence[float | None], floors: Sequence[Sequence[float | None]]
) -> Excess:
    """The test, on prompts in one order. None is a verdict that could not be read: it counts for the null hypothesis.

    Raises ValueError without prompts or floors, and for numbers of prompts that differ.
    """
    if not scores or not floors or any(len(each) != len(scores) for each in (real, *floors)):
        raise ValueError("every prompt needs a score, the run's own and one of each floor")
    w = [0.0 if each is None else each for each in scores]
    s = [1.0 if each is None else each for each in real]
    f = [[1.0 if each is None else each for each in floor] for floor in floors]
    p = max(bounded_mean_p([a - (b + c) / 2 for a, b, c in zip(w, s, floor, strict=True)]) for floor in f)
    score, own, highest = fmean(w), fmean(s), max(map(fmean, f))
    return Excess(score, own, highest, score - (own + highest) / 2, p)
