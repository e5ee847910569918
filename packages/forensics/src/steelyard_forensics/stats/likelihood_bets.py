"""Were texts drawn from the reference? Bets on alternatives, text by text, in a committed order.

*Null*: each text is drawn from the reference p. For an alternative k the factor f = p_k(y)/p(y) then has expectation 1
whatever came before; so has 1 − ε + ε·f, which bets that a share ε of the texts comes from k. E is the mean over k and
over ε = .1, .3, 1 of the products over texts. E ≥ 1/α at any time has probability ≤ α (Ville 1939): the test may stop
whenever it likes.

*Within a share* ε₀: against "a share ε₀ or more comes from k" the factor is p/((1 − ε₀)·p + ε₀·p_k), whose expectation
is at most 1 for every share from ε₀ on (it falls in f, so its covariance with f is not positive); E is the smallest
over the alternatives that are named.

*Several files*, of which any may be served. The null is then that each text is drawn from one of them, whichever, text
by text: replicas of a server may have different ones. Whoever observes gives for each alternative the smallest factor
over the files, which has expectation at most 1 whichever of them the text is drawn from. Within a share is a statement
about one file, the rest of the texts coming from that one; E is the largest over the files, divided by their number, so
that the chance of a false statement about any of them is at most the level.

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
    """Follows texts; ``within`` is the share that is no longer a small one, of each ``far`` alternative of a file.

    ``far``: by file. Raises ValueError for a share outside (0, 1), and without files or alternatives.
    """

    def __init__(self, alternatives: Sequence[str], far: Sequence[Sequence[str]], within: float) -> None:
        if not 0 < within < 1 or not alternatives or not far or not all(far):
            raise ValueError(f"a share is between 0 and 1, of an alternative, not {within}")
        self.within, self.n, self.unread = within, 0, 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self.highest_within = 1.0
        self._bets = {(name, share): 1.0 for name in alternatives for share in _SHARES}
        self._less = [dict.fromkeys(names, 1.0) for names in far]

    def observe(self, factors: Mapping[str, float] | None, whole: Sequence[Mapping[str, float]] | None) -> None:
        """Take the next text: f by alternative for either test; None for one that is missing or cannot be read.

        ``factors`` are the smallest over the files; ``whole`` are those of each file.
        """
        self.n += 1
        self.unread += factors is None or whole is None
        for (name, share), e in self._bets.items():
            f = 0.0 if factors is None else factors[name]
            self._bets[name, share] = min(_MOST, e * (1 - share + share * f))
        for number, less in enumerate(self._less):
            for name, e in less.items():
                part = _MISSING if whole is None else 1 / (1 - self.within + self.within * whole[number][name])
                less[name] = min(_MOST, e * part)
        self.highest = max(self.highest, math.fsum(self._bets.values()) / len(self._bets))
        within = max(min(less.values()) for less in self._less) / len(self._less)
        self.highest_within = max(self.highest_within, within)

    @property
    def nearest_file(self) -> int:
        """The file about which *within a share* is nearest to be shown."""
        return max(range(len(self._less)), key=lambda number: min(self._less[number].values()))

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
