"""What can be asked by a provider's batches: chats, of one endpoint, without a limit of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.planning.rules import reads_calls
from steelyard.planning.samples import Prepared
from steelyard.records import SUBJECT, Capabilities, GenerateRequest, Plan

__all__ = ["NO_LIKELIHOODS", "NO_NEXT_TOKENS", "batched", "check_batched"]

NO_LIKELIHOODS: Final = "this endpoint cannot give log-likelihoods: it is asked by batches, which have none"
NO_NEXT_TOKENS: Final = "it is asked by batches, which have none"


def batched(capabilities: Capabilities) -> Capabilities:
    """What is left of a model's capabilities where it is asked by batches: chats alone."""
    if not capabilities.chat:
        raise InputError("--batch asks for chats, and this endpoint has none: leave --batch out")
    left: Capabilities = msgspec.structs.replace(
        capabilities, completions=False, loglikelihood=False, loglikelihood_reason=NO_LIKELIHOODS
    )
    return left


def check_batched(plan: Plan, prepared: Mapping[str, Prepared]) -> None:
    """Raise InputError for a plan that asks by batches what they have not."""
    if not plan.subject.batch_growth:
        return
    for measurement in plan.measurements:
        if measurement.role != SUBJECT:
            raise InputError(f"--batch asks one endpoint, and {measurement.role} is asked too: leave one out")
        if measurement.again:
            continue
        samples = prepared[measurement.id].samples
        request = samples[0].request if samples else None
        if request is not None and not (isinstance(request, GenerateRequest) and request.chat):
            raise InputError(f"--batch asks for chats, and {measurement.id} is none: leave it out, or --batch")
    for test in plan.tests:
        if reads_calls(test.rule):
            raise InputError(
                "--batch does not say how long an answer took, and a gate on time or cost asks: leave it out"
            )
