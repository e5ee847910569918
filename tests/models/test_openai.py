"""Endpoints over real sockets: the stub server with faults, a llama.cpp server, an honest echo, and hostile ones."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.address import named_endpoint
from steelyard.models.api_key import key_for
from steelyard.models.openai import OpenAIModel, open_openai
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=8)
KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_keys_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@asynccontextmanager
async def model_at(base: str, name: str = "m", **settings: Any) -> AsyncIterator[OpenAIModel]:
    model = open_model(f"openai:{name}@{base}", Settings(**{"timeout_seconds": 10.0} | settings))
    assert isinstance(model, OpenAIModel)
    try:
        yield model
    finally:
        await model.close()
        await model.close()


def at_handler(handler: Handler, use: Callable[[OpenAIModel], Awaitable[T]], **settings: Any) -> T:
    """Serve every path with one handler and ask it."""

    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server, model_at(str(server.make_url("/v1")), **settings) as model:
            return await use(model)

    return asyncio.run(run())


def at_url(base: str, use: Callable[[OpenAIModel], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        async with model_at(base, **settings) as model:
            return await use(model)

    return asyncio.run(run())


def ask(model: OpenAIModel) -> Awaitable[ModelOutput]:
    return model.generate(SUM)


def identify(model: OpenAIModel) -> Awaitable[tuple[ModelIdentity, Capabilities]]:
    return model.identify()


def chat_reply(text: str, **more: Any) -> web.Response:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return web.json_response({"model": "m-2026", "choices": [choice]} | more)


# ── the URI and the key ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("uri", "name", "base"),
    [
        ("openai:gpt@https://a.example", "gpt", "https://a.example/v1"),
        ("openai:gpt@https://a.example/", "gpt", "https://a.example/v1"),
        ("openai:gpt@https://a.example/v1/", "gpt", "https://a.example/v1"),
        ("openai:gpt@http://127.0.0.1:8000/api/openai", "gpt", "http://127.0.0.1:8000/api/openai"),
        ("openai:org/llama@2:latest@http://[::1]:8000/v1", "org/llama@2:latest", "http://[::1]:8000/v1"),
    ],
)
def test_the_last_at_sign_separates(uri: str, name: str, base: str) -> None:
    assert repr(open_model(uri)) == f"OpenAIModel({name!r}, {base!r})"


@pytest.mark.parametrize(
    "uri",
    [
        "openai:gpt",
        "openai:@https://a.example",
        "openai:gpt@ftp://a.example",
        "openai:gpt@https://",
        "openai:gpt@https://a.example:99999999",
        "openai:gpt@https://user:hunter2@a.example",
        "openai:gpt@https://a.example/v1?key=hunter2",
        "openai:gpt@https://a.example/v1#hunter2",
        "openai:gpt@http://[::1",
    ],
)
def test_a_wrong_endpoint_is_one_line_without_its_secrets(uri: str) -> None:
    with pytest.raises(InputError) as error:
        open_model(uri)
    assert "\n" not in str(error.value)
    assert "hunter2" not in str(error.value)


def test_where_the_key_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return chat_reply("5")

    at_handler(handler, ask)
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    at_handler(handler, ask)
    monkeypatch.setenv("STEELYARD_API_KEY", "first\n")
    at_handler(handler, ask)
    monkeypatch.setenv("MY_KEY", "third")
    at_handler(handler, ask, api_key_env="MY_KEY")
    assert seen == [None, None, "Bearer first", "Bearer third"]


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.openai.com/v1", True),
        ("https://API.OpenAI.com", True),
        ("http://api.openai.com/v1", False),
        ("https://api.openai.com.example.org/v1", False),
        ("https://example.org/api.openai.com/v1", False),
    ],
)
def test_openais_own_key_goes_to_openai_alone(url: str, sent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    key = key_for(named_endpoint(f"m@{url}"), Settings())
    assert key.value == ("sk-mine" if sent else "")
    assert "sk-mine" not in repr(key)


def test_a_key_that_is_absent_or_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="NO_SUCH_KEY holds no API key"):
        open_model("openai:m@http://127.0.0.1:1", Settings(api_key_env="NO_SUCH_KEY"))
    monkeypatch.setenv("STEELYARD_API_KEY", "two\nlines-secret")
    with pytest.raises(InputError, match="no HTTP header can") as error:
        open_model("openai:m@http://127.0.0.1:1")
    assert "secret" not in str(error.value)


def test_the_key_comes_back_from_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that repeats the Authorization header in its answers and errors does not get it into our records."""
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)

    async def repeats(request: web.Request) -> web.Response:
        header = request.headers["Authorization"]
        if "fail" in (await request.json())["messages"][0]["content"]:
            return web.json_response({"error": {"message": f"bad key {header}"}}, status=400)
        return chat_reply(f"your header is {header}")

    async def use(model: OpenAIModel) -> str:
        answers = [await model.generate(SUM), await model.generate(GenerateRequest(prompt="fail", chat=True))]
        assert [answer.outcome for answer in answers] == [Outcome.OK, Outcome.CLIENT_ERROR]
        return repr((answers, model, vars(model)))

    shown = at_handler(repeats, use)
    assert KEY not in shown
    assert shown.count("[key]") == 2


