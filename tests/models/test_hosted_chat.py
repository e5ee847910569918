"""A hosted chat, whatever its dialect: what it refuses, what a resumed run takes from its plan, its health check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.models import Settings, open_model
from steelyard.models.address import PROVIDERS
from steelyard.models.hosted_chat import NO_LIKELIHOODS, HostedChat
from steelyard.models.image_check import images_taken
from steelyard.plugins import HealthCheckedModel
from steelyard.records import Capabilities, GenerateRequest, Image, LoglikelihoodRequest, ModelOutput, Outcome
from testkit import dialects
from testkit.dialects import KINDS

T = TypeVar("T")
CHATS = [kind for kind in KINDS if PROVIDERS[kind].chats_only]


def asked(kind: str, server: Any, use: Callable[[HostedChat], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        model = open_model(dialects.uri(kind, server), Settings(**settings))
        assert isinstance(model, HostedChat)
        try:
            return await use(model)
        finally:
            await model.close()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", CHATS)
def test_what_the_api_has_not_is_refused_and_nothing_is_sent(kind: str) -> None:
    async def use(model: HostedChat) -> list[Any]:
        images = (Image(sha256="ab", media_type="image/png", at=9, data=b"x"),)
        return [
            await model.generate(GenerateRequest(prompt="Once")),
            await model.loglikelihood(LoglikelihoodRequest(context="a", continuations=(" b",))),
            await model.generate(GenerateRequest(prompt="Look", chat=True, images=images)),
        ]

    with dialects.sums(kind) as server:
        outputs = asked(kind, server, use)
        assert server.bodies_got == []
    assert [output.outcome for output in outputs] == [Outcome.CLIENT_ERROR] * 3
    assert outputs[1].detail == NO_LIKELIHOODS
    assert "outside the prompt" in outputs[2].detail


@pytest.mark.parametrize("kind", CHATS)
def test_it_says_what_it_can_and_is_checked_by_a_greeting(kind: str) -> None:
    async def use(model: HostedChat) -> tuple[Capabilities, Outcome]:
        assert isinstance(model, HealthCheckedModel)
        capabilities = (await model.identify())[1]
        return capabilities, (await model.ping()).outcome

    with dialects.sums(kind) as server:
        capabilities, pinged = asked(kind, server, use, concurrency=3)
    assert capabilities == Capabilities(
        chat=True,
        completions=False,
        loglikelihood_reason="this endpoint cannot give log-likelihoods: this API gives no log-likelihoods",
        concurrency=3,
    )
    assert pinged is Outcome.OK


@pytest.mark.parametrize("kind", CHATS)
def test_a_resumed_run_takes_its_capabilities_from_its_plan(kind: str) -> None:
    sealed = Capabilities(chat=True, reasons=True, takes_temperature=False, output_tokens=2048)

    async def use(model: HostedChat) -> Capabilities:
        found = (await model.identify())[1]
        await model.generate(GenerateRequest(prompt="What is 2 + 3?", chat=True, stop=("Q:",)))
        return found

    with dialects.sums(kind) as server:
        assert asked(kind, server, use, sealed=sealed) is sealed
        assert not {"temperature", "stop_sequences"} & server.bodies_got[-1].keys()


@pytest.mark.parametrize("kind", CHATS)
def test_whether_a_model_sees_is_asked_with_a_picture(kind: str) -> None:
    with dialects.seeing(kind) as server:
        assert asked(kind, server, images_taken) == (True, "")
        server.counts = 0
        taken, reason = asked(kind, server, images_taken)
        assert (taken, "counts no token" in reason) == (False, True)


# ── a key in the parts of an answer ─────────────────────────────────────────────────────────────────────────────────

SPLIT = dialects.KEY[:11], dialects.KEY[11:]


def in_parts(kind: str) -> dict[str, Any]:
    """A reply of the dialect whose answer, and whose reasoning where it has parts of any, is the key in two parts."""
    if kind in ("openai", "azure"):
        content = [{"type": "text", "text": part} for part in SPLIT]
        return {"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}
    if kind == "anthropic":
        blocks = [{"type": "thinking", "thinking": part} for part in SPLIT]
        return {"content": [*blocks, *({"type": "text", "text": part} for part in SPLIT)], "stop_reason": "end_turn"}
    if kind == "gemini":
        parts = [{"text": part, "thought": True} for part in SPLIT] + [{"text": part} for part in SPLIT]
        return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": part} for part in SPLIT]},
        {"type": "message", "content": [{"type": "output_text", "text": part} for part in SPLIT]},
    ]
    return {"status": "completed", "output": output}


@pytest.mark.parametrize("kind", ["openai", *KINDS])
def test_a_key_that_comes_back_in_parts_is_taken_out_once_they_are_joined(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", dialects.KEY)
    request = GenerateRequest(prompt="What is 17 + 3?", chat=True)

    async def handler(_: web.Request) -> web.Response:
        return web.json_response(in_parts(kind))

    async def ask() -> list[ModelOutput]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            model = open_model(f"{kind}:m@{server.make_url('/v1')}", Settings())
            outputs = [await model.generate(request)]
            if (batches := getattr(model, "batches", None)) is not None:
                outputs.append(batches.read(in_parts(kind), request))
            await model.close()
            return outputs

    outputs = asyncio.run(ask())
    assert len(outputs) == (2 if kind in ("openai", "anthropic") else 1)
    for output in outputs:
        assert output.outcome is Outcome.OK
        assert "[key]" in output.text
        assert dialects.KEY not in output.text + output.reasoning + output.detail
