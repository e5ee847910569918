"""Next tokens on the wire: both shapes of a reply, and whatever is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.next_token_wire import next_token_body, read_next_tokens
from steelyard.models.openai_wire import Dialect
from steelyard.records import NextTokenRequest, Outcome

REQUEST = NextTokenRequest(prefix="On ", context="Monday", top=3)
PAIRS = {" the": -1.5, " a": -0.5, ",": -3.25, ".": -7.0}


def reply(logprobs: Any, text: str = " a") -> dict[str, Any]:
    choice = {"text": text, "logprobs": logprobs, "finish_reason": "length"}
    return {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 4, "completion_tokens": 1}}


def openais(pairs: Any) -> dict[str, Any]:
    return {"tokens": [" a"], "token_logprobs": [-0.5], "top_logprobs": [pairs], "text_offset": [0]}


def llama_cpps(pairs: Any) -> dict[str, Any]:
    entries = [{"id": n, "token": text, "bytes": [1], "logprob": value} for n, (text, value) in enumerate(pairs)]
    return {"content": [{"token": " a", "logprob": -0.5, "top_logprobs": entries}]}


@pytest.mark.parametrize("logprobs", [openais(PAIRS), llama_cpps(PAIRS.items())])
def test_both_shapes_are_read_and_the_likeliest_kept(logprobs: Any) -> None:
    output = read_next_tokens(reply(logprobs), REQUEST)
    assert output.outcome is Outcome.OK
    assert json.loads(output.text) == [" a", " the", ","]
    assert output.logprobs == (-0.5, -1.5, -3.25)
    assert (output.prompt_tokens, output.completion_tokens, output.model) == (4, 1, "m")


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        {"content": []},
        {"content": [{"top_logprobs": "x"}]},
        {"content": [{"top_logprobs": [" a"]}]},
        {"content": [{"top_logprobs": [{"token": 7, "logprob": -1.0}]}]},
        {"top_logprobs": []},
        {"top_logprobs": [None]},
        openais({" a": None}),
        openais({" a": "−1"}),
        openais({" a": True}),
        openais({" a": 0.5}),
        openais({" a": -(10**400)}),
        openais({" a": float("-inf")}),
        openais({" a": float("nan")}),
        openais({"a" * 201: -1.0}),
        openais({str(n): -1.0 for n in range(1001)}),
    ],
)
def test_what_is_no_such_list_is_malformed(logprobs: Any) -> None:
    output = read_next_tokens(reply(logprobs), REQUEST)
    assert output.outcome is Outcome.MALFORMED
    assert "no log-probabilities" in output.detail
    assert not output.text


def test_unknown_values_and_texts_that_stand_there_twice_are_left_out() -> None:
    pairs = [(" a", -0.5), ("�", -1.0), ("�", -2.0), ("", -1.0), (" the", -9999.0), (",", 1e-9)]
    output = read_next_tokens(reply(llama_cpps(pairs)), NextTokenRequest(context="x"))
    assert dict(zip(json.loads(output.text), output.logprobs, strict=True)) == {",": 0.0, " a": -0.5}


def test_an_error_in_the_reply_stays_what_it_is() -> None:
    assert read_next_tokens({"error": {"message": "busy", "code": 503}}, REQUEST).outcome is Outcome.SERVER_ERROR
    assert read_next_tokens([], REQUEST).outcome is Outcome.MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_reply_is_an_exception(value: Any) -> None:
    for payload in (value, {"choices": value}, {"choices": [value]}, reply(value), reply({"content": value})):
        output = read_next_tokens(payload, REQUEST)
        assert all(each <= 0 for each in output.logprobs)


def test_a_body_asks_for_one_token_without_cuts() -> None:
    body = next_token_body("m", REQUEST, Dialect())
    assert (body["prompt"], body["max_tokens"], body["temperature"], body["logprobs"]) == ("On Monday", 1, 1.0, 3)
    assert (body["top_p"], body["top_k"], body["min_p"], body["repeat_penalty"]) == (1.0, -1, 0.0, 1.0)
    less = list(Dialect().with_less())
    bodies = [next_token_body("m", NextTokenRequest(context="x"), each) for each in less]
    assert [(each["logprobs"], "top_k" in each) for each in bodies] == [(20, False), (5, True), (5, False)]
