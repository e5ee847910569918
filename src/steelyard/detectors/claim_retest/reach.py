"""What a claim's test can reach once every question was asked, and how many questions would reach more.

All of it follows from the thresholds of :mod:`steelyard.detectors.claim_retest.thresholds`, before any answer: the
noise of our own answers, which a confirming score must exceed, is that of answers which do not differ between repeats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import msgspec

from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.detectors.claim_retest.thresholds import confirming_noise
from steelyard.records import Claim, Measurement
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["PAIRED_UP_TO", "Reach", "enough_for", "reach_of"]

PAIRED_UP_TO: Final = 800  # as steelyard.planning.decoding has it: more questions are asked once
_MOST: Final = 10_000_000  # questions that no benchmark has


@dataclass(frozen=True)
class Reach:
    """``best``: the share from which on a score confirms the claim; above 1, none does.

    ``exact`` says whether a score exactly as claimed confirms it. Where it does not, ``questions`` is the number that
    would do (None: none). ``tolerance``, the points that would do with these, is for the sealed words of version 4.
    """

    claimed: str
    asked: int
    best: Fraction
    exact: bool
    questions: int | None
    tolerance: Fraction | None

    @property
    def sentence(self) -> str:
        """What these questions cannot show, and what would; empty where a score as claimed confirms the claim."""
        if self.exact:
            return ""
        least = "" if self.best > 1 else f" with a score below {math.ceil(self.best * 1000) / 10:.1f} %"
        return f"{self.asked:,} questions: not enough for {self.claimed}{least}{needed(self.questions)}"

    @property
    def remedy(self) -> str:
        """In brackets, what would confirm a score as claimed, as version 4 sealed it."""
        parts = [] if self.questions is None else [f"about {_about(self.questions):,} questions"]
        parts += [] if self.tolerance is None else [f"--tolerance {float(self.tolerance):g}"]
        return f" ({' or '.join(parts)} would do)" if parts else ""


def enough_for(right: float, asked: int, claimed: str, interval: tuple[float, float], questions: int | None) -> str:
    """What a score shows that is too near to its claim.

    ``right`` of ``asked`` answers; ``interval``: its ends as shares; ``questions``: how many would confirm a score as
    claimed (None: no number would).
    """
    shown = f"enough to say at least {math.floor(interval[0] * 100)} %, not enough for {claimed}"
    return f"{right:,.6g} of {asked:,} right: {shown}{needed(questions)}"


def needed(questions: int | None) -> str:
    """How many questions are needed, as the end of a sentence."""
    return "" if questions is None else f"; about {_about(questions):,} questions are needed"


def reach_of(sealed: ClaimTest, measurement: Measurement, claim: Claim, variance: float | None = None) -> Reach:
    """The reach of a claim's test; ``variance`` is that of its answers, None before they are known."""
    printed = (claim.number - claim.printed_unit / 2) / claim.scale
    rate, delta = claim.number / claim.scale, bounded_fraction(sealed.tolerance) / 100
    noise = _noise(sealed, measurement, measurement.population, variance)
    most = sealed.most(measurement)
    confirm = math.ceil(most * (printed - delta + noise))
    # Right answers are whole ones; a mean of other scores may be just what is claimed.
    as_claimed = measurement.repeats * round(measurement.population * rate) if sealed.grid == 1 else most * rate
    enough = _questions(sealed, measurement, rate - printed + delta, variance)
    wider = Fraction(math.ceil((noise - (rate - printed)) * 1000), 10)
    return Reach(
        claimed=f"{float(claim.number / claim.scale) * 100:g} %",
        asked=measurement.population,
        best=Fraction(confirm, most),
        exact=as_claimed >= confirm,
        questions=enough if enough is None or enough > measurement.population else None,
        tolerance=wider if 100 * delta < wider and rate - wider / 100 > measurement.chance else None,
    )


def _noise(sealed: ClaimTest, measurement: Measurement, population: int, variance: float | None) -> Fraction:
    """The noise of our own answers to so many questions."""
    repeats = measurement.repeats
    if sealed.varies and measurement.decoding == "greedy":
        repeats = 2 if population <= PAIRED_UP_TO else 1
    asked = msgspec.structs.replace(measurement, population=population, repeats=repeats, limit=None)
    return confirming_noise(sealed, asked, variance)


def _questions(sealed: ClaimTest, measurement: Measurement, allowed: Fraction, variance: float | None) -> int | None:
    """The least number of questions whose noise is at most ``allowed``; it shrinks with their number."""
    for low, high in ((1, PAIRED_UP_TO), (PAIRED_UP_TO + 1, _MOST)):
        if _noise(sealed, measurement, high, variance) > allowed:
            continue
        while low < high:
            middle = (low + high) // 2
            if _noise(sealed, measurement, middle, variance) <= allowed:
                high = middle
            else:
                low = middle + 1
        return low
    return None


def _about(number: int) -> int:
    """Two significant digits, rounded up: fewer would not do."""
    step = int(10 ** max(0, len(str(number)) - 2))
    return -(-number // step) * step
