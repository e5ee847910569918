"""Gives the weights of the reference to the scorers that need them, before anything is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from steelyard.auditing.scoring import Scorers
from steelyard.errors import InputError
from steelyard.plugins import Model
from steelyard.records import REFERENCE, references_of
from steelyard.scorers.powers import ReferringScorer

__all__ = ["give_reference"]


async def give_reference(scorers: Scorers, models: Mapping[str, Model], notify: Callable[[str], None]) -> None:
    """Load the references that scorers need, and hand them over: with requantisations for likelihoods.

    Raises InputError where one of them is not here.
    """
    need = [each for several in scorers.values() for each in several if isinstance(each, ReferringScorer)]
    references: dict[str, Any] = {}
    for role in references_of({each.role for each in need}):
        reference: Any = models.get(role)
        if not (hasattr(reference, "reading") and hasattr(reference, "next_tokens")):
            raise InputError(f"the {role}'s weights are not here: give them with --model {REFERENCE}=gguf:PATH")
        references[role] = reference
    for role in references_of({each.role for each in need if each.reads_texts}):
        notify(f"loading the {role} and its requantisations")
        await asyncio.to_thread(references[role].prepare)
    for scorer in need:
        scorer.refer(references)
