"""Gives the weights of the reference to the scorers that need them, before anything is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from steelyard.auditing.scoring import Scorers
from steelyard.errors import InputError
from steelyard.plugins import Model
from steelyard.records import REFERENCE
from steelyard.scorers.likelihood import Likelihood
from steelyard.scorers.next_token_distance import NextTokenDistance

__all__ = ["give_reference"]


async def give_reference(scorers: Scorers, models: Mapping[str, Model], notify: Callable[[str], None]) -> None:
    """Load the reference, where a scorer needs it, and hand it over: with its requantisations for likelihoods.

    Raises InputError where there is no such reference.
    """
    need = [
        each for several in scorers.values() for each in several if isinstance(each, Likelihood | NextTokenDistance)
    ]
    if not need:
        return
    reference: Any = models.get(REFERENCE)
    if not (hasattr(reference, "log_ratios") and hasattr(reference, "next_tokens")):
        raise InputError(f"the {REFERENCE}'s weights are not here: give them with --model {REFERENCE}=gguf:PATH")
    if any(isinstance(scorer, Likelihood) for scorer in need):
        notify(f"loading the {REFERENCE} and its requantisations")
        await asyncio.to_thread(reference.prepare)
    for scorer in need:
        scorer.refer(reference)
