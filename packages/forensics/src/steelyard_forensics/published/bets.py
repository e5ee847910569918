"""One benchmark of a log while its outputs are read: bets on who wrote them, text by text.

Two tests say that a requantisation of the weights explains the texts better, one for each; greedy texts have a third,
that they are foreign to the weights. They share the benchmark's level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow
from steelyard_forensics.stats.mean_bets import MeanBets

__all__ = ["ALPHA", "BAR", "LEAST_GAIN", "REQUANTISED", "SHOWN", "DrawnRow", "GreedyRow", "row_of"]

ALPHA: Final = 0.05
REQUANTISED: Final = ("Q2_K", "Q3_K_M")
BAR: Final = 0.65
"""Of a greedy text's tokens, on average: fewer are those of another model. The weights' own behind a rhyme that a log
does not show have .725, another small model's .59 (docs/detectors/published-outputs.md)."""

SHOWN: Final = 0.9
"""Of a greedy text's tokens, on average: more than so many are *consistent* with the weights."""

LEAST_GAIN: Final = 2.1
"""Nats by which another file explains a drawn text better: log(2·4), so that the weights' own draws at the temperature
that the log states gain as much with a chance of at most one half, whichever of four temperatures suits the other file.
Where files agree on a text, as on a form that is filled in, one gains next to nothing, and always the same one may."""

_NEVER: Final = 1 - 1e-6  # a margin that no bet is about


class _Requantised:
    """Bets that a requantisation explains the texts better; ``tests`` in all share the benchmark's level."""

    def __init__(self, row: PublishedRow, tests: int) -> None:
        self.row = row
        self.wins = dict.fromkeys(REQUANTISED, 0)
        """How many texts each requantisation explains better."""
        self._tests = tests
        self._better = {name: MeanBets(0.5, _NEVER) for name in REQUANTISED}

    def _bet(self, better: Mapping[str, bool]) -> None:
        for name, bets in self._better.items():
            self.wins[name] += better[name]
            bets.observe(float(better[name]), float(better[name]))

    @property
    def p_better(self) -> float:
        """Of the requantisations."""
        return min(1.0, self._tests * min(bets.p for bets in self._better.values()))

    @property
    def nearest(self) -> str:
        """The requantisation on which the bets won most."""
        return min(REQUANTISED, key=lambda name: self._better[name].p)

    def _needed_better(self, e: float) -> list[int]:
        ways = [bets.needed(self._tests * e) for bets in self._better.values()]
        return [way for way in ways if way is not None]


class GreedyRow(_Requantised):
    """Greedy outputs, by the share of a text's tokens that are the weights' own."""

    def __init__(self, row: PublishedRow) -> None:
        super().__init__(row, 3)
        self.samples = list[OutputShares]()
        self.far, self.near = MeanBets(1 - BAR, _NEVER), MeanBets(1e-6, 1 - SHOWN)

    def observe(self, shares: OutputShares) -> None:
        """Take the next text."""
        self.samples.append(shares)
        if shares.own is None:
            return
        self.far.observe(1 - shares.own, 1 - shares.own)
        self.near.observe(1 - shares.own, 1 - shares.own)
        self._bet({name: shares.others[name] > shares.whole for name in REQUANTISED})

    @property
    def shown(self) -> list[float]:
        """Of each text that was read, the share that is the weights' own."""
        return [each.own for each in self.samples if each.own is not None]

    @property
    def p_far(self) -> float:
        """Of the texts' being foreign."""
        return min(1.0, 3 * self.far.p)

    def is_own(self, rows: int) -> bool:
        """Whether more than :data:`SHOWN` of a text's tokens are the weights', at the level of one of so many."""
        return self.near.within * ALPHA >= rows

    def needed(self, rows: int) -> int | None:
        """About how many texts would decide, if they go on as these did; None: none would."""
        e = rows / ALPHA
        others = [way for way in (self.far.needed(3 * e), self.near.needed_within(e)) if way is not None]
        return min([*self._needed_better(e), *others], default=None)

    def is_over(self, rows: int) -> bool:
        """Whether a further text can change no word."""
        return min(self.p_better, self.p_far) * rows <= ALPHA or self.is_own(rows)


class DrawnRow(_Requantised):
    """Drawn outputs, by what a requantisation gains on the weights.

    Nothing confirms them: another model's draws may be as unsurprising as the weights' own, and are no more surprising
    than these under a prompt that a log hides (docs/detectors/published-outputs.md). So none is called foreign, either.
    """

    p_far: Final = 1.0

    def __init__(self, row: PublishedRow) -> None:
        super().__init__(row, 2)
        self.samples = list[OutputSurprise]()

    def observe(self, text: OutputSurprise) -> None:
        """Take the next text."""
        self.samples.append(text)
        if text.surprise is not None:
            self._bet({name: text.gains[name] > LEAST_GAIN for name in REQUANTISED})

    @property
    def shown(self) -> list[float]:
        """Of each text that was read, its mean surprise."""
        return [each.surprise for each in self.samples if each.surprise is not None]

    def is_own(self, rows: int) -> bool:
        """Never."""
        return False

    def needed(self, rows: int) -> int | None:
        """About how many texts would decide, if they go on as these did; None: none would."""
        return min(self._needed_better(rows / ALPHA), default=None)

    def is_over(self, rows: int) -> bool:
        """Whether a further text can change no word."""
        return self.p_better * rows <= ALPHA


def row_of(row: PublishedRow) -> GreedyRow | DrawnRow:
    """The bets of a benchmark: drawn where it states a temperature."""
    return DrawnRow(row) if row.temperature else GreedyRow(row)
