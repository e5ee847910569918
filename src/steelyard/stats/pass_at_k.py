"""pass@k: the chance that at least one of k answers to a problem is right, without bias from n ≥ k answers to each.

Chen et al. 2021 ("Evaluating Large Language Models Trained on Code", arXiv 2107.03374), equation 1. The plug-in
estimate 1 − (1 − c/n)^k is biased low; this one counts the subsets of k answers that hold no right one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import msgspec

from steelyard.stats.intervals import score_interval

__all__ = ["PassAtK", "mean_pass_at_k", "pass_at_k", "run_pass_at_k"]


class PassAtK(msgspec.Struct, frozen=True, kw_only=True):
    """pass@``k`` over ``problems`` with ``answers`` in all; proportions.

    ``least`` counts missing answers as wrong and ``most`` as right: the same number where none is missing. ``low`` and
    ``high`` bound the mean over the problems that these were drawn from.
    """

    k: int
    problems: int
    answers: int
    missing: int
    least: float
    most: float
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """1 − C(n−c, k) / C(n, k): the share of k-subsets of ``n`` answers, ``c`` of them right, that hold a right one.

    A sum of logarithms, so that neither large binomials overflow nor small shares cancel. Raises ValueError where not
    0 ≤ c ≤ n and 1 ≤ k ≤ n.
    """
    if not 0 <= c <= n:
        raise ValueError(f"of {n} answers, {c} cannot be right")
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs k from 1 to the number of answers, {n}")
    if n - c < k:
        return 1.0
    fewer, more = min(c, k), max(c, k)  # C(n−c, k) / C(n, k) is symmetric in c and k: the shorter product
    return -math.expm1(math.fsum(math.log1p(-more / (n - place)) for place in range(fewer)))


def mean_pass_at_k(counts: Sequence[tuple[int, int]], k: int, alpha: float = 0.05) -> tuple[float, float, float]:
    """Mean of pass@k over problems, each with (answers, right), and its interval at level 1 − α.

    A problem is the cluster: only the spread of the problems' own values counts, so answers to one problem may hang
    together. Wilson's interval with the number of independent yes-or-no answers that would have this spread, never
    fewer than problems and never more than answers: it stays in [0, 1] and keeps its width at 0 and 1. Raises
    ValueError without problems, or where one has fewer than k answers.
    """
    if not counts:
        raise ValueError("pass@k needs at least one problem")
    values = [pass_at_k(n, c, k) for n, c in counts]
    problems = len(values)
    mean = math.fsum(values) / problems
    spread = math.fsum((value - mean) ** 2 for value in values) / max(problems - 1, 1) / problems
    answers = sum(n for n, _ in counts)
    effective = float(problems)
    if problems > 1 and 0 < mean < 1:
        effective = min(max(mean * (1 - mean) / spread, problems), answers) if spread else float(answers)
    return mean, *score_interval(mean, effective, NormalDist().inv_cdf(1 - alpha / 2))


def run_pass_at_k(
    scores: Iterable[tuple[str, float | None]], ks: Sequence[int] = (), alpha: float = 0.05
) -> tuple[PassAtK, ...]:
    """pass@k of a run, from the score of every output: (problem, value), None where the output is missing.

    ``ks``: by default 1, 2, 5, 10, 20, 50, 100 and the number of answers that every problem has; a larger k is left
    out. An answer is right where its value is 1.
    """
    asked: dict[str, list[float | None]] = defaultdict(list)
    for problem, value in scores:
        asked[problem].append(value)
    most_k = min(map(len, asked.values()), default=0)
    results = []
    for k in ks or sorted({1, 2, 5, 10, 20, 50, 100, most_k}):
        if not 1 <= k <= most_k:
            continue
        right = [(len(values), values.count(1.0), values.count(None)) for values in asked.values()]
        least, low, _ = mean_pass_at_k([(n, c) for n, c, _ in right], k, alpha)
        most, _, high = mean_pass_at_k([(n, c + gone) for n, c, gone in right], k, alpha)
        results.append(
            PassAtK(
                k=k, problems=len(right), answers=sum(n for n, _, _ in right), missing=sum(gone for *_, gone in right),
                least=least, most=most, low=low, high=high,
            )
        )  # fmt: skip
    return tuple(results)
