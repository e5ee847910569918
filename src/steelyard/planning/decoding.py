"""How a claim is asked: greedy or sampled, how often, as chat or as a plain completion."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from steelyard.records import (
    Capabilities,
    Claim,
    RepeatCheck,
)

if TYPE_CHECKING:
    from steelyard.tasks.definition import PromptFormat

__all__ = [
    "HOTTEST",
    "LOCAL_PROBE",
    "REMOTE_PROBE",
    "SAMPLED_CELLS",
    "SAMPLED_PROBE",
    "SAMPLED_TEMPERATURE",
    "TEMPERATURE",
    "asks_chat",
    "decoding_of",
    "probe_of",
    "repeats_of",
]
# A remote greedy endpoint may batch requests and so vary; in-process, one sequence at a time, it cannot, and a small
# probe shows as much. Sampled rows need their within-sample variance, which is what the larger probe measures.
REMOTE_PROBE = RepeatCheck(samples=20, repeats=3)
LOCAL_PROBE = RepeatCheck(samples=2, repeats=3)
SAMPLED_PROBE = RepeatCheck(samples=50, repeats=3)
SAMPLED_TEMPERATURE = 0.7
TEMPERATURE = re.compile(
    r"\b(?:temperature|temp)\b\s*(?:of|=|:)?\s*(?P<value>\d+(?:\.\d+)?)|\bt\s*[=:]\s*(?P<short>\d+(?:\.\d+)?)"
)
HOTTEST = 2.0  # what endpoints accept; a larger number was not a temperature
# Enough cells that sampling noise of our own pass is no larger than the tolerance is meant to be.
SAMPLED_CELLS = 1000


def probe_of(decoding: str, capabilities: Capabilities, asked: int) -> RepeatCheck:
    probe = SAMPLED_PROBE if decoding == "sampled" else LOCAL_PROBE if capabilities.deterministic else REMOTE_PROBE
    return RepeatCheck(samples=min(probe.samples, asked), repeats=probe.repeats)


def repeats_of(decoding: str, population: int) -> int:
    return 1 if decoding == "greedy" else max(1, min(8, math.ceil(SAMPLED_CELLS / population)))


def asks_chat(cell: PromptFormat, capabilities: Capabilities) -> tuple[bool, tuple[str, ...]]:
    """Whether to ask by chat, and in words where that is not the cell's own way, because the endpoint has no other."""
    if not cell.generates:
        return False, ()
    if cell.chat and not capabilities.chat:
        return False, ("Asked as a plain completion: this endpoint has no chat.",)
    if not cell.chat and not capabilities.completions:
        return True, ("Asked as one chat message: this endpoint gives no plain completions.",)
    return cell.chat, ()


def decoding_of(claim: Claim, kind: str) -> tuple[Any, float, tuple[str, ...]]:
    """Greedy unless the vendor says that it sampled; an unstated temperature is declared, not hidden."""
    words = claim.protocol.decoding.lower()
    stated = TEMPERATURE.search(words)
    temperature = float(stated["value"] or stated["short"]) if stated else 0.0 if "greedy" in words else None
    if temperature is not None and temperature > HOTTEST:
        temperature = None
    averaged = claim.repeats == "several" or (isinstance(claim.repeats, int) and claim.repeats > 1)
    if kind == "loglikelihood" or temperature == 0 or not (temperature or averaged or "sampl" in words):
        return "greedy", 0.0, ()
    if temperature is None:
        told = f"the vendor sampled at a temperature that it does not state; ours is {SAMPLED_TEMPERATURE}"
        return "sampled", SAMPLED_TEMPERATURE, (told,)
    return "sampled", temperature, ()
