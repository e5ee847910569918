"""Corpus chrF from integers: the F-score of sums over all texts, which is no mean of theirs.

Popović (2015), with sacreBLEU's choices for one reference (signature
``nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no``): character n-grams of orders 1 to 6, β = 2, and precision and recall
averaged over the orders that both sides have. A text's *counts* are 18 integers, by order those of the hypothesis, of
the reference, and of what both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BETA", "LENGTH", "ORDER", "bootstrap_interval", "corpus_bounds", "corpus_score", "is_counts"]

ORDER: Final = 6
BETA: Final = 2
LENGTH: Final = 3 * ORDER  # of a text's counts
_DRAWS: Final = 2000
_MOST: Final = 2**31  # n-grams of a text: sums over a benchmark stay below 2⁶³
_SQUARED: Final = BETA**2


def is_counts(counts: Sequence[int]) -> bool:
    """Whether these can be the counts of a text: none is negative or huge, and no match exceeds its two sides."""
    if len(counts) != LENGTH or max(counts) > _MOST:
        return False
    return all(
        0 <= counts[place + 2] <= min(counts[place], counts[place + 1]) and (counts[place + 1] or not counts[place])
        for place in range(0, LENGTH, 3)
    )


def corpus_score(sums: Sequence[int]) -> Fraction:
    """chrF2 from 0 to 1, exact, of the sums of texts' counts (or of one text's); 0 where no order has both sides."""
    precision = recall = Fraction(0)
    orders = 0
    for place in range(0, LENGTH, 3):
        ours, theirs, both = sums[place : place + 3]
        if ours and theirs:
            precision += Fraction(both, ours)
            recall += Fraction(both, theirs)
            orders += 1
    if not precision:
        return Fraction(0)
    return (1 + _SQUARED) * precision * recall / orders / (_SQUARED * precision + recall)


def corpus_bounds(read: Sequence[int], unread: Sequence[int], number: int, longest: int) -> tuple[Fraction, Fraction]:
    """The least and the greatest corpus score, if ``number`` texts were not read.

    ``read`` are the sums of the counts of all others, ``unread`` those of the unread texts' references. At worst an
    unread text has ``longest`` characters and no n-gram of its reference, at best it is the reference.
    """
    if not number:
        return (corpus_score(read),) * 2
    worst, best = list(read), list(read)
    for place in range(0, LENGTH, 3):
        worst[place] += number * longest
        worst[place + 1] += unread[place + 1]
        for side in range(3):
            best[place + side] += unread[place + 1]
    # Of the orders that only an unread text has, it need not have all: fewer orders may have the larger mean.
    had = sum(1 for place in range(0, LENGTH, 3) if read[place] and read[place + 1])
    cut = ([*best[: 3 * orders], *[0] * (LENGTH - 3 * orders)] for orders in range(max(1, had), ORDER + 1))
    return corpus_score(worst), max(corpus_score(each) for each in cut)


def bootstrap_interval(
    counts: Sequence[Sequence[int]], is_read: Sequence[bool], longest: int, *, seed: int, level: float
) -> tuple[float, float]:
    """The percentile interval at 1 − ``level`` over texts drawn anew with replacement (Efron 1979), from 0 to 1.

    ``counts`` are the texts', unread ones' those of their references. Its lower end reads these as at worst, its upper
    end as at best. The draws are the raw words of PCG64, so that they are the same everywhere.
    """
    import numpy as np

    table = np.asarray(counts, dtype=np.int64).reshape(-1, LENGTH)
    known = np.asarray(is_read, dtype=bool)
    number, bits = len(table), np.random.PCG64(seed)
    worst, best = table.copy(), table.copy()
    for place in range(0, LENGTH, 3):
        worst[~known, place] = longest
        for side in (0, 2):
            best[~known, place + side] = table[~known, place + 1]
    lows, highs = np.empty(_DRAWS), np.empty(_DRAWS)
    for draw in range(_DRAWS):
        drawn = (bits.random_raw(number) % np.uint64(number)).astype(np.int64)
        lows[draw] = _plain_score(worst[drawn].sum(axis=0))
        highs[draw] = _plain_score(best[drawn].sum(axis=0))
    tail = int(_DRAWS * level / 2)
    return float(np.sort(lows)[tail]), float(np.sort(highs)[_DRAWS - 1 - tail])


def _plain_score(sums: NDArray[np.int64]) -> float:
    sides: Any = sums.reshape(ORDER, 3)
    sides = sides[(sides[:, 0] > 0) & (sides[:, 1] > 0)]
    if not sides[:, 2].any():
        return 0.0
    precision, recall = (float((sides[:, 2] / sides[:, side]).mean()) for side in (0, 1))
    return (1 + _SQUARED) * precision * recall / (_SQUARED * precision + recall)
