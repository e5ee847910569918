"""Whether a seed fixes an answer: only two equal texts and a third one that differs show it."""

from __future__ import annotations

import asyncio

import pytest

from steelyard.models.seed_check import why_seed_fixes_nothing
from steelyard.records import Capabilities, GenerateRequest, LoglikelihoodRequest, ModelIdentity, ModelOutput, Outcome


class Scripted:
    """A model that answers from a list, and keeps what it was asked."""

    def __init__(self, *outputs: ModelOutput) -> None:
        self.left = list(outputs)
        self.asked: list[GenerateRequest] = []

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        raise NotImplementedError

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        self.asked.append(request)
        return self.left.pop(0)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def said(text: str) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=text)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("a", "a", "b"), ""),
        (("a", "b"), "the same seed brought two different texts"),
        (("a", "a", "a"), "another seed brought the same text, as from a cache or without any draw"),
    ],
)
def test_what_three_answers_show(texts: tuple[str, ...], reason: str) -> None:
    model = Scripted(*map(said, (*texts, "c", "c")[:3]))
    assert asyncio.run(why_seed_fixes_nothing(model, Capabilities(chat=True))) == reason
    assert [request.seed for request in model.asked] == [7, 7, 8]
    assert {(request.temperature, request.chat, request.max_tokens) for request in model.asked} == {(1.0, True, 120)}


def test_one_that_is_refused_is_a_reason_and_nothing_more_is_asked() -> None:
    model = Scripted(ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="HTTP 400: no seed"))
    reason = asyncio.run(why_seed_fixes_nothing(model, Capabilities(reasons=True)))
    assert reason == "a request with one brought no answer: HTTP 400: no seed"
    assert [request.max_tokens for request in model.asked] == [4096]
