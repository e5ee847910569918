"""Were texts drawn from the reference? Bets on alternatives, text by text, in a committed order.

*Null*: each text is drawn from the reference p. For an alternative k the factor f = p_k(y)/p(y) then has expectation 1
whatever came before; so has 1 − ε + ε·f, which bets that a share ε of the texts comes from k. E is the mean over k and
over ε = .1, .3, 1 of the products over texts. E ≥ 1/α at any time has probability ≤ α (Ville 1939): the test may stop
whenever it likes.

*Within a share* ε₀: against "a share ε₀ or more comes from k" the factor is p/((1 − ε₀)·p + ε₀·p_k), whose expectation
is at most 1 for every share from ε₀ on (it falls in f, so its covariance with f is not positive); E is the smallest
over the alternatives that are named.

*Several files*, of which any may be served, p_1 … p_m. The null is then that each text is drawn from one of them,
whichever, text by text: replicas of a server may have different ones. Whoever observes gives for each alternative the
smallest factor over the files, which has expectation at most 1 whichever of them the text is drawn from. Within a
share: against "a share ε₀ or more comes from k, and the rest from the files" E is the mean over j of the products of
p_j/((1 − ε₀)·M + ε₀·p_k), M = max_j p_j. Each of these has expectation at most 1: at the share ε₀ since
(1 − ε₀)·q + ε₀·p_k is at most the denominator for every mixture q of the files; at the share 1 since the factor is at
most p_j/((1 − ε₀)·p_j + ε₀·p_k); and in between, since the expectation is linear in the share.

The two tests may read two factors: the first one that has expectation 1 under every honest server, the second one the
likelihood ratio of the whole text. A text that is missing, or that cannot be read, counts as f = 0 in the first, and as
a tenth in the second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["LikelihoodBets", "share_interval"]

_SHARES: Final = (0.1, 0.3, 1.0)
_MISSING: Final = 0.1
_MOST: Final = 1e250  # beyond which no product matters, so that none overflows
_GRID: Final = tuple(step / 100 for step in range(101))


class LikelihoodBets:
    """Follows texts; ``within`` is the share that is no longer a small one, of each of the ``far`` alternatives.

    ``files``: of how many files any may be served. Raises ValueError for a share outside (0, 1), and without files or
    alternatives.
    """

    def __init__(self, alternatives: Sequence[str], far: Sequence[str], within: float, files: int = 1) -> None:
        if not 0 < within < 1 or not alternatives or not far or files < 1:
            raise ValueError(f"a share is between 0 and 1, of an alternative, not {within}")
        self.within, self.n, self.unread = within, 0, 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self.highest_within = 1.0
        self._bets = {(name, share): 1.0 for name in alternatives for share in _SHARES}
        self._less = {name: [1.0] * files for name in far}

    def observe(
        self, factors: Mapping[str, float] | None, whole: Mapping[str, float] | None, files: Sequence[float] = (1.0,)
    ) -> None:
        """Take the next text: for either test the factors; None for one that is missing or cannot be read.

        ``factors``: f by alternative, the smallest over the files. ``whole`` has p_k/p_1 by far alternative, and
        ``files`` p_j/p_1 by file, of the whole text.
        """
        self.n += 1
        self.unread += factors is None or whole is None
        for (name, share), e in self._bets.items():
            f = 0.0 if factors is None else factors[name]
            self._bets[name, share] = min(_MOST, e * (1 - share + share * f))
        for name, products in self._less.items():
            parts = [_MISSING] * len(products) if whole is None else self._parts(whole[name], files)
            self._less[name] = [min(_MOST, e * part) for e, part in zip(products, parts, strict=True)]
        self.highest = max(self.highest, math.fsum(self._bets.values()) / len(self._bets))
        self.highest_within = max(self.highest_within, min(math.fsum(each) / len(each) for each in self._less.values()))

    def _parts(self, other: float, files: Sequence[float]) -> list[float]:
        """By file, p_j/((1 − ε₀)·M + ε₀·p_k)."""
        below = (1 - self.within) * max(files) + self.within * other
        return [each / below for each in files]

    @property
    def p(self) -> float:
        """The p-value of "drawn from the reference", valid at every time."""
        return min(1.0, 1 / self.highest)

    @property
    def nearest(self) -> str:
        """The alternative on which the bets won most."""
        return max(self._bets, key=lambda key: self._bets[key])[0]


def share_interval(factors: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The interval of the share of texts that come from one alternative, the rest from the reference.

    ``factors``: f of each text. A share is left out where the mean over the other shares of a grid of hundredths of the
    texts' likelihood is 1/α times its own: valid at every look (Ville 1939).
    """
    import numpy as np

    grid, f = np.array(_GRID), np.asarray(factors, dtype=float)
    with np.errstate(divide="ignore"):
        logs = np.log(1 - grid[:, None] + grid[:, None] * f[None, :]).sum(axis=1)
    highest = float(logs.max())
    mean = highest + math.log(float(np.exp(logs - highest).mean()))
    kept = grid[logs > mean + math.log(alpha)]
    return float(kept.min()), float(kept.max())
