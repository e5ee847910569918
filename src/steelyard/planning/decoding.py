"""How a claim is measured: greedy or sampled, how often, as chat or as a plain completion."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from steelyard.records import Capabilities, Claim, RepeatCheck

if TYPE_CHECKING:
    from steelyard.tasks.definition import PromptFormat

__all__ = [
    "HOTTEST",
    "LOCAL_CHECK",
    "MAX_OUTPUT_TOKENS",
    "REMOTE_CHECK",
    "SAMPLED_CHECK",
    "SAMPLED_TEMPERATURE",
    "SAMPLED_TRIALS",
    "TEMPERATURE",
    "asks_chat",
    "decoding_of",
    "of_the_endpoint",
    "output_budget_of",
    "repeat_check_of",
    "repeats_of",
]
# A remote endpoint may batch requests, so greedy answers can vary; in-process, one sequence at a time, they cannot, and
# a small check confirms it. For sampled answers the larger check measures the within-sample variance.
REMOTE_CHECK = RepeatCheck(samples=20, repeats=3)
LOCAL_CHECK = RepeatCheck(samples=2, repeats=3)
SAMPLED_CHECK = RepeatCheck(samples=50, repeats=3)
SAMPLED_TEMPERATURE = 0.7
TEMPERATURE = re.compile(
    r"\b(?:temperature|temp)\b\s*(?:of|=|:)?\s*(?P<value>\d+(?:\.\d+)?)|\bt\s*[=:]\s*(?P<short>\d+(?:\.\d+)?)"
)
HOTTEST = 2.0  # the maximum that endpoints accept; a larger number was not a temperature
MAX_OUTPUT_TOKENS = 16_384  # for one answer of a model that reasons, where the user states no other number
# Enough trials to keep the sampling noise of our own pass below a usual tolerance.
SAMPLED_TRIALS = 1000


def repeat_check_of(decoding: str, capabilities: Capabilities, asked: int) -> RepeatCheck:
    """The repeat check that shows whether answers vary: larger where they are expected to."""
    check = SAMPLED_CHECK if decoding == "sampled" else LOCAL_CHECK if capabilities.deterministic else REMOTE_CHECK
    return RepeatCheck(samples=min(check.samples, asked), repeats=check.repeats)


def repeats_of(decoding: str, population: int) -> int:
    """How often each sample is asked: once if greedy, otherwise enough for about 1,000 trials in total."""
    return 1 if decoding == "greedy" else max(1, min(8, math.ceil(SAMPLED_TRIALS / population)))


def asks_chat(prompt_format: PromptFormat, capabilities: Capabilities) -> tuple[bool, tuple[str, ...]]:
    """Whether to ask by chat, and the difference to report where the endpoint does not offer the format's own way."""
    if not prompt_format.generates:
        return False, ()
    if prompt_format.chat and not capabilities.chat:
        return False, ("Asked as a plain completion: this endpoint has no chat.",)
    if not prompt_format.chat and not capabilities.completions:
        return True, ("Asked as one chat message: this endpoint has no plain completions.",)
    return prompt_format.chat, ()


def decoding_of(claim: Claim, kind: str) -> tuple[Any, float, tuple[str, ...]]:
    """Decoding, temperature and differences: greedy unless the vendor states sampling.

    A temperature of our own, where the vendor states none, is reported as a difference.
    """
    words = claim.protocol.decoding.lower()
    stated = TEMPERATURE.search(words)
    temperature = float(stated["value"] or stated["short"]) if stated else 0.0 if "greedy" in words else None
    if temperature is not None and temperature > HOTTEST:
        temperature = None
    averaged = claim.repeats == "several" or (isinstance(claim.repeats, int) and claim.repeats > 1)
    if kind == "loglikelihood" or temperature == 0 or not (temperature or averaged or "sampl" in words):
        return "greedy", 0.0, ()
    if temperature is None:
        difference = f"The vendor sampled at a temperature that it does not state; ours is {SAMPLED_TEMPERATURE}."
        return "sampled", SAMPLED_TEMPERATURE, (difference,)
    return "sampled", temperature, ()


def output_budget_of(kind: str, chat: bool, capabilities: Capabilities, wanted: int | None) -> int | None:
    """The most tokens of an answer: the user's ``wanted``, or room for reasoning; None: the prompt format's own.

    A plain completion goes on from its prompt, without the chat template that makes a model reason.
    """
    if kind != "generate":
        return None
    if wanted is not None:
        return wanted
    return min(MAX_OUTPUT_TOKENS, capabilities.output_tokens) or None if capabilities.reasons and chat else None


def of_the_endpoint(capabilities: Capabilities, budget: int | None, own: int, effort: str) -> tuple[str, ...]:
    """What differs from the prompt format for text, because of the endpoint or the user: sentences for the report."""
    differences = []
    if not capabilities.takes_temperature:
        differences.append("The endpoint takes no temperature: it samples at its own.")
    if budget is not None and budget != own:
        why = ", since the model reasons before it answers" if capabilities.reasons else ""
        differences.append(f"An answer may have {budget:,} tokens instead of the prompt format's {own:,}{why}.")
    if effort:
        differences.append(f"Asked with the reasoning effort {effort}.")
    return tuple(differences)
