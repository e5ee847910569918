"""Refusals of a limit of tokens, as endpoints word them: the number that would be taken, and other failures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.token_limits import advice_on_limit, answer_limit


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("Range of max_tokens should be [1, 8192]", 8192),
        (
            "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided "
            "16384.",
            4096,
        ),
        ("max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet", 8192),
        ("`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens`", 8192),
        (
            "Unable to submit request because it has a maxOutputTokens value of 65536 but the supported range is from "
            "1 (inclusive) to 8193 (exclusive).",
            8192,
        ),
        (
            "This model's maximum context length is 8192 tokens. However, you requested 16500 tokens (116 in the "
            "messages, 16384 in the completion). Please reduce the length of the messages or completion.",
            5888,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 "
            "tokens and your request has 116 input tokens (16384 > 8192 - 116).",
            5888,
        ),
        (
            "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of "
            "16500 tokens: 116 tokens from the input messages and 16384 tokens for the completion.",
            5888,
        ),
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 116 `inputs` tokens "
            "and 16384 `max_new_tokens`",
            2816,
        ),
        ("max_tokens is too large for this model", 0),
    ],
)
@pytest.mark.parametrize("status", ["HTTP 400", "HTTP 422"])
def test_the_longest_answer_that_an_endpoint_names(status: str, said: str, limit: int) -> None:
    assert answer_limit(f"{status}: {said}") == limit
    assert f"--output-tokens {limit or 'N'}" in advice_on_limit(f"{status}: {said}")


@pytest.mark.parametrize(
    "said",
    [
        "HTTP 400: Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'",
        "HTTP 400: your messages resulted in 9000 tokens, and the maximum context length is 8192 tokens",
        "HTTP 400: This model's maximum context length is 8192 tokens. However, you requested 8200 tokens (8190 in the "
        "messages, 10 in the completion).",
        "HTTP 400: the model is not known",
        "HTTP 429: Rate limit reached: at most 8192 output tokens a minute",
        "HTTP 500: max_tokens range is [1, 8192]",
        "no reply within 120 s",
        "",
    ],
)
def test_any_other_failure_has_no_such_advice(said: str) -> None:
    assert answer_limit(said) is None
    assert advice_on_limit(said) == ""


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for said in (text, f"HTTP 400: max_tokens {text}"):
        limit = answer_limit(said)
        assert limit is None or limit >= 0


@pytest.mark.parametrize("piece", ["max_tokens ", "range [1, ", "context length ", "1 input tokens", "9"])
def test_a_hostile_refusal_is_read(piece: str) -> None:
    answer_limit(f"HTTP 400: {piece * 100_000}")