def test_a_proxy_of_the_environment_is_used_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")

    def proxy(url: str) -> str | None:
        model = open_model(f"openai:m@{url}")
        assert isinstance(model, OpenAIModel)
        return model._http.proxy

    assert proxy("http://outside.example") == "http://proxy.example:3128"
    assert proxy("http://inside.example") is None
    assert proxy("http://127.0.0.1:1") is None


# ── hostile and broken endpoints ────────────────────────────────────────────────────────────────────────────────────


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/stolen"})

    answer = at_handler(handler, ask)
    assert answer.outcome is Outcome.CLIENT_ERROR
    assert "redirect to /stolen: not followed" in answer.detail
    assert asked == ["/v1/chat/completions"]


@pytest.mark.parametrize(("status", "outcome"), [(200, Outcome.TRUNCATED), (500, Outcome.SERVER_ERROR)])
def test_an_endless_reply_is_cut_off_and_an_answer_where_it_is_no_error(status: int, outcome: Outcome) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(status=status)
        await reply.prepare(request)
        try:
            for _ in range(64):
                await reply.write(b" " * (1 << 20))
        except ConnectionError:
            pass
        return reply

    answer = at_handler(handler, ask)
    assert (answer.outcome, answer.text) == (outcome, "")
    assert answer.detail == ("the reply is larger than 16 MB" if status == 200 else "HTTP 500")
    assert answer.outcome.retryable == (status == 500)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 200_000, b'{"choices": NaN}', b"null"])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body)

    assert at_handler(handler, ask).outcome is Outcome.MALFORMED


