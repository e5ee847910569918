"""Which claims a detector can ask something beside."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.plugins import Planner
from steelyard.records import Served
from steelyard.scorers.corpus import corpus_scorer

__all__ = ["claims_to_ask"]


def claims_to_ask(planner: Planner) -> Sequence[Served]:
    """The claims' own requests, over their first prompt formats: one for each measurement whose model can be asked.

    A recording knows its own questions alone, and a world model no language. Where the claim's score is no mean, no
    answer by itself is right or wrong.
    """
    found: dict[str, Served] = {}
    for served in planner.served:
        is_own = served.request == f"claim/{served.claim_number}" and corpus_scorer(served.reads.scorer) is None
        if is_own and _can_ask(planner, served):
            found.setdefault(served.reads.measurement, served)
    return tuple(found.values())


def _can_ask(planner: Planner, served: Served) -> bool:
    model = planner.models[planner.measurement(served).role]
    offers = model.capabilities.offers
    return not model.identity.uri.startswith("recorded:") and (offers is None or "language" in offers)
