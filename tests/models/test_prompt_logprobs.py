"""Log-probabilities of prompts in the words of vLLM and SGLang: read strictly, and believed behind the echo's check."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models import Settings, open_model
from steelyard.models.echo_check import TEXT, Echo, echo_of
from steelyard.models.prompt_logprobs import SGLANG, dialects_at, read_prompt_logprobs, read_sglang
from steelyard.records import Capabilities, LoglikelihoodRequest, ModelOutput, Outcome
from testkit.server_dialects import DIALECTS, NAME, SEEN, Dialect, Handler, answers, application, tokens_of

QUESTION = LoglikelihoodRequest(prefix="Facts.\n\n", context="The capital is", continuations=(" Paris", " a big horse"))


def asked(dialect: Dialect, **faults: Handler) -> tuple[Capabilities, ModelOutput, list[tuple[str, str]]]:
    """The handshake with a server, one question, and what was asked of it."""
    served = application(dialect, {f"/{path.replace('__', '/')}": fault for path, fault in faults.items()})

    async def run() -> tuple[Capabilities, ModelOutput]:
        async with TestServer(served) as server:
            model = open_model(f"openai:{NAME}@{server.make_url('/v1')}", Settings(timeout_seconds=10))
            try:
                return (await model.identify())[1], await model.loglikelihood(QUESTION)
            finally:
                await model.close()

    capabilities, output = asyncio.run(run())
    return capabilities, output, served[SEEN]


def truth() -> tuple[float, ...]:
    """What the model behind the stubs says of the question."""
    text, found = QUESTION.prefix + QUESTION.context, []
    for continuation in QUESTION.continuations:
        _, values = tokens_of(text + continuation)
        found.append(sum(values[-len(tokens_of(continuation)[0]) :]))
    return tuple(found)


@pytest.mark.parametrize("name", ["vLLM", "SGLang"])
def test_a_server_that_has_them_gives_log_likelihoods_though_its_echo_cannot_be_read(name: str) -> None:
    capabilities, output, seen = asked(DIALECTS[name])
    assert (capabilities.loglikelihood, capabilities.loglikelihood_reason) == (True, "")
    assert output.logprobs == pytest.approx(truth())
    assert (("POST", "/generate") in seen) is (name == "SGLang")


def test_an_echo_that_passes_is_asked_and_nothing_else() -> None:
    dialect = Dialect(entry={"owned_by": "sglang"}, echoes=True, generates=True, prompt_logprobs=True)
    capabilities, output, seen = asked(dialect)
    assert capabilities.loglikelihood
    assert output.logprobs == pytest.approx(truth())
    assert ("POST", "/generate") not in seen


def test_no_path_beside_the_url_is_asked_of_another_server_or_below_another_path() -> None:
    for base, owner in (("http://a/v1", "vllm"), ("http://a/v1", ""), ("http://a/api/openai", SGLANG)):
        assert not any(each.beside for each in dialects_at(base, owner))
    assert any(each.beside for each in dialects_at("http://a/v1", SGLANG))
    seen = asked(Dialect(entry={"owned_by": "me"}, generates=True))[2]
    assert {path for _, path in seen} == {"/v1/models", "/v1/completions", "/v1/chat/completions"}


@pytest.mark.parametrize("fault", [answers(404), answers(401), answers(200, "<html>", "text/html"), answers(200, "[]")])
def test_a_generate_that_fails_is_a_reason_and_no_log_likelihoods(fault: Handler) -> None:
    capabilities, output, _ = asked(DIALECTS["SGLang"], generate=fault)
    assert not capabilities.loglikelihood
    assert capabilities.loglikelihood_reason.startswith("this endpoint cannot give log-likelihoods: ")
    assert output.outcome is not Outcome.OK


def test_values_that_are_made_up_are_refused_by_the_check_of_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    def flat(prompt: str) -> tuple[list[str], list[float]]:
        tokens, values = tokens_of(prompt)
        return tokens, [-1.0 for _ in values]

    monkeypatch.setattr("testkit.server_dialects.tokens_of", flat)
    for name in ("vLLM", "SGLang"):
        reason = asked(DIALECTS[name])[0].loglikelihood_reason
        assert reason.endswith("the same token has the same value in different contexts, so the values are synthetic")


def test_a_server_that_is_busy_for_a_moment_is_asked_again_and_by_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a resumed run would ask otherwise than the run that it goes on with."""
    waited: list[float] = []
    calls = {"count": 0}

    async def at_once(seconds: float) -> None:
        waited.append(seconds)

    async def busy_twice(request: web.Request) -> web.StreamResponse:
        calls["count"] += 1
        if calls["count"] <= 2:
            return web.json_response({"error": "busy"}, status=503, headers={"Retry-After": "2"})
        return web.json_response(sglang_reply((await request.json())["text"]))

    monkeypatch.setattr("asyncio.sleep", at_once)
    capabilities, output, _ = asked(DIALECTS["SGLang"], generate=busy_twice)
    assert capabilities.loglikelihood
    assert output.logprobs == pytest.approx(truth())
    assert [each for each in waited if each] == [2.0, 2.0]


