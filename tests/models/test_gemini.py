"""Gemini's ``generateContent`` over real sockets: what goes out, what comes back as what, and a server with faults."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.gemini import FINISH_REASONS, GeminiDialect
from steelyard.models.hosted_chat import Fit, HostedChat
from steelyard.records import GenerateRequest, Image, LoglikelihoodRequest, ModelOutput, Outcome, Turn

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=8)
KEY = "AIza-test-0123456789abcdef"
GEMINI = GeminiDialect()


@pytest.fixture(autouse=True)
def no_keys_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEELYARD_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def at_handler(handler: Handler, use: Callable[[HostedChat], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            model = open_model(f"gemini:g-1@{server.make_url('/')}", Settings(**{"timeout_seconds": 10.0} | settings))
            assert isinstance(model, HostedChat)
            try:
                return await use(model)
            finally:
                await model.close()

    return asyncio.run(run())


def replying(document: Any, status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(document, status=status, headers=headers)

    return handler


def asked(handler: Handler, request: GenerateRequest = SUM, **settings: Any) -> ModelOutput:
    return at_handler(handler, lambda model: model.generate(request), **settings)


def reply(*parts: dict[str, Any], finish: str | None = "STOP", **usage: int) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "g-1-001", "responseId": "x"}


# ── what goes out ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_with_all_settings_as_the_reference_writes_it() -> None:
    seen: list[tuple[str, str, dict[str, Any]]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, await request.json()))
        return web.json_response(reply({"text": "5"}))

    request = GenerateRequest(
        prefix="Shots. ", prompt="And 2 + 3?", chat=True, system="Be brief.", max_tokens=9, temperature=0.7, seed=11,
        history=(Turn(role="user", text="1 + 1?"), Turn(role="assistant", text="2")), untruncated=True,
        stop=("\n", "", "a", "b", "c", "d"), reasoning_effort="none",
    )  # fmt: skip
    assert asked(handler, request).text == "5"
    assert seen == [("POST", "/v1beta/models/g-1:generateContent", {
        "contents": [
            {"role": "user", "parts": [{"text": "1 + 1?"}]},
            {"role": "model", "parts": [{"text": "2"}]},
            {"role": "user", "parts": [{"text": "Shots. And 2 + 3?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {
            "maxOutputTokens": 9, "temperature": 0.7, "topP": 1.0, "seed": 11,
            "stopSequences": ["\n", "a", "b", "c", "d"],
            "thinkingConfig": {"thinkingBudget": 0},
        },
    })]  # fmt: skip


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [
        ("none", {"thinkingBudget": 0}),
        ("1024", {"includeThoughts": True, "thinkingBudget": 1024}),
        ("high", {"includeThoughts": True, "thinkingLevel": "high"}),
    ],
)
def test_an_effort_is_a_level_or_a_number_of_tokens(effort: str, thinking: dict[str, Any]) -> None:
    request = GenerateRequest(prompt="x", chat=True, reasoning_effort=effort)
    assert GEMINI.body("m", request, Fit(), str)["generationConfig"]["thinkingConfig"] == thinking


def test_a_model_that_reasons_gets_no_stop_strings_and_one_without_temperature_none() -> None:
    request = GenerateRequest(prompt="x", chat=True, stop=("\n",))
    settings = GEMINI.body("m", request, Fit(takes_temperature=False, reasons=True), str)["generationConfig"]
    assert settings == {"maxOutputTokens": 256}


def test_images_stand_where_the_prompt_shows_them_byte_for_byte() -> None:
    data = bytes(range(256)) * 300
    image = Image(sha256=sha256(data).hexdigest(), media_type="image/webp", at=5, data=data)
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((await request.json())["contents"][0]["parts"])
        return web.json_response(reply({"text": "a dot"}))

    assert asked(handler, GenerateRequest(prompt="Look: what?", chat=True, images=(image,))).text == "a dot"
    before, shown, after = seen[0]
    assert (before, after) == ({"text": "Look:"}, {"text": " what?"})
    assert shown["inlineData"]["mimeType"] == "image/webp"
    assert base64.b64decode(shown["inlineData"]["data"], validate=True) == data


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("g-1", "/models/g-1:generateContent"),
        ("tunedModels/mine", "/tunedModels/mine:generateContent"),
        ("a b?key=x#y", "/models/a%20b%3Fkey%3Dx%23y:generateContent"),
    ],
)
def test_a_name_is_a_path_and_nothing_else(name: str, path: str) -> None:
    assert GEMINI.path(name) == path


def test_the_key_is_in_its_header_and_in_no_url_and_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    seen: list[tuple[str | None, str | None, str]] = []

    async def handler(request: web.Request) -> web.Response:
        headers = request.headers
        seen.append((headers.get("x-goog-api-key"), headers.get("Authorization"), request.path_qs))
        return web.json_response(reply({"text": f"your key is {KEY}"}))

    output = asked(handler)
    assert output.text == "your key is [key]"
    assert seen == [(KEY, None, "/v1beta/models/g-1:generateContent")]
    bad = asked(replying({"error": {"code": 400, "message": f"bad {KEY}", "status": "INVALID_ARGUMENT"}}, 400))
    assert KEY not in repr(bad)


def test_the_vendors_key_goes_to_the_vendor_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("x-goog-api-key"))
        return web.json_response(reply({"text": "5"}))

    asked(handler)
    assert seen == [None]
    assert "generativelanguage.googleapis.com/v1beta" in repr(open_model("gemini:g-1"))
    with pytest.raises(InputError, match="takes no query"):
        open_model("gemini:g-1@https://generativelanguage.googleapis.com/v1beta?key=secret")


# ── what comes back ─────────────────────────────────────────────────────────────────────────────────────────────────


def read(document: Any, request: GenerateRequest = SUM) -> ModelOutput:
    return GEMINI.read(document, request, Fit())


def test_an_answer_its_thoughts_and_its_usage() -> None:
    document = reply(
        {"text": "Two and three.", "thought": True}, {"text": "It is "}, {"text": "5.", "thoughtSignature": "c2ln"},
        promptTokenCount=9, candidatesTokenCount=4, thoughtsTokenCount=30, cachedContentTokenCount=5,
    )  # fmt: skip
    assert read(document) == ModelOutput(
        outcome=Outcome.OK, text="It is 5.", reasoning="Two and three.", finish_reason="stop", model="g-1-001",
        prompt_tokens=9, cached_tokens=5, completion_tokens=34, reasoning_tokens=30,
    )  # fmt: skip


FILTERED = [each for each, finish in FINISH_REASONS.items() if finish == "content_filter"]
ENDS: list[tuple[dict[str, Any], Outcome, str]] = [
    (reply({"text": "5"}, finish="MAX_TOKENS"), Outcome.TRUNCATED, "length"),
    (reply(finish="MAX_TOKENS"), Outcome.TRUNCATED, "length"),
    ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, Outcome.TRUNCATED, "length"),
    (reply({"text": ""}), Outcome.OK, "stop"),
    (reply(), Outcome.EMPTY, "stop"),
    (reply({"text": "thought alone", "thought": True}), Outcome.EMPTY, "stop"),
    (reply({"functionCall": {"name": "f", "args": {}}}), Outcome.EMPTY, "stop"),
    (reply(finish="MALFORMED_FUNCTION_CALL"), Outcome.EMPTY, "tool_calls"),
    (reply(finish="OTHER"), Outcome.EMPTY, "OTHER"),
    (reply(finish=None), Outcome.EMPTY, ""),
    ({"candidates": []}, Outcome.EMPTY, ""),
    ({}, Outcome.EMPTY, ""),
    ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, Outcome.CLIENT_ERROR, "content_filter"),
    ({"promptFeedback": {"blockReason": "BLOCK_REASON_UNSPECIFIED"}}, Outcome.EMPTY, ""),
    ({"promptFeedback": []}, Outcome.EMPTY, ""),
    *((reply(finish=each), Outcome.REFUSED, "content_filter") for each in FILTERED),
]


@pytest.mark.parametrize(("document", "outcome", "finish"), ENDS)
def test_each_end_is_one_outcome(document: dict[str, Any], outcome: Outcome, finish: str) -> None:
    output = read(document)
    assert (output.outcome, output.finish_reason) == (outcome, finish)


def test_a_filter_that_cut_the_answer_keeps_what_there_was_and_why() -> None:
    document = reply({"text": "Once upon"}, finish="RECITATION")
    document["candidates"][0]["finishMessage"] = "too near to\na book"
    output = read(document)
    assert (output.outcome, output.text) == (Outcome.REFUSED, "Once upon")
    assert output.detail == "RECITATION: too near to a book"


def test_stop_strings_are_cut_here_too() -> None:
    output = read(reply({"text": "5\nand more"}), GenerateRequest(prompt="x", chat=True, stop=("\n",)))
    assert (output.text, output.outcome) == ("5", Outcome.OK)


MALFORMED: list[Any] = [
    [], "x", 3, None, {"candidates": "x"}, {"candidates": [3]}, {"candidates": {"a": 1}}, {"candidates": [[]]},
    {"candidates": [{"content": {"parts": "x"}}]}, {"candidates": [{"content": {"parts": ["x"]}}]},
    {"candidates": [{"content": {"parts": [{"text": 5}]}}]}, {"candidates": [{"content": {"parts": [{"text": None}]}}]},
]  # fmt: skip


@pytest.mark.parametrize("document", MALFORMED, ids=repr)
def test_another_form_is_malformed(document: Any) -> None:
    assert read(document).outcome is Outcome.MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["candidates", "content", "parts", "text", "thought", "finishReason", "promptFeedback", "blockReason",
             "usageMetadata", "thoughtsTokenCount", "modelVersion", "error", "code", "message"]
        ), inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(JSON)
def test_any_json_is_one_output(document: Any) -> None:
    output = read(document)
    assert 0 <= output.reasoning_tokens <= output.completion_tokens
    json.dumps(output.text + output.reasoning + output.detail)


# ── faults of the wire ──────────────────────────────────────────────────────────────────────────────────────────────


def google_error(status: int, kind: str, message: str, *details: dict[str, Any]) -> Handler:
    return replying({"error": {"code": status, "message": message, "status": kind, "details": list(details)}}, status)


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
INVALID = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
QUOTA = "You exceeded your current quota, please check your plan and billing details. Please retry in 34.5s."


async def _hangs(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "900"})
    await response.prepare(request)
    await response.write(b'{"candidates": [')
    assert request.transport is not None
    request.transport.close()
    return response


def raw(text: str, kind: str = "application/json", status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, status=status, headers=headers)

    return handler


FAULTS: dict[str, tuple[Handler, Outcome, bool]] = {
    "a minute's limit": (google_error(429, "RESOURCE_EXHAUSTED", QUOTA, RETRY), Outcome.RATE_LIMITED, False),
    "overloaded": (google_error(503, "UNAVAILABLE", "The model is overloaded."), Outcome.SERVER_ERROR, False),
    "internal": (google_error(500, "INTERNAL", "An internal error has occurred."), Outcome.SERVER_ERROR, False),
    "deadline": (google_error(504, "DEADLINE_EXCEEDED", "Deadline expired."), Outcome.SERVER_ERROR, False),
    "no such model": (google_error(404, "NOT_FOUND", "models/g-1 is not found"), Outcome.CLIENT_ERROR, False),
    "no access": (google_error(403, "PERMISSION_DENIED", "no"), Outcome.CLIENT_ERROR, True),
    "bad key": (google_error(400, "INVALID_ARGUMENT", "API key not valid.", INVALID), Outcome.CLIENT_ERROR, True),
    "too long": (google_error(400, "INVALID_ARGUMENT", "The input token count exceeds"), Outcome.CLIENT_ERROR, False),
    "error with 200": (replying({"error": {"code": 503, "message": "later"}}), Outcome.SERVER_ERROR, False),
    "a web page": (raw("<!doctype html>log in", "text/html"), Outcome.MALFORMED, True),
    "no JSON": (raw("five"), Outcome.MALFORMED, False),
    "cut off": (_cut, Outcome.DROPPED, False),
    "redirect": (raw("", status=302, Location="http://elsewhere.example/"), Outcome.CLIENT_ERROR, False),
    "hang": (_hangs, Outcome.TIMEOUT, False),
    "huge": (raw('{"candidates": "' + "x" * (17 << 20) + '"}'), Outcome.TRUNCATED, False),
    "many": (raw("[" + "1," * 1_200_000 + "1]"), Outcome.MALFORMED, False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_its_outcome(fault: str) -> None:
    handler, outcome, fatal = FAULTS[fault]
    output = asked(handler, timeout_seconds=0.5 if fault == "hang" else 10.0)
    assert (output.outcome, output.fatal) == (outcome, fatal)
    assert "\n" not in output.detail
    assert output.retry_after == (34.5 if fault == "a minute's limit" else None)


# ── the handshake ───────────────────────────────────────────────────────────────────────────────────────────────────


def serving(**usage: int) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"models": [{"name": "models/g-1"}, {"name": "models/g-2"}]})
        return web.json_response(reply({"text": "7"}, finish="STOP", **usage))

    return handler


def test_the_handshake_lists_greets_and_finds_that_it_answers_at_once() -> None:
    identity, capabilities = at_handler(serving(), lambda model: model.identify())
    assert identity.backend == "Gemini generateContent"
    assert identity.details == {"listed": "yes", "answers_as": "g-1-001"}
    assert (capabilities.chat, capabilities.completions, capabilities.reasons) == (True, False, False)
    assert capabilities.loglikelihood_reason.startswith("this endpoint cannot give log-likelihoods")


def test_thoughts_that_are_counted_alone_show_that_it_reasons() -> None:
    _, capabilities = at_handler(serving(thoughtsTokenCount=20), lambda model: model.identify())
    assert (capabilities.reasons, capabilities.output_tokens) == (True, 16_384)


def test_a_list_that_goes_on_says_nothing_of_a_model() -> None:
    assert GEMINI.names_in({"models": [{"name": "models/a"}], "nextPageToken": "x"}) == []
    assert GEMINI.names_in({"models": [{"name": "models/a"}, {"name": 3}, 4]}) == ["a"]
    assert GEMINI.names_in([]) == []


def test_a_key_that_is_refused_ends_the_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    for fault in ("bad key", "no access"):
        with pytest.raises(ModelUnavailable) as error:
            at_handler(FAULTS[fault][0], lambda model: model.identify())
        assert KEY not in str(error.value)
    with pytest.raises(ModelUnavailable, match="not found"):
        at_handler(FAULTS["no such model"][0], lambda model: model.identify())


def test_an_effort_that_the_model_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.json() if request.method == "POST" else {}
        if "thinkingConfig" in body.get("generationConfig", {}):
            error = {"code": 400, "message": "Thinking level is not supported for this model."}
            return web.json_response({"error": error}, status=400)
        return web.json_response(reply({"text": "7"}))

    with pytest.raises(InputError, match="refuses --reasoning-effort low"):
        at_handler(handler, lambda model: model.identify(), reasoning_effort="low")


def test_what_it_cannot_do_is_refused_without_a_call() -> None:
    async def handler(request: web.Request) -> web.Response:
        raise AssertionError("nothing is to be asked")

    async def use(model: HostedChat) -> list[ModelOutput]:
        plain = await model.generate(GenerateRequest(prompt="x"))
        return [plain, await model.loglikelihood(LoglikelihoodRequest(context="a", continuations=("b",)))]

    assert {output.outcome for output in at_handler(handler, use)} == {Outcome.CLIENT_ERROR}
