"""What an endpoint refuses of a request, and how it is asked without."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from steelyard.models.openai import OpenAIModel
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)
from tests.models.endpoints import SUM, at_handler, chat_reply, identify


def test_a_chat_only_endpoint_with_the_newer_limit() -> None:
    bodies: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        if request.path.endswith("/models"):
            return web.json_response({"data": [{"id": "m"}]})
        if not request.path.endswith("/chat/completions"):
            return web.json_response({"error": "no such path"}, status=404)
        bodies.append(await request.json())
        if "max_tokens" in bodies[-1]:
            return web.json_response({"error": {"message": "use 'max_completion_tokens'"}}, status=400)
        return chat_reply("5")

    async def use(model: OpenAIModel) -> tuple[ModelIdentity, Capabilities]:
        found = await model.identify()
        await model.generate(SUM)
        return found

    identity, capabilities = at_handler(handler, use, concurrency=3)
    assert (capabilities.chat, capabilities.completions, capabilities.loglikelihood) == (True, False, False)
    assert capabilities.loglikelihood_reason == "this endpoint cannot give log-likelihoods: it has no /completions"
    assert capabilities.concurrency == 3
    assert identity.details == {"listed": "yes", "answers_as": "m-2026"}
    assert bodies[-1]["max_completion_tokens"] == 8


def test_a_strict_endpoint_is_asked_without_the_fields_that_it_refuses() -> None:
    bodies: list[dict[str, Any]] = []

    async def strict(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        if "top_k" in bodies[-1]:
            return web.json_response({"error": {"message": "Unrecognized request argument: top_k"}}, status=400)
        return web.json_response({"choices": [{"text": " and", "finish_reason": "length"}]})

    async def ask(model: OpenAIModel) -> list[ModelOutput]:
        request = GenerateRequest(prompt="Once", max_tokens=1, temperature=1.0, untruncated=True)
        return [await model.generate(request) for _ in range(2)]

    assert [output.text for output in at_handler(strict, ask)] == [" and", " and"]
    assert ["top_k" in body for body in bodies] == [True, False, False]
    assert all(body["top_p"] == 1.0 for body in bodies)


def test_an_endpoint_that_refuses_stop_strings_is_asked_without_and_cut_here() -> None:
    bodies: list[dict[str, Any]] = []

    async def reasoning(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        if "stop" in bodies[-1]:
            said = "Unsupported parameter: 'stop' is not supported with this model."
            return web.json_response({"error": {"message": said}}, status=400)
        return web.json_response({"choices": [{"text": " 18\n\nQuestion: more", "finish_reason": "stop"}]})

    async def ask(model: OpenAIModel) -> list[ModelOutput]:
        request = GenerateRequest(prompt="Once", max_tokens=9, stop=("Question:",))
        return [await model.generate(request) for _ in range(2)]

    assert [(output.outcome, output.text) for output in at_handler(reasoning, ask)] == [(Outcome.OK, " 18\n\n")] * 2
    assert ["stop" in body for body in bodies] == [True, False, False]


def test_an_endpoint_that_gives_fewer_next_tokens_is_asked_for_as_many() -> None:
    bodies: list[dict[str, Any]] = []

    async def openais(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        if "top_k" in bodies[-1] or bodies[-1]["logprobs"] > 5:
            return web.json_response({"error": {"message": "Invalid value"}}, status=400)
        logprobs = {"tokens": [" a"], "top_logprobs": [{" the": -0.5, " a": -1.5}]}
        return web.json_response({"choices": [{"text": " a", "finish_reason": "length", "logprobs": logprobs}]})

    async def ask(model: OpenAIModel) -> list[ModelOutput]:
        return [await model.next_token(NextTokenRequest(context="Once")) for _ in range(2)]

    outputs = at_handler(openais, ask)
    assert [output.text for output in outputs] == ['[" the"," a"]'] * 2
    assert [(body["logprobs"], "top_k" in body) for body in bodies] == [
        (20, True), (20, False), (5, True), (5, False), (5, False)
    ]  # fmt: skip


def test_an_endpoint_that_refuses_log_probabilities_says_so_and_one_that_ignores_them_is_malformed() -> None:
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "no logprobs here"}}, status=400)

    async def ignoring(request: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"text": " a", "finish_reason": "length", "logprobs": None}]})

    async def ask(model: OpenAIModel) -> ModelOutput:
        return await model.next_token(NextTokenRequest(context="Once"))

    refused, ignored = at_handler(refusing, ask), at_handler(ignoring, ask)
    assert (refused.outcome, ignored.outcome) == (Outcome.CLIENT_ERROR, Outcome.MALFORMED)
    assert "no logprobs here" in refused.detail


def test_another_refusal_of_such_a_request_is_its_outcome() -> None:
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "no such model"}}, status=404)

    async def ask(model: OpenAIModel) -> ModelOutput:
        return await model.generate(GenerateRequest(prompt="Once", untruncated=True))

    output = at_handler(refusing, ask)
    assert output.outcome is Outcome.CLIENT_ERROR
    assert "no such model" in output.detail


def test_a_passing_fault_does_not_read_as_cannot() -> None:
    asked = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        if not request.path.endswith("/chat/completions"):
            return web.json_response({}, status=404)
        asked += 1
        return web.Response(status=503, headers={"Retry-After": "0"}) if asked == 1 else chat_reply("5")

    _, capabilities = at_handler(handler, identify)
    assert capabilities.chat
    assert asked == 3  # the greeting twice, and the question that shows whether it reasons
