"""OpenAI's Responses: bodies and replies as pure functions, and faults over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models import Settings, open_model
from steelyard.models.hosted_chat import Fit, HostedChat
from steelyard.models.openai_responses import ResponsesDialect, open_openai_responses
from steelyard.records import Capabilities, GenerateRequest, Image, ModelIdentity, ModelOutput, Outcome, Turn

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DIALECT = ResponsesDialect()
AS_IT_IS = Fit()
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=20)
KEY = "sk-test-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["output", "type", "text", "content", "summary", "refusal", "status", "incomplete_details", "reason",
                 "usage", "error", "code"]
            ),
            inner | st.sampled_from(["message", "output_text", "reasoning", "refusal", "completed", "queued"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


def said(*parts: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(parts)}


def text(words: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


def reply(*items: Any, status: Any = "completed", reason: str = "", **more: Any) -> dict[str, Any]:
    details = {"reason": reason} if reason else None
    about = {"id": "resp_1", "object": "response", "model": "gpt-x", "error": None, "incomplete_details": details}
    return about | {"output": list(items), "status": "incomplete" if reason else status} | more


def body(request: GenerateRequest, fit: Fit = AS_IT_IS) -> dict[str, Any]:
    return DIALECT.body("gpt-x", request, fit, lambda image: f"data of {image.sha256}")


def read(payload: Any, request: GenerateRequest = SUM, *, reasons: bool = False) -> ModelOutput:
    return DIALECT.read(payload, request, Fit(reasons=reasons))


def test_only_what_is_set_is_sent_and_nothing_is_to_be_stored() -> None:
    assert body(SUM) == {
        "model": "gpt-x", "max_output_tokens": 20, "temperature": 0.0, "store": False,
        "input": [{"role": "user", "content": "What is 2 + 3?"}],
    }  # fmt: skip


def test_a_conversation_an_effort_and_draws_without_cuts() -> None:
    turns = (Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello"))
    request = GenerateRequest(
        prompt="b", chat=True, system="Be brief.", history=turns, reasoning_effort="low", untruncated=True, seed=1,
        stop=("\n",), temperature=1.0,
    )  # fmt: skip
    found = body(request)
    assert found["instructions"] == "Be brief."
    assert [turn["role"] for turn in found["input"]] == ["user", "assistant", "user"]
    assert (found["reasoning"], found["top_p"], found["temperature"]) == ({"effort": "low"}, 1.0, 1.0)
    assert not {"seed", "stop"} & found.keys()
    assert not {"top_p", "temperature"} & body(request, Fit(takes_temperature=False)).keys()


def test_a_limit_that_is_too_small_is_sent_as_the_least_that_is_taken_and_no_server_lifts_it_further() -> None:
    small = GenerateRequest(prompt="q", chat=True, max_tokens=8)
    assert body(small)["max_output_tokens"] == 8
    said = "HTTP 400: Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {}, but got 8."
    fit = AS_IT_IS.fitted_to(said.format(16))
    assert (fit.least_tokens, body(small, fit)["max_output_tokens"]) == (16, 16)
    assert body(SUM, fit)["max_output_tokens"] == 20
    assert AS_IT_IS.fitted_to(said.format(100_000)) == AS_IT_IS
    assert fit.fitted_to(said.format(16)) == fit


def test_images_are_parts_in_place() -> None:
    images = (
        Image(sha256="ab", media_type="image/png", at=5, detail="low"),
        Image(sha256="cd", media_type="image/webp", at=6),
    )
    assert body(GenerateRequest(prompt="Look:\nwhich?", chat=True, images=images))["input"][-1]["content"] == [
        {"type": "input_text", "text": "Look:"},
        {"type": "input_image", "image_url": "data of ab", "detail": "low"},
        {"type": "input_text", "text": "\n"},
        {"type": "input_image", "image_url": "data of cd", "detail": "auto"},
        {"type": "input_text", "text": "which?"},
    ]


@pytest.mark.parametrize(
    ("payload", "outcome", "words", "finish"),
    [
        (reply(said(text("5"))), Outcome.OK, "5", "stop"),
        (reply(said(text("5"), text(" or so"))), Outcome.OK, "5 or so", "stop"),
        (reply(said(text("5 is")), reason="max_output_tokens"), Outcome.TRUNCATED, "5 is", "length"),
        (reply({"type": "reasoning", "summary": []}, reason="max_output_tokens"), Outcome.TRUNCATED, "", "length"),
        (reply(said(text("Her")), reason="content_filter"), Outcome.REFUSED, "Her", "content_filter"),
        (reply(reason="content_filter"), Outcome.REFUSED, "", "content_filter"),
        (reply(said({"type": "refusal", "refusal": "I can't."})), Outcome.REFUSED, "I can't.", "stop"),
        (reply({"type": "function_call", "name": "x", "arguments": "{}"}), Outcome.EMPTY, "", "tool_calls"),
        (reply(), Outcome.OK, "", "stop"),
        (reply(said()), Outcome.OK, "", "stop"),
        (reply(said(text(""))), Outcome.OK, "", "stop"),
        (reply(said(text(7))), Outcome.MALFORMED, "", "stop"),
        (reply(said(text("5")), status="in_progress"), Outcome.MALFORMED, "", ""),
        (reply(None, "x", {"type": "message", "content": 3}, said(text("5"))), Outcome.OK, "5", "stop"),
        (reply(said(text("5")), status=None), Outcome.OK, "5", ""),
        ({"output": "5"}, Outcome.MALFORMED, "", ""),
        (None, Outcome.MALFORMED, "", ""),
        (
            reply(status="failed", error={"code": "server_error", "message": "no"}),
            Outcome.SERVER_ERROR, "", "",
        ),
        (
            reply(status="failed", error={"code": "rate_limit_exceeded", "message": "no"}),
            Outcome.RATE_LIMITED, "", "",
        ),
        (
            reply(status="failed", error={"code": "invalid_prompt", "message": "flagged"}),
            Outcome.CLIENT_ERROR, "", "content_filter",
        ),
        (reply(status="failed", error={"code": "invalid_image"}), Outcome.CLIENT_ERROR, "", ""),
        (reply(status="failed", error="broken"), Outcome.SERVER_ERROR, "", ""),
    ],
)  # fmt: skip
def test_each_reply_is_one_outcome(payload: Any, outcome: Outcome, words: str, finish: str) -> None:
    output = read(payload)
    assert (output.outcome, output.text, output.finish_reason) == (outcome, words, finish)


def test_reasoning_and_usage() -> None:
    summary = [{"type": "summary_text", "text": "Add."}, {"type": "summary_text", "text": "Check."}]
    usage = {
        "input_tokens": 40, "input_tokens_details": {"cached_tokens": 32}, "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 28},
    }  # fmt: skip
    output = read(reply({"type": "reasoning", "summary": summary}, said(text("5")), usage=usage), reasons=True)
    assert (output.text, output.reasoning) == ("5", "Add.\nCheck.")
    assert (output.prompt_tokens, output.cached_tokens) == (40, 32)
    assert (output.completion_tokens, output.reasoning_tokens, output.model) == (30, 28, "gpt-x")


def test_commentary_is_no_answer() -> None:
    comment = said(text("I add 2 and 3.")) | {"phase": "commentary"}
    final = said(text("5")) | {"phase": "final_answer"}
    output = read(reply({"type": "reasoning", "summary": []}, comment, final))
    assert (output.outcome, output.text, output.reasoning) == (Outcome.OK, "5", "I add 2 and 3.")
    cut = read(reply(comment, reason="max_output_tokens"))
    assert (cut.outcome, cut.text, cut.reasoning) == (Outcome.TRUNCATED, "", "I add 2 and 3.")


def test_it_is_cut_at_stop_strings_here() -> None:
    output = read(reply(said(text("5\n\nQ: more"))), GenerateRequest(prompt="q", chat=True, stop=("\n\n",)))
    assert (output.text, output.finish_reason) == ("5", "stop")


@given(JSON, st.booleans())
def test_no_reply_raises(payload: Any, reasons: bool) -> None:
    assert isinstance(read(payload, reasons=reasons), ModelOutput)


# ── over a socket ───────────────────────────────────────────────────────────────────────────────────────────────────


def at_handler(handler: Handler, use: Callable[[HostedChat], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            model = open_openai_responses(
                f"gpt-x@{server.make_url('/')}", Settings(**{"timeout_seconds": 10.0} | settings)
            )
            try:
                return await use(model)
            finally:
                await model.close()

    return asyncio.run(run())


def ask(model: HostedChat) -> Awaitable[ModelOutput]:
    return model.generate(SUM)


@pytest.mark.parametrize(
    ("status", "error", "headers", "expected"),
    [
        (429, {"message": "slow", "type": "requests"}, {"Retry-After": "3"}, (Outcome.RATE_LIMITED, 3.0, True, False)),
        (429, {"code": "insufficient_quota"}, {}, (Outcome.RATE_LIMITED, None, False, True)),
        (500, {"message": "no"}, {}, (Outcome.SERVER_ERROR, None, False, False)),
        (503, {"message": "overloaded"}, {"Retry-After": "1"}, (Outcome.SERVER_ERROR, 1.0, True, False)),
        (401, {"message": "no"}, {}, (Outcome.CLIENT_ERROR, None, False, True)),
        (400, {"message": "no", "code": "invalid_prompt"}, {}, (Outcome.CLIENT_ERROR, None, False, False)),
        (404, {"message": "no"}, {}, (Outcome.CLIENT_ERROR, None, False, False)),
        (307, {}, {"Location": "/stolen"}, (Outcome.CLIENT_ERROR, None, False, False)),
    ],
)
def test_each_fault_is_one_outcome(status: int, error: Any, headers: dict[str, str], expected: Any) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"error": error}, status=status, headers=headers)

    output = at_handler(handler, ask)
    assert (output.outcome, output.retry_after, output.overloaded, output.fatal) == expected
    assert asked == ["/v1/responses"]


@pytest.mark.parametrize("data", [b"", b"<html>log in</html>", b'{"object": "response", "out', b"\xff"])
def test_what_is_not_json_is_malformed(data: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=data)

    assert at_handler(handler, ask).outcome is Outcome.MALFORMED


def test_a_lost_connection_and_a_hang() -> None:
    async def lost(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def hangs(request: web.Request) -> web.Response:
        await asyncio.sleep(2)
        return web.Response()

    assert at_handler(lost, ask).outcome is Outcome.DROPPED
    assert at_handler(hangs, ask, timeout_seconds=0.2).outcome is Outcome.TIMEOUT


def test_the_key_comes_back_from_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)

    async def repeats(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        return web.json_response(reply(said(text(f"your key is {KEY}")), model=KEY))

    async def use(model: HostedChat) -> str:
        return repr((await model.generate(SUM), model, vars(model)))

    shown = at_handler(repeats, use)
    assert KEY not in shown
    assert shown.count("[key]") == 2


def test_a_reasoning_model_is_asked_without_a_temperature() -> None:
    bodies: list[dict[str, Any]] = []

    async def strict(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "gpt-y"}]})
        bodies.append(await request.json())
        if bodies[-1]["max_output_tokens"] < 16:
            message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1."
            return web.json_response({"error": {"message": message}}, status=400)
        if "temperature" in bodies[-1]:
            message = "Unsupported parameter: 'temperature' is not supported with this model."
            return web.json_response({"error": {"message": message}}, status=400)
        usage = {"output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 38}}
        return web.json_response(reply(said(text("7")), usage=usage))

    async def use(model: HostedChat) -> tuple[ModelIdentity, Capabilities]:
        return await model.identify()

    identity, capabilities = at_handler(strict, use)
    assert identity.details == {"listed": "no", "answers_as": "gpt-x"}
    assert (capabilities.takes_temperature, capabilities.reasons, capabilities.output_tokens) == (False, True, 16_384)
    assert bodies[-1]["max_output_tokens"] == 16_384


def test_it_opens_by_its_uri_at_the_vendors_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    shown = repr(open_openai_responses("gpt-x", Settings()))
    assert shown == "HostedChat('openai-responses:gpt-x@https://api.openai.com/v1')"
    assert isinstance(open_model("openai-responses:gpt-x@http://127.0.0.1:9"), HostedChat)