# ── the readers alone ───────────────────────────────────────────────────────────────────────────────────────────────


def vllm_reply(prompt: str = TEXT) -> dict[str, Any]:
    tokens, values = tokens_of(prompt)
    places = [
        {str(index): {"logprob": value, "rank": 2, "decoded_token": token}}
        for index, (token, value) in enumerate(zip(tokens, values, strict=True))
    ]
    return {"choices": [{"text": " x", "prompt_logprobs": [None, *places[1:]]}]}


def sglang_reply(prompt: str = TEXT) -> dict[str, Any]:
    tokens, values = tokens_of(prompt)
    places: list[list[Any]] = [[value, 7, token] for token, value in zip(tokens, values, strict=True)]
    return {"meta_info": {"input_token_logprobs": [[None, 7, tokens[0]], *places[1:]]}}


@pytest.mark.parametrize(("read", "reply"), [(read_prompt_logprobs, vllm_reply), (read_sglang, sglang_reply)])
def test_both_read_what_was_asked(
    read: Callable[[dict[str, Any], str], Echo], reply: Callable[[], dict[str, Any]]
) -> None:
    tokens, values = tokens_of(TEXT)
    echo = read(reply(), TEXT)
    assert echo.tokens == tuple(tokens)
    assert echo.values == (None, *values[1:])
    assert echo.offsets == tuple(sum(map(len, tokens[:index])) for index in range(len(tokens)))
    with pytest.raises(ValueError, match="do not join"):
        read(reply(), TEXT + " more")


BAD_PLACES: list[Any] = [
    None, 1, "x", {}, [], {"1": {"logprob": -1.0}}, {"1": {"logprob": -1.0, "decoded_token": None}},
    {"1": {"logprob": "-1", "decoded_token": " a"}}, {"1": {"logprob": 0.5, "decoded_token": " a"}},
    {"1": {"logprob": float("nan"), "decoded_token": " a"}}, {"1": {"logprob": 10**400, "decoded_token": " a"}},
    {"1": {"logprob": True, "decoded_token": " a"}},
    {"1": {"logprob": -1.0, "decoded_token": " a"}, "2": {"logprob": -2.0, "decoded_token": " b"}},
    [-1.0, 2], [-1.0, 2, None], [0.5, 2, " a"], [None, 2, " a"], [-1.0, 2, " a", 4], [float("-inf"), 2, " a"],
]  # fmt: skip


@pytest.mark.parametrize("place", BAD_PLACES, ids=repr)
def test_a_place_of_another_form_is_refused(place: Any) -> None:
    for read, reply, path in (
        (read_prompt_logprobs, vllm_reply(), ("choices", 0, "prompt_logprobs")),
        (read_sglang, sglang_reply(), ("meta_info", "input_token_logprobs")),
    ):
        places: Any = reply
        for key in path:
            places = places[key]
        places[3] = copy.deepcopy(place)
        with pytest.raises(ValueError, match=r"\w"):
            read(reply, TEXT)


@pytest.mark.parametrize("payload", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"prompt_logprobs": []}]},
    {"choices": [{"prompt_logprobs": [None]}]}, {"choices": [{"prompt_logprobs": None}]}, {"meta_info": None},
    {"meta_info": {"input_token_logprobs": [[None, 1, "a"]]}}, {"meta_info": {"input_token_logprobs": 3}}])  # fmt: skip
def test_a_reply_without_them_is_refused(payload: dict[str, Any]) -> None:
    for read in (read_prompt_logprobs, read_sglang):
        with pytest.raises(ValueError, match="it gives no"):
            read(payload, TEXT)


def test_a_prompt_that_the_server_cut_off_at_its_beginning_is_refused() -> None:
    """Its values would be those of another text, and the first token would seem to hold all that was cut off."""
    tokens = [" the", " end"]
    assert echo_of(tokens, [-1.0, -2.0], "See the end").tokens == ("See", " the", " end")
    with pytest.raises(ValueError, match="do not join"):
        echo_of(tokens, [-1.0, -2.0], "word " * 41 + "the end")


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=8), st.text(max_size=4))
def test_tokens_and_offsets_always_give_the_prompt_back(tokens: list[str], sign: str) -> None:
    prompt = sign + "".join(tokens)
    echo = echo_of(tokens, [-1.0] * len(tokens), prompt)
    assert "".join(echo.tokens) == prompt
    for token, offset in zip(echo.tokens, echo.offsets, strict=True):
        assert prompt[offset : offset + len(token)] == token
