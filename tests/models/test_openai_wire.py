"""The wire as pure functions: every reply becomes exactly one typed outcome, and none raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.openai_wire import (
    Dialect,
    generate_body,
    path_of,
    read_completion,
)
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome, Turn

CHAT = GenerateRequest(prompt="q", chat=True, stop=("\n",))
PLAIN = GenerateRequest(prompt="q", stop=("\n",))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "text",
                    "finish_reason",
                    "usage",
                    "error",
                    "code",
                    "refusal",
                    "reasoning",
                    "type",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def chat(finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"message": message, "finish_reason": finish}], "usage": {"prompt_tokens": 7}}


def test_only_what_is_set_is_sent() -> None:
    assert generate_body("m", GenerateRequest(prefix="a ", prompt="b", max_tokens=5)) == {
        "model": "m", "prompt": "a b", "max_tokens": 5, "temperature": 0.0,
    }  # fmt: skip
    request = GenerateRequest(
        prompt="b", chat=True, system="s", stop=tuple("vwxyz"), seed=3, temperature=0.5, max_tokens=9
    )
    body = generate_body("m", request, Dialect(limit_name="max_completion_tokens"))
    assert body["messages"] == [{"role": "system", "content": "s"}, {"role": "user", "content": "b"}]
    assert body["stop"] == list("vwxy")
    assert (body["seed"], body["temperature"], body["max_completion_tokens"]) == (3, 0.5, 9)
    assert (path_of(request), path_of(PLAIN)) == ("/chat/completions", "/completions")
    turns = (Turn(role="user", text="x"), Turn(role="assistant", text="y"))
    assert generate_body("m", GenerateRequest(prompt="b", chat=True, history=turns))["messages"] == [
        {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "b"},
    ]  # fmt: skip


def test_draws_from_the_whole_distribution_switch_off_what_servers_do_by_themselves() -> None:
    request = GenerateRequest(prompt="b", temperature=1.0, untruncated=True)
    body = generate_body("m", request)
    assert (body["top_p"], body["top_k"], body["min_p"], body["repetition_penalty"]) == (1.0, -1, 0.0, 1.0)
    strict = generate_body("m", request, Dialect(takes_extensions=False))
    assert strict.keys() == body.keys() - {"top_k", "min_p", "repetition_penalty", "repeat_penalty"}
    assert "top_p" not in generate_body("m", GenerateRequest(prompt="b", temperature=1.0))


@pytest.mark.parametrize(
    ("payload", "outcome", "text"),
    [
        (chat(content=" 4"), Outcome.OK, " 4"),
        (chat(content=""), Outcome.OK, ""),
        (chat(content=" 4\nQ: more"), Outcome.OK, " 4"),
        (chat("length", content="so long"), Outcome.TRUNCATED, "so long"),
        (chat("length", content=" 4\nQ"), Outcome.OK, " 4"),
        (chat("length", content=None), Outcome.TRUNCATED, ""),
        (chat(content=None), Outcome.OK, ""),
        (chat("eos_token", content="  "), Outcome.OK, "  "),
        (chat(None, content=""), Outcome.EMPTY, ""),
        (chat(None, content=None), Outcome.EMPTY, ""),
        (chat("error", content=""), Outcome.EMPTY, ""),
        (chat("tool_calls", tool_calls=[]), Outcome.EMPTY, ""),
        (chat(content=None, refusal="I cannot"), Outcome.REFUSED, "I cannot"),
        (chat("content_filter", content="half"), Outcome.REFUSED, "half"),
        (chat("content_filter", content=None), Outcome.REFUSED, ""),
        (chat(content=[{"type": "text"}]), Outcome.MALFORMED, ""),
        ({"choices": []}, Outcome.EMPTY, ""),
        ({"choices": [None]}, Outcome.MALFORMED, ""),
        ({"choices": [{"message": "x"}]}, Outcome.MALFORMED, ""),
        ({"choices": {}}, Outcome.MALFORMED, ""),
        ({}, Outcome.MALFORMED, ""),
        ([], Outcome.MALFORMED, ""),
        ({"error": {"code": 429, "message": "slow down"}}, Outcome.RATE_LIMITED, ""),
        ({"error": {"code": "odd", "message": "boom"}}, Outcome.SERVER_ERROR, ""),
        ({"error": "boom"}, Outcome.SERVER_ERROR, ""),
    ],
)
def test_each_shape_is_one_outcome(payload: Any, outcome: Outcome, text: str) -> None:
    answer = read_completion(payload, CHAT)
    assert (answer.outcome, answer.text) == (outcome, text)


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "4", "reasoning_content": "2+2"}, "4", "2+2"),
        ({"content": "\n\n4", "reasoning_content": "2+2"}, "\n\n4", "2+2"),
        ({"content": "4", "reasoning": "2+2", "reasoning_details": [{"type": "reasoning.text", "text": "2+2"}]}, "4",
         "2+2"),
        ({"content": "4", "reasoning_details": [{"text": "2"}, {"summary": "+2"}]}, "4", "2\n+2"),
        ({"content": "4", "reasoning": {"effort": "low", "summary": [{"type": "summary_text", "text": "2+2"}]}}, "4",
         "2+2"),
        ({"content": "4", "reasoning_content": None, "reasoning": ""}, "4", ""),
        ({"content": [{"type": "text", "text": "4"}]}, "4", ""),
        ({"content": [{"type": "output_text", "text": "4"}, {"type": "output_text", "text": "2"}]}, "42", ""),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]},
                      {"type": "image", "url": "x"}, {"type": "text", "text": "4"}]}, "4", "2+2"),
        ({"content": [{"type": "reasoning", "summary": [{"text": "a"}, {"text": "b"}]}]}, "", "a\nb"),
        ({"content": "<think>2\n+2</think>4\nmore"}, "<think>2\n+2</think>4", ""),
    ],
)  # fmt: skip
def test_reasoning_is_read_apart_from_the_answer(message: dict[str, Any], text: str, reasoning: str) -> None:
    answer = read_completion(chat(**message), CHAT)
    assert (answer.outcome, answer.text, answer.reasoning) == (Outcome.OK, text, reasoning)


def test_reasoning_tokens_are_counted() -> None:
    usage = {"completion_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 148}}
    answer = read_completion(chat(content="4") | {"usage": usage}, CHAT)
    assert (answer.completion_tokens, answer.reasoning_tokens) == (150, 148)


def test_reasoning_that_the_budget_cut_off_is_no_answer() -> None:
    hidden = read_completion(chat("length", content="", reasoning_content="First,\n"), CHAT, reasons=True)
    assert (hidden.outcome, hidden.text, hidden.reasoning) == (Outcome.TRUNCATED, "", "First,\n")
    unopened = read_completion(chat("length", content="First,\nthe units"), CHAT, reasons=True)
    assert (unopened.outcome, unopened.text, unopened.reasoning) == (Outcome.TRUNCATED, "", "First,\nthe units")
    inline = read_completion(chat("length", content="<think>First,\nthe"), CHAT)
    assert (inline.outcome, inline.text) == (Outcome.TRUNCATED, "<think>First,\nthe")


def test_an_endpoint_that_reasons_gets_no_stop_strings_and_an_effort_is_sent() -> None:
    dialect = Dialect(reasons=True, takes_temperature=False)
    body = generate_body("m", GenerateRequest(prompt="q", chat=True, stop=("\n",), reasoning_effort="low"), dialect)
    switches = {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}}
    asked = {"messages": [{"role": "user", "content": "q"}], **switches}
    assert body == {"model": "m", "max_tokens": 256, "reasoning_effort": "low"} | asked
    assert generate_body("m", PLAIN, dialect)["stop"] == ["\n"]


def test_a_completion_is_no_unfinished_reasoning() -> None:
    cut = {"choices": [{"text": " 4 and\n", "finish_reason": "length"}]}
    answer = read_completion(cut, GenerateRequest(prompt="q"), reasons=True)
    assert (answer.outcome, answer.text, answer.reasoning) == (Outcome.TRUNCATED, " 4 and\n", "")


def test_a_filter_keeps_its_finish_reason() -> None:
    assert read_completion(chat("content_filter", content=None), CHAT).finish_reason == "content_filter"


def test_a_dialect_leaves_out_what_an_endpoint_refuses() -> None:
    first = Dialect().fitted_to("HTTP 400: use 'max_completion_tokens'")
    assert first == Dialect(limit_name="max_completion_tokens")
    second = first.fitted_to("HTTP 400: Unsupported value: 'temperature' does not support 0")
    assert second == Dialect(limit_name="max_completion_tokens", takes_temperature=False)
    assert second.fitted_to("HTTP 400: no such model") == second


def test_model_name_and_usage_are_kept() -> None:
    answer = read_completion(chat(content="x"), CHAT)
    assert (answer.model, answer.prompt_tokens, answer.completion_tokens) == ("m-1", 7, 0)
    odd = read_completion(
        {"choices": [{"text": "x"}], "model": 3, "usage": {"prompt_tokens": -1, "completion_tokens": True}}, PLAIN
    )
    assert (odd.outcome, odd.model, odd.prompt_tokens, odd.completion_tokens) == (Outcome.OK, "", 0, 0)


@given(JSON, st.booleans())
def test_no_reply_raises(payload: Any, by_chat: bool) -> None:
    assert isinstance(read_completion(payload, CHAT if by_chat else PLAIN), ModelOutput)


def test_a_message_with_images_is_a_list_of_parts() -> None:
    images = (
        Image(sha256="ab", media_type="image/png", at=5, detail="low"),
        Image(sha256="cd", media_type="image/webp", at=8),
    )
    request = GenerateRequest(prefix="Look: ", prompt="left or right?", chat=True, system="Be brief.", images=images)
    body = generate_body("m", request, show=lambda image: f"data of {image.sha256}")
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look: left "},
                {"type": "image_url", "image_url": {"url": "data of ab", "detail": "low"}},
                {"type": "text", "text": "or "},
                {"type": "image_url", "image_url": {"url": "data of cd"}},
                {"type": "text", "text": "right?"},
            ],
        },
    ]


def test_a_plain_completion_shows_no_images() -> None:
    request = GenerateRequest(prompt="?", images=(Image(sha256="ab", media_type="image/png"),))
    with pytest.raises(ValueError, match="a plain completion shows no images"):
        generate_body("m", request)
