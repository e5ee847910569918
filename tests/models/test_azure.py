"""Azure over real sockets: the key in its own header, a deployment as the model, filters, and a server with faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.azure import AzureModel
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Turn

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=8)
KEY = "azure-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_keys_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEELYARD_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def at_handler(handler: Handler, use: Callable[[AzureModel], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            model = open_model(f"azure:mine@{server.make_url('/')}", Settings(**{"timeout_seconds": 10.0} | settings))
            assert isinstance(model, AzureModel)
            try:
                return await use(model)
            finally:
                await model.close()

    return asyncio.run(run())


def asked(handler: Handler, request: GenerateRequest = SUM, **settings: Any) -> ModelOutput:
    return at_handler(handler, lambda model: model.generate(request), **settings)


def completion(text: str | None = "5", finish: str = "stop", **more: Any) -> dict[str, Any]:
    """A reply as Azure's reference shows it, with what its filters found."""
    harmless = {"filtered": False, "severity": "safe"}
    return {
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": text, "refusal": None}, "finish_reason": finish,
            "content_filter_results": {"hate": harmless, "violence": harmless},
        }],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": harmless}}],
        "usage": {
            "prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    } | more  # fmt: skip


def raw(text: str, kind: str = "application/json", status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, status=status, headers=headers)

    return handler


def replying(document: Any, status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(document, status=status, headers=headers)

    return handler


def test_a_conversation_goes_to_v1_with_the_key_in_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append((request.path_qs, headers.get("api-key"), headers.get("Authorization"), await request.json()))
        return web.json_response(completion(f"5, and {KEY}"))

    turns = (Turn(role="user", text="1 + 1?"), Turn(role="assistant", text="2"))
    output = asked(
        handler, GenerateRequest(prompt="2 + 3?", chat=True, system="Be brief.", history=turns, max_tokens=8)
    )
    assert output.text == "5, and [key]"
    assert (output.prompt_tokens, output.cached_tokens, output.reasoning_tokens) == (9, 4, 2)
    path, key, bearer, body = seen[0]
    assert (path, key, bearer) == ("/openai/v1/chat/completions", KEY, None)
    assert (body["model"], [message["role"] for message in body["messages"]]) == (
        "mine",
        ["system", "user", "assistant", "user"],
    )


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1"),
        ("https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com/openai/v1"),
        ("https://gateway.example/azure", "https://gateway.example/azure"),
    ],
)
def test_a_url_without_a_path_is_that_of_a_resource(url: str, base: str) -> None:
    assert repr(open_model(f"azure:mine@{url}")) == f"AzureModel('mine', {base!r})"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://r.openai.azure.com", True),
        ("https://r.services.ai.azure.com", True),
        ("http://r.openai.azure.com", False),
        ("https://openai.azure.com.example.org", False),
        ("https://example.org/r.openai.azure.com", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_azures_own_key_goes_to_azure_alone(url: str, sent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    model = open_model(f"azure:mine@{url}")
    assert isinstance(model, AzureModel)
    assert (KEY in repr(vars(model._http))) is sent


def test_a_deployment_alone_is_at_the_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="AZURE_OPENAI_ENDPOINT holds the URL"):
        open_model("azure:mine")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/")
    assert repr(open_model("azure:mine")) == "AzureModel('mine', 'https://r.openai.azure.com/openai/v1')"
    with pytest.raises(InputError, match="takes no query"):
        open_model("azure:mine@https://r.openai.azure.com/openai?api-version=2024-10-21")


FILTERED_PROMPT = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "high"}},
        },
    }
}  # fmt: skip


async def _hangs(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def _drops(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def error(status: int, code: str, message: str, **headers: str) -> Handler:
    return replying({"error": {"code": code, "message": message}}, status, **headers)


FAULTS: dict[str, tuple[Handler, Outcome, str]] = {
    "a minute's limit": (
        error(429, "429", "Requests have exceeded the call rate limit.", **{"Retry-After": "7"}),
        Outcome.RATE_LIMITED,
        "",
    ),
    "no quota": (error(403, "403", "Out of call volume quota."), Outcome.CLIENT_ERROR, ""),
    "no deployment": (error(404, "DeploymentNotFound", "The API deployment does not exist."), Outcome.CLIENT_ERROR, ""),
    "bad key": (error(401, "401", "Access denied due to invalid subscription key."), Outcome.CLIENT_ERROR, ""),
    "prompt filtered": (replying(FILTERED_PROMPT, 400), Outcome.CLIENT_ERROR, "content_filter"),
    "answer filtered": (replying(completion(None, "content_filter")), Outcome.REFUSED, "content_filter"),
    "answer cut by a filter": (replying(completion("Once", "content_filter")), Outcome.REFUSED, "content_filter"),
    "refusal": (
        replying({"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}),
        Outcome.REFUSED,
        "stop",
    ),
    "tool call": (replying(completion(None, "tool_calls")), Outcome.EMPTY, "tool_calls"),
    "cut off at its limit": (replying(completion("five", "length")), Outcome.TRUNCATED, "length"),
    "no choices": (replying(completion(choices=[])), Outcome.EMPTY, ""),
    "wrong types": (replying({"choices": {"a": 1}}), Outcome.MALFORMED, ""),
    "internal": (error(500, "InternalServerError", "later"), Outcome.SERVER_ERROR, ""),
    "busy": (error(503, "ServiceUnavailable", "later"), Outcome.SERVER_ERROR, ""),
    "a web page": (raw("<!doctype html>portal", "text/html"), Outcome.MALFORMED, ""),
    "no JSON": (raw("five"), Outcome.MALFORMED, ""),
    "redirect": (raw("", status=302, Location="http://elsewhere.example/"), Outcome.CLIENT_ERROR, ""),
    "dropped": (_drops, Outcome.DROPPED, ""),
    "hang": (_hangs, Outcome.TIMEOUT, ""),
    "huge": (raw('{"choices": "' + "x" * (17 << 20) + '"}'), Outcome.TRUNCATED, ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_its_outcome(fault: str) -> None:
    handler, outcome, finish = FAULTS[fault]
    output = asked(handler, timeout_seconds=0.5 if fault == "hang" else 10.0)
    assert (output.outcome, output.finish_reason) == (outcome, finish)
    assert output.fatal is (fault in ("no quota", "bad key", "a web page"))
    assert output.retry_after == (7.0 if fault == "a minute's limit" else None)


def test_the_handshake_names_azure_and_believes_no_list_of_models() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "gpt-5-mini-2025-08-07"}]})
        if request.path.endswith("/chat/completions"):
            return web.json_response(completion("7"))
        return web.json_response({"error": {"code": "OperationNotSupported", "message": "no"}}, status=400)

    identity, capabilities = at_handler(handler, lambda model: model.identify())
    assert identity.backend == "Azure OpenAI"
    assert identity.details == {"listed": "unknown", "answers_as": "gpt-5-mini-2025-08-07"}
    assert (capabilities.chat, capabilities.completions, capabilities.loglikelihood) == (True, False, False)


def test_a_key_that_is_refused_ends_the_handshake_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    with pytest.raises(ModelUnavailable, match="refuses the key") as raised:
        at_handler(error(401, "401", f"no: {KEY}"), lambda model: model.identify())
    assert KEY not in str(raised.value)
