"""Ask a model what a request asks for: a text, log-likelihoods, or the likeliest next tokens."""

from __future__ import annotations

from steelyard.models.next_token import next_token_of
from steelyard.plugins import Model
from steelyard.records import GenerateRequest, ModelOutput, NextTokenRequest, Request

__all__ = ["output_of"]


async def output_of(model: Model, request: Request) -> ModelOutput:
    """The model's output for a request, by the method for requests of this kind."""
    if isinstance(request, GenerateRequest):
        return await model.generate(request)
    if isinstance(request, NextTokenRequest):
        return await next_token_of(model, request)
    return await model.loglikelihood(request)
