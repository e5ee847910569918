"""What the claims about a measurement state of how its outputs came about: outputs are read by that.

A limit that a claim states is the vendor's own; one at which a server cuts earlier is not. A vendor whose table says
nothing of decoding may have sampled: plans of before asked greedily alone, so what a model that reasons got wrong says
nothing there. Now sampled answers are asked, too.
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
    """Of a measurement: the ``limit`` of tokens that its claim states (0: none).

    ``loops``: one that our limit cut off is open, not wrong; and ``decoding``: nothing had to be assumed of it. Both
    are False in plans of before alone.
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
    """By measurement, what its claims state."""
    assumed, is_former = set(), plan.loops == "wrong"
    claims = plan.sheet.claims if plan.sheet and is_former else ()
    for served in plan.served:
        number = served.claim_number
        if number is not None and number < len(claims) and not states_decoding(claims[number]):
            assumed.add(served.reads.measurement)
    return {each.id: _stated(each, each.id in assumed, not is_former) for each in plan.measurements}


def _stated(measurement: Measurement, is_assumed: bool, loops: bool) -> Stated:
    limit = (measurement.output_budget or 0) if measurement.budget_stated else 0
    return Stated(limit, not (is_assumed and measurement.kind == "generate" and measurement.chat), loops)
