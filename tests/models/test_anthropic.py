"""Anthropic's Messages: bodies and replies as pure functions, and every fault over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.anthropic import MessagesDialect, open_anthropic
from steelyard.models.hosted_chat import Fit, HostedChat
from steelyard.records import Capabilities, GenerateRequest, Image, ModelIdentity, ModelOutput, Outcome, Turn

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DIALECT = MessagesDialect()
AS_IT_IS = Fit()
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=8)
KEY = "sk-ant-test-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "type", "text", "thinking", "stop_reason", "usage", "error", "message"]),
            inner | st.sampled_from(["text", "thinking", "error", "refusal", "end_turn", "pause_turn"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


def message(*blocks: Any, stop: Any = "end_turn", **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 7, "output_tokens": 2}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
    return about | {"content": list(blocks), "stop_reason": stop, "usage": usage} | more


def text(words: Any) -> dict[str, Any]:
    return {"type": "text", "text": words}


def error(kind: str, words: str = "no", **details: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words} | details, "request_id": "req_1"}


def body(request: GenerateRequest, fit: Fit = AS_IT_IS) -> dict[str, Any]:
    return DIALECT.body("claude-x", request, fit, lambda image: f"base64 of {image.sha256}")


def read(payload: Any, request: GenerateRequest = SUM, *, reasons: bool = False) -> ModelOutput:
    return DIALECT.read(payload, request, Fit(reasons=reasons))


# ── the body ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_what_is_set_is_sent() -> None:
    assert body(SUM) == {
        "model": "claude-x", "max_tokens": 8, "temperature": 0.0,
        "messages": [{"role": "user", "content": "What is 2 + 3?"}],
    }  # fmt: skip


def test_a_conversation_has_its_system_prompt_apart() -> None:
    turns = (Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello"))
    found = body(GenerateRequest(prefix="a ", prompt="b", chat=True, system="Be brief.", history=turns, seed=3))
    assert found["system"] == "Be brief."
    assert found["messages"] == [
        {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "a b"}
    ]  # fmt: skip
    assert "seed" not in found
    assert found["max_tokens"] == 256


def test_images_are_base64_blocks_in_place_and_white_space_between_them_is_left_out() -> None:
    images = (
        Image(sha256="ab", media_type="image/png", at=5, detail="low"),
        Image(sha256="cd", media_type="image/webp", at=6),
    )
    found = body(GenerateRequest(prompt="Look:\nwhich?", chat=True, images=images))
    assert found["messages"][-1]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "base64 of ab"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "base64 of cd"}},
        {"type": "text", "text": "which?"},
    ]


def test_stop_strings_of_white_space_are_cut_here() -> None:
    request = GenerateRequest(prompt="q", chat=True, stop=("\n\n", "Q:"))
    assert body(request)["stop_sequences"] == ["Q:"]
    assert "stop_sequences" not in body(request, Fit(reasons=True))
    assert read(message(text("5\n\nand more")), request).text == "5"


def test_temperatures() -> None:
    assert "temperature" not in body(SUM, Fit(takes_temperature=False))
    hot = GenerateRequest(prompt="q", chat=True, temperature=1.5)
    with pytest.raises(ValueError, match="no temperature above 1"):
        body(hot)
    assert "temperature" not in body(hot, Fit(takes_temperature=False))


@pytest.mark.parametrize(
    ("effort", "sent"),
    [
        ("", {}),
        ("none", {"thinking": {"type": "disabled"}}),
        ("low", {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}}),
    ],
)
def test_an_effort_thinks_as_the_model_chooses(effort: str, sent: dict[str, Any]) -> None:
    found = body(GenerateRequest(prompt="q", chat=True, reasoning_effort=effort))
    assert {name: found[name] for name in ("thinking", "output_config") if name in found} == sent


# ── the reply ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reply", "outcome", "words", "finish"),
    [
        (message(text("5")), Outcome.OK, "5", "stop"),
        (message(text("5"), text(" or so")), Outcome.OK, "5 or so", "stop"),
        (message(text("5"), stop="stop_sequence"), Outcome.OK, "5", "stop"),
        (message(text("5"), stop=None), Outcome.OK, "5", ""),
        (message(text("5 is"), stop="max_tokens"), Outcome.TRUNCATED, "5 is", "length"),
        (message(text("5 is"), stop="model_context_window_exceeded"), Outcome.TRUNCATED, "5 is", "length"),
        (message(stop="max_tokens"), Outcome.TRUNCATED, "", "length"),
        (message(), Outcome.OK, "", "stop"),  # the model ended its turn with nothing in it
        (message(stop="refusal"), Outcome.REFUSED, "", "content_filter"),
        (message(text("Her"), stop="refusal"), Outcome.REFUSED, "Her", "content_filter"),
        (message({"type": "tool_use", "name": "x", "input": {}}, stop="tool_use"), Outcome.EMPTY, "", "tool_calls"),
        (message(text("Let"), {"type": "tool_use"}, stop="tool_use"), Outcome.TRUNCATED, "Let", "tool_calls"),
        (message(text("So"), stop="pause_turn"), Outcome.MALFORMED, "", "pause_turn"),
        (message(text(""), stop="end_turn"), Outcome.OK, "", "stop"),
        (message(text(7)), Outcome.MALFORMED, "", "stop"),
        (message(None, 3, "x", text("5")), Outcome.OK, "5", "stop"),
        ({"content": "5"}, Outcome.MALFORMED, "", ""),
        ([], Outcome.MALFORMED, "", ""),
        (error("overloaded_error"), Outcome.SERVER_ERROR, "", ""),
    ],
)
def test_each_reply_is_one_outcome(reply: Any, outcome: Outcome, words: str, finish: str) -> None:
    output = read(reply)
    assert (output.outcome, output.text, output.finish_reason) == (outcome, words, finish)


def test_thinking_is_reasoning_and_what_is_redacted_is_counted() -> None:
    blocks = (
        {"type": "thinking", "thinking": "First the units.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "AAAA"},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        text("5"),
    )
    usage = {"input_tokens": 7, "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}}
    output = read(message(*blocks, usage=usage), reasons=True)
    assert (output.text, output.reasoning) == ("5", "First the units.")
    assert (output.completion_tokens, output.reasoning_tokens) == (40, 30)
    cut = read(message(*blocks[:2], stop="max_tokens", usage=usage), reasons=True)
    assert (cut.outcome, cut.text, cut.reasoning) == (Outcome.TRUNCATED, "", "First the units.")


def test_cached_input_is_input_too() -> None:
    usage = {"input_tokens": 7, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300, "output_tokens": 2}
    output = read(message(text("5"), usage=usage))
    assert (output.prompt_tokens, output.cached_tokens, output.model) == (327, 300, "claude-x")
    odd = read(message(text("5"), usage={"input_tokens": -1, "output_tokens": True}, model=3))
    assert (odd.prompt_tokens, odd.completion_tokens, odd.model) == (0, 0, "")


@given(JSON, st.booleans())
def test_no_reply_raises(payload: Any, reasons: bool) -> None:
    assert isinstance(read(payload, reasons=reasons), ModelOutput)


# ── over a socket ───────────────────────────────────────────────────────────────────────────────────────────────────


def at_handler(handler: Handler, use: Callable[[HostedChat], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            uri = f"claude-x@{server.make_url('/')}"
            model = open_anthropic(uri, Settings(**{"timeout_seconds": 10.0} | settings))
            try:
                return await use(model)
            finally:
                await model.close()
                await model.close()

    return asyncio.run(run())


def ask(model: HostedChat) -> Awaitable[ModelOutput]:
    return model.generate(SUM)


def identify(model: HostedChat) -> Awaitable[tuple[ModelIdentity, Capabilities]]:
    return model.identify()


def replying(reply: Any, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(reply, status=status, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("status", "reply", "headers", "expected"),
    [
        (429, error("rate_limit_error"), {"Retry-After": "3"}, (Outcome.RATE_LIMITED, 3.0, True, False)),
        (429, error("rate_limit_error"), {}, (Outcome.RATE_LIMITED, None, True, False)),
        (
            429,
            error("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
            {},
            (Outcome.RATE_LIMITED, None, False, True),
        ),
        (
            400,
            error("invalid_request_error", "You have reached your specified API usage limits."),
            {},
            (Outcome.CLIENT_ERROR, None, False, True),
        ),
        (402, error("billing_error"), {}, (Outcome.CLIENT_ERROR, None, False, True)),
        (529, error("overloaded_error"), {"Retry-After": "1"}, (Outcome.SERVER_ERROR, 1.0, True, False)),
        (500, error("api_error"), {}, (Outcome.SERVER_ERROR, None, False, False)),
        (504, error("timeout_error"), {}, (Outcome.SERVER_ERROR, None, False, False)),
        (413, error("request_too_large", "too large"), {}, (Outcome.CLIENT_ERROR, None, False, False)),
        (401, error("authentication_error"), {}, (Outcome.CLIENT_ERROR, None, False, True)),
        (404, error("not_found_error", "model: claude-x"), {}, (Outcome.CLIENT_ERROR, None, False, False)),
        (307, {}, {"Location": "/stolen"}, (Outcome.CLIENT_ERROR, None, False, False)),
        (200, error("overloaded_error"), {}, (Outcome.SERVER_ERROR, None, False, False)),
        (200, message(stop="refusal"), {}, (Outcome.REFUSED, None, False, False)),
    ],
)
def test_each_fault_is_one_outcome(status: int, reply: Any, headers: dict[str, str], expected: Any) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(reply, status=status, headers=headers)

    output = at_handler(handler, ask)
    assert (output.outcome, output.retry_after, output.overloaded, output.fatal) == expected
    assert asked == ["/v1/messages"]


@pytest.mark.parametrize("data", [b"", b"<html>log in</html>", b'{"type": "message", "cont', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_malformed(data: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=data)

    assert at_handler(handler, ask).outcome is Outcome.MALFORMED


def test_a_huge_reply_is_cut_off_and_an_answer() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        try:
            for _ in range(32):
                await reply.write(b" " * (1 << 20))
        except ConnectionError:
            pass
        return reply

    assert at_handler(handler, ask).outcome is Outcome.TRUNCATED


def test_a_lost_connection_is_dropped_and_a_hang_times_out() -> None:
    async def lost(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def torn(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "500"})
        await reply.prepare(request)
        await reply.write(b'{"type": "message"')
        assert request.transport is not None
        request.transport.abort()
        return reply

    async def hangs(request: web.Request) -> web.Response:
        await asyncio.sleep(2)
        return web.Response()

    assert at_handler(lost, ask).outcome is Outcome.DROPPED
    assert at_handler(torn, ask).outcome is Outcome.DROPPED
    assert at_handler(hangs, ask, timeout_seconds=0.2).outcome is Outcome.TIMEOUT


def test_the_limits_that_are_left_are_read() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "3", "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
        "anthropic-ratelimit-tokens-remaining": "90",
    }  # fmt: skip
    rate = at_handler(replying(message(text("5")), headers=headers), ask).rate
    assert rate is not None
    assert (rate.requests, rate.requests_reset, rate.tokens) == (3, 0.0, 90)


def test_the_key_is_sent_in_its_header_and_comes_back_from_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    seen: list[dict[str, str]] = []

    async def repeats(request: web.Request) -> web.Response:
        seen.append({name: value for name, value in request.headers.items() if KEY in value})
        assert KEY not in str(request.url)
        if "fail" in (await request.json())["messages"][0]["content"]:
            return web.json_response(error("invalid_request_error", f"bad key {KEY}"), status=400)
        return web.json_response(message(text(f"your key is {KEY}"), {"type": "thinking", "thinking": KEY}))

    async def use(model: HostedChat) -> str:
        outputs = [await model.generate(SUM), await model.generate(GenerateRequest(prompt="fail", chat=True))]
        assert [output.outcome for output in outputs] == [Outcome.OK, Outcome.CLIENT_ERROR]
        return repr((outputs, model, vars(model)))

    shown = at_handler(repeats, use)
    assert KEY not in shown
    assert seen == [{"x-api-key": KEY}] * 2


def test_a_model_that_refuses_a_temperature_is_asked_without_one() -> None:
    bodies: list[dict[str, Any]] = []

    async def strict(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": [{"id": "claude-x", "type": "model"}], "has_more": False})
        bodies.append(await request.json())
        if "temperature" in bodies[-1]:
            return web.json_response(
                error("invalid_request_error", "`temperature` is deprecated for this model."), status=400
            )
        return web.json_response(message(text("7")))

    identity, capabilities = at_handler(strict, identify)
    assert identity.details == {"listed": "yes", "answers_as": "claude-x"}
    assert identity.backend == "Anthropic Messages"
    assert not capabilities.takes_temperature
    assert (capabilities.chat, capabilities.completions, capabilities.loglikelihood) == (True, False, False)
    assert ["temperature" in each for each in bodies] == [True, False, False, False]


def test_an_effort_that_a_model_does_not_know_is_one_line() -> None:
    async def old(request: web.Request) -> web.Response:
        if request.method == "POST" and "thinking" in await request.json():
            return web.json_response(
                error("invalid_request_error", "adaptive thinking is not supported on this model"), status=400
            )
        return web.json_response(message(text("7")))

    with pytest.raises(InputError, match=r"refuses --reasoning-effort low .*adaptive thinking is not supported"):
        at_handler(old, identify, reasoning_effort="low")


def test_a_number_is_a_budget_of_thinking_and_leaves_room_for_the_answer() -> None:
    request = GenerateRequest(prompt="q", chat=True, reasoning_effort="4096", max_tokens=4097)
    assert body(request)["thinking"] == {"type": "enabled", "budget_tokens": 4096}
    with pytest.raises(ValueError, match="4096 tokens has no room for 4096"):
        body(GenerateRequest(prompt="q", chat=True, reasoning_effort="4096", max_tokens=4096))
    for number in ("1023", "16384", "0"):
        with pytest.raises(InputError, match="give 1,024 to 16,383"):
            open_anthropic("claude-x@http://127.0.0.1:9", Settings(reasoning_effort=number))


def test_a_model_that_thinks_by_budget_is_measured_so_and_one_that_does_not_is_one_line() -> None:
    bodies: list[dict[str, Any]] = []

    async def by_budget(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": []})
        bodies.append(await request.json())
        if "thinking" in bodies[-1] and "temperature" in bodies[-1]:
            words = "`temperature` may only be set to 1 when thinking is enabled."
            return web.json_response(error("invalid_request_error", words), status=400)
        return web.json_response(message({"type": "thinking", "thinking": "Seven."}, text("7")))

    async def none(request: web.Request) -> web.Response:
        if request.method == "POST" and "thinking" in await request.json():
            return web.json_response(error("invalid_request_error", "thinking: not supported"), status=400)
        return web.json_response(message(text("7")))

    capabilities = at_handler(by_budget, identify, reasoning_effort="4096")[1]
    assert (capabilities.reasons, capabilities.output_tokens, capabilities.takes_temperature) == (True, 16_384, False)
    assert bodies[-1]["thinking"] == {"type": "enabled", "budget_tokens": 4096}
    with pytest.raises(InputError, match=r"refuses --reasoning-effort 4096 \(HTTP 400: thinking: not supported\)"):
        at_handler(none, identify, reasoning_effort="4096")


def test_a_key_that_is_refused_and_a_model_that_is_not_served() -> None:
    with pytest.raises(ModelUnavailable, match=r"refuses calls without a key: .* STEELYARD_API_KEY"):
        at_handler(replying(error("authentication_error"), 401), identify)
    with pytest.raises(ModelUnavailable, match="does not serve 'claude-x': HTTP 404: model: claude-x"):
        at_handler(replying(error("not_found_error", "model: claude-x"), 404), identify)


def test_it_opens_by_its_uri_at_the_vendors_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert (
        repr(open_anthropic("claude-x", Settings())) == "HostedChat('anthropic:claude-x@https://api.anthropic.com/v1')"
    )
    assert isinstance(open_model("anthropic:claude-x@http://127.0.0.1:9"), HostedChat)
