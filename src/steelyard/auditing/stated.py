"""What the claims about a measurement state of how its outputs came about: outputs are read by that.

A vendor whose table says nothing of decoding may have sampled. We ask greedily then, which models that reason are
warned of by their own makers: they repeat themselves, and answer worse. So what such a model gets wrong says nothing.
And a limit that a claim states is the vendor's own; one at which a server cuts earlier is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from steelyard.claims.decoding import states_decoding
from steelyard.records import Measurement, ModelOutput, Plan

__all__ = ["AS_ASKED", "Stated", "stated_of"]

_CUT: Final = "length"


@dataclass(frozen=True, slots=True)
class Stated:
    """Of a measurement: the ``limit`` of tokens that its claim states (0: none); whether its ``decoding`` is assumed.

    ``decoding`` is True where nothing had to be assumed. ``loops``: one that our limit cut off is open, not wrong.
    """

    limit: int = 0
    decoding: bool = True
    loops: bool = True

    def cuts(self, output: ModelOutput) -> bool:
        """Whether an output ended at the limit that the claim states, by what the endpoint counts: it is whole then."""
        # Some endpoints do not count the token at which they stop.
        return bool(self.limit) and output.finish_reason == _CUT and output.completion_tokens + 1 >= self.limit


AS_ASKED: Final = Stated()


def stated_of(plan: Plan) -> dict[str, Stated]:
    """By measurement, what its claims state; decoding is assumed where one of them does not state it."""
    assumed = set()
    claims = plan.sheet.claims if plan.sheet else ()
    for served in plan.served:
        number = served.claim_number
        if number is not None and number < len(claims) and not states_decoding(claims[number]):
            assumed.add(served.reads.measurement)
    return {each.id: _stated(each, each.id in assumed, plan.loops == "open") for each in plan.measurements}


def _stated(measurement: Measurement, is_assumed: bool, loops: bool) -> Stated:
    limit = (measurement.output_budget or 0) if measurement.budget_stated else 0
    return Stated(limit, not (is_assumed and measurement.kind == "generate" and measurement.chat), loops)
