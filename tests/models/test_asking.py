"""Each kind of request goes to its own method of a model."""

from __future__ import annotations

import asyncio

from steelyard.models.asking import output_of
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)


class Says:
    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        return ModelIdentity(uri="says:"), Capabilities()

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text="text")

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text="likelihoods")

    async def close(self) -> None: ...


def test_by_kind() -> None:
    model = Says()
    assert asyncio.run(output_of(model, GenerateRequest(prompt="?"))).text == "text"
    asked = LoglikelihoodRequest(context="?", continuations=("a", "b"))
    assert asyncio.run(output_of(model, asked)).text == "likelihoods"
    assert asyncio.run(output_of(model, NextTokenRequest(context="?"))).outcome is Outcome.CLIENT_ERROR
