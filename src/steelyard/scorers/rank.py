"""Of how many others one continuation is the likelier: a rank, as a share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import LoglikelihoodRequest, ModelOutput, Sample, Score

__all__ = ["Rank"]


@dataclass(frozen=True, slots=True)
class Rank:
    """The share of the other continuations that are strictly less likely than the target: 0 the least, 1 the most.

    One that is as likely as the target counts as likelier, so a tie never raises a rank.
    """

    gives_shares: ClassVar[bool] = True

    @classmethod
    def from_options(cls, options: str) -> Rank:
        """Raises InputError: there are no options."""
        raise InputError(f"rank has no option {options!r}")

    @property
    def identifier(self) -> str:
        """``rank@1``."""
        return "rank@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The share; open where there is not one finite log-likelihood for each continuation, or no target."""
        asked, sums = sample.request, output.logprobs
        if not isinstance(asked, LoglikelihoodRequest) or len(asked.continuations) < 2:
            return Score(value=None, note="a rank is that of one continuation among others")
        if len(sums) != len(asked.continuations) or not all(map(math.isfinite, sums)):
            return Score(value=None, note=f"{len(sums)} log-likelihoods for {len(asked.continuations)} continuations")
        if not sample.target.isdecimal() or int(sample.target) >= len(sums):
            return Score(value=None, note="the target is none of the continuations")
        own = sums[int(sample.target)]
        return Score(value=sum(other < own for other in sums) / (len(sums) - 1))