def at_bytes(reply: bytes, use: Callable[[OpenAIModel], Awaitable[T]]) -> T:
    """Serve raw bytes, whatever is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def run() -> T:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, model_at(f"http://127.0.0.1:{port}") as model:
            return await use(model)

    return asyncio.run(run())


def test_what_is_not_http_is_malformed_and_a_torn_body_is_dropped() -> None:
    assert at_bytes(b"SSH-2.0-OpenSSH_9\r\n\r\n", ask).outcome is Outcome.MALFORMED
    torn = at_bytes(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices"', ask)
    assert torn.outcome is Outcome.DROPPED
    assert at_bytes(b"", ask).outcome is Outcome.DROPPED


def test_nothing_listens() -> None:
    answer = at_url("http://127.0.0.1:9", ask)
    assert answer.outcome is Outcome.DROPPED
    with pytest.raises(ModelUnavailable, match=r"nothing answers at http://127\.0\.0\.1:9/v1 .* start the server"):
        at_url("http://127.0.0.1:9", identify)


def test_a_refused_key_names_the_variables() -> None:
    async def all_refused(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no"}}, status=401)

    async def only_models_open(request: web.Request) -> web.Response:
        return web.json_response({"data": []}, status=200 if request.method == "GET" else 403)

    for handler in (all_refused, only_models_open):
        with pytest.raises(ModelUnavailable, match=r"refuses calls without a key: .* STEELYARD_API_KEY"):
            at_handler(handler, identify)


def test_a_model_that_is_not_served() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no such model"}}, status=404)

    with pytest.raises(ModelUnavailable, match="does not serve 'm': HTTP 404: no such model"):
        at_handler(handler, identify)


def test_a_server_that_hangs_is_unavailable() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.method == "POST":
            await asyncio.sleep(2)
        return web.json_response({"data": "odd"})

    with pytest.raises(ModelUnavailable, match=r"does not answer \(no reply within 0.3 s\)"):
        at_handler(handler, identify, timeout_seconds=0.3)


# ── shaking hands ───────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── the stub server of the measuring bench ──────────────────────────────────────────────────────────────────────────


@contextmanager
def stub_server(shared: Path, port: int, *options: str) -> Iterator[str]:
    command = [sys.executable, str(shared / "peers" / "stub_server.py"), "--port", str(port), *options]
    process = subprocess.Popen(command)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(2000):
            try:
                urllib.request.urlopen(f"{base}/stats", timeout=1).read()
                break
            except OSError:
                time.sleep(0.05)
        yield base
    finally:
        process.kill()
        process.wait()


def test_the_stub_answers_and_its_synthetic_echo_is_refused(shared: Path, unused_tcp_port: int) -> None:
    async def use(model: OpenAIModel) -> tuple[ModelOutput, ModelIdentity, Capabilities]:
        return await model.generate(SUM), *await model.identify()

    with stub_server(shared, unused_tcp_port) as base:
        answer, identity, capabilities = at_url(base, use, name="stub")
    assert (answer.outcome, answer.text, answer.model) == (Outcome.OK, answer.text, "stub")
    assert answer.text in ("5", "6")
    assert identity.details["listed"] == "yes"
    assert capabilities.chat
    assert capabilities.completions
    assert not capabilities.loglikelihood
    assert capabilities.loglikelihood_reason == (
        "this endpoint cannot give log-likelihoods: "
        "the same token has the same value in different contexts, so the values are synthetic"
    )


@pytest.mark.parametrize(
    ("fault", "outcome", "retry_after"),
    [
        ("429", Outcome.RATE_LIMITED, 1.0),
        ("500", Outcome.SERVER_ERROR, None),
        ("malformed", Outcome.MALFORMED, None),
        ("empty", Outcome.EMPTY, None),
        ("drop", Outcome.DROPPED, None),
        ("hang", Outcome.TIMEOUT, None),
    ],
)
def test_each_fault_of_the_stub_is_one_outcome(
    shared: Path, unused_tcp_port: int, fault: str, outcome: Outcome, retry_after: float | None
) -> None:
    options = ("--faults", f"{fault}=1.0", "--fault-mode", "first", "--retry-after")

    async def use(model: OpenAIModel) -> list[ModelOutput]:
        return [await model.generate(SUM), await model.generate(SUM)]

    with stub_server(shared, unused_tcp_port, *options) as base:
        first, second = at_url(base, use, timeout_seconds=1.0 if fault == "hang" else 10.0)
    assert (first.outcome, first.retry_after) == (outcome, retry_after)
    assert first.detail
    assert second.outcome is Outcome.OK


# ── llama.cpp's own server, serving the embedded model's file ───────────────────────────────────────────────────────


@pytest.mark.model
def test_generation_works_against_llama_cpp_and_its_ignored_echo_is_refused(llama_server: str) -> None:
    async def use(model: OpenAIModel) -> tuple[list[ModelOutput], Capabilities]:
        capabilities = (await model.identify())[1]
        shots = "Q: What is 2 + 3?\nA: 5\n\nQ: What is 4 + 4?\nA: 8\n\n"
        plain = GenerateRequest(prefix=shots, prompt="Q: What is 3 + 3?\nA:", stop=("\n",), max_tokens=8)
        long = GenerateRequest(prompt="Once upon a time", max_tokens=3)
        chat = GenerateRequest(
            prompt="Say hello.", chat=True, system="Be brief.", max_tokens=4, seed=1, temperature=0.5
        )
        too_long = GenerateRequest(prompt="word " * 4000, max_tokens=3)
        answers = [await model.generate(request) for request in (plain, long, chat, too_long)]
        answers.append(await model.loglikelihood(LoglikelihoodRequest(context="A b", continuations=(" c",))))
        return answers, capabilities

    answers, capabilities = at_url(llama_server, use, timeout_seconds=60.0)
    assert capabilities.chat
    assert capabilities.completions
    assert not capabilities.loglikelihood
    assert capabilities.loglikelihood_reason.startswith("this endpoint cannot give log-likelihoods: it ignores echo")
    assert [answer.outcome for answer in answers] == [
        Outcome.OK, Outcome.TRUNCATED, Outcome.TRUNCATED, Outcome.CLIENT_ERROR, Outcome.MALFORMED,
    ]  # fmt: skip
    assert answers[0].text.strip().isdigit()
    assert answers[1].completion_tokens == 3


# ── an honest echo ──────────────────────────────────────────────────────────────────────────────────────────────────


def echo_handler(smollm2: Path, least_new_tokens: int) -> Handler:
    """Serve true log-probabilities of the prompt from the embedded model, as vLLM and others do."""
    from steelyard.models.llama import Llama
    from steelyard.models.session import _log_probability

    llama = Llama(smollm2, threads=1, context_limit=2048)

    async def handler(request: web.Request) -> web.Response:
        body = await request.json() if request.method == "POST" else {}
        if "prompt" not in body:
            return web.json_response({"error": "chat is not served"}, status=404)
        if body["max_tokens"] < least_new_tokens:
            return web.json_response({"error": "max_tokens must be at least 1"}, status=400)
        tokens = llama.tokenise(body["prompt"])
        llama.clear()
        rows = llama.decode(tokens, 0, every=True)
        values = [None, *(_log_probability(row, token) for row, token in zip(rows, tokens[1:], strict=False))]
        texts = [llama.piece(token).decode() for token in tokens]
        texts += [" new"] * body["max_tokens"]
        values += [-1.0] * body["max_tokens"]
        offsets = [sum(map(len, texts[:index])) for index in range(len(texts))]
        logprobs = {"tokens": texts, "token_logprobs": values, "text_offset": offsets}
        return web.json_response(
            {"choices": [{"text": body["prompt"], "logprobs": logprobs, "finish_reason": "length"}]}
        )

    return handler


@pytest.mark.model
@pytest.mark.parametrize("least_new_tokens", [0, 1])
def test_log_likelihoods_over_http_are_those_in_process(smollm2: Path, least_new_tokens: int) -> None:
    request = LoglikelihoodRequest(
        prefix="Facts.\n\n", context="The capital of France is", continuations=(" Paris", " Berlin", " a large horse")
    )

    async def use(model: OpenAIModel) -> tuple[Capabilities, ModelOutput, ModelOutput]:
        capabilities = (await model.identify())[1]
        empty = LoglikelihoodRequest(context="", continuations=(" Paris",))
        return capabilities, await model.loglikelihood(request), await model.loglikelihood(empty)

    async def in_process() -> ModelOutput:
        model = open_model("embedded:smollm2", Settings(threads=1))
        try:
            return await model.loglikelihood(request)
        finally:
            await model.close()

    capabilities, answer, empty = at_handler(echo_handler(smollm2, least_new_tokens), use)
    assert (capabilities.loglikelihood, capabilities.loglikelihood_reason) == (True, "")
    assert (capabilities.chat, capabilities.completions) == (False, True)
    # Other batches, other last bits (DESIGN.md: up to 0.4 nat a token): the same quantity.
    assert answer.logprobs == pytest.approx(asyncio.run(in_process()).logprobs, abs=1.0)
    assert empty.outcome is Outcome.CLIENT_ERROR


def test_a_fault_in_the_middle_of_a_log_likelihood_is_its_outcome() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3"}, text=json.dumps({"error": "slow"}))

    async def use(model: OpenAIModel) -> ModelOutput:
        return await model.loglikelihood(LoglikelihoodRequest(context="a", continuations=(" b", " c")))

    answer = at_handler(handler, use)
    assert (answer.outcome, answer.retry_after, answer.logprobs) == (Outcome.RATE_LIMITED, 3.0, ())


@pytest.mark.parametrize("status", [200, 500])
def test_a_reply_nested_deeper_than_python_goes_is_malformed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key there is one more walk through what came back, which must not be the one that fails."""
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text='{"a":' * 900 + "1" + "}" * 900, status=status, content_type="application/json")

    answer = at_handler(handler, lambda model: model.generate(SUM))
    assert answer.outcome is (Outcome.MALFORMED if status == 200 else Outcome.SERVER_ERROR)


@pytest.mark.parametrize(
    ("rest", "variable", "base"),
    [
        ("gpt-4o", "https://llm.example.com/v1", "https://llm.example.com/v1"),
        ("org/model@main", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1"),
        ("gpt-4o@http://named.example.com", "https://llm.example.com/v1", "http://named.example.com/v1"),
    ],
)
def test_a_name_alone_is_asked_at_the_address_in_the_environment(
    rest: str, variable: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", variable)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine-and-mine-alone")
    model = open_openai(rest, Settings())
    assert repr(model) == f"OpenAIModel({rest.partition('@http')[0]!r}, {base!r})"
    assert (model._http._key.value == "sk-mine-and-mine-alone") is ("@http" not in rest)  # the key beside that address


def test_a_name_alone_without_that_address_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InputError, match="openai:NAME@URL, or openai:NAME where OPENAI_BASE_URL holds the URL"):
        open_openai("gpt-4o", Settings())


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions/", "/openai/v1/responses"])
def test_an_address_that_goes_too_far_says_where_it_ends(path: str) -> None:
    with pytest.raises(InputError, match="ends before /chat/completions: https://HOST/v1"):
        open_openai(f"m@http://127.0.0.1:9{path}", Settings())
