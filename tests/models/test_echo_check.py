"""The echo self-check: true log-probabilities pass, and each way of faking or spoiling them is refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from steelyard.models.echo_check import EXPECTED, PREFIX, TEXT, Echo, continuation_sums, read_echo, reason_against

WORD = re.compile(r"\s*\S+|\s+")
Payload = dict[str, Any]


def true_payload(prompt: str, generated: str = "") -> Payload:
    """What an honest server answers: each value depends on the token and on what stands before it."""
    tokens, values, offsets, place = [*WORD.findall(prompt), *WORD.findall(generated)], [], [], 0
    for token in tokens:
        surprise = 14.0 if token == " purple" else 0.4 if token in EXPECTED else 3.0
        values.append(None if place == 0 else -surprise - place / 100)
        offsets.append(place)
        place += len(token)
    return {"choices": [{"logprobs": {"tokens": tokens, "token_logprobs": values, "text_offset": offsets}}]}


def verdict(change: Callable[[Payload], None]) -> str:
    """Answer as a server would whose honest answers are changed in one way."""
    echoes = []
    for text in (TEXT, PREFIX):
        payload = true_payload(text)
        change(payload["choices"][0]["logprobs"])
        try:
            echoes.append(read_echo(payload, text))
        except ValueError as error:
            return str(error)
    return reason_against(*echoes)


def test_true_log_probabilities_pass() -> None:
    assert verdict(lambda _: None) == ""


def put(key: str, index: int, value: Any) -> Callable[[Payload], None]:
    def change(logprobs: Payload) -> None:
        logprobs[key][index] = value

    return change


def shift_left(logprobs: Payload) -> None:
    logprobs["token_logprobs"] = [*logprobs["token_logprobs"][1:], -9.0]


def shift_right(logprobs: Payload) -> None:
    logprobs["token_logprobs"] = [None, None, *logprobs["token_logprobs"][1:-1]][: len(logprobs["tokens"])]
    logprobs["token_logprobs"][1] = -1.0


def by_token_alone(logprobs: Payload) -> None:
    logprobs["token_logprobs"] = [-1.0 - len(token) / 10 for token in logprobs["tokens"]]


def by_length_of_the_prompt(logprobs: Payload) -> None:
    count = len(logprobs["tokens"])
    logprobs["token_logprobs"] = [value and value - count for value in logprobs["token_logprobs"]]


def other_tokens_for_the_prefix(logprobs: Payload) -> None:
    if not logprobs["tokens"][-1].endswith("purple"):
        logprobs["tokens"] = list("".join(logprobs["tokens"]))
        logprobs["token_logprobs"] = [-1.0] * len(logprobs["tokens"])
        logprobs["text_offset"] = list(range(len(logprobs["tokens"])))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda logprobs: logprobs.pop("tokens"), "ignores echo"),
        (lambda logprobs: logprobs["tokens"].append(" x"), "one value and one offset per token"),
        (put("tokens", 3, 5), "not text"),
        (put("text_offset", 3, "5"), "not whole numbers"),
        (put("tokens", 3, " other"), "do not join"),
        (put("token_logprobs", 3, None), "the value of token 4 is None"),
        (put("token_logprobs", 3, float("-inf")), "the value of token 4 is -inf"),
        (put("token_logprobs", 3, 0.5), "the value of token 4 is 0.5"),
        (put("token_logprobs", 3, True), "the value of token 4 is True"),
        (put("text_offset", 3, 1), "the offset of token 4 is 1"),
        (other_tokens_for_the_prefix, "different tokens"),
        (by_length_of_the_prompt, "different values"),
        (shift_left, "different values"),
        (by_token_alone, "synthetic"),
        (shift_right, "absurd last word"),
    ],
)
def test_what_is_not_true_is_refused_in_words(change: Callable[[Payload], None], words: str) -> None:
    assert words in verdict(change)


@pytest.mark.parametrize(
    "payload", [{}, {"choices": []}, {"choices": [{"logprobs": None}]}, {"choices": [{"logprobs": {"content": []}}]}]
)
def test_a_server_that_ignores_echo(payload: Payload) -> None:
    with pytest.raises(ValueError, match="ignores echo"):
        read_echo(payload, "x")


def test_tokens_generated_after_the_prompt_are_left_out() -> None:
    assert read_echo(true_payload(TEXT, generated=" and more"), TEXT) == read_echo(true_payload(TEXT), TEXT)


def test_the_sum_covers_the_continuation() -> None:
    echo = Echo(("The", " sky", " is", " blue"), (None, -1.0, -2.0, -4.0), (0, 3, 7, 10))
    assert continuation_sums([echo], 10) == (-4.0,)
    assert continuation_sums([echo], 7) == (-6.0,)


def test_a_token_across_the_boundary_moves_it_for_all() -> None:
    across = Echo(("The", " sky", " blue"), (None, -1.0, -4.0), (0, 3, 7))
    apart = Echo(("The", " sky", " bl", "ack"), (None, -1.0, -2.0, -3.0), (0, 3, 7, 10))
    assert continuation_sums([across, apart], 10) == (-4.0, -5.0)
    further = Echo(("The", " sky b", "l", "x"), (None, -7.0, -0.5, -0.25), (0, 3, 9, 10))
    assert continuation_sums([across, apart, further], 10) == (-5.0, -6.0, -7.75)


def test_an_empty_context_has_no_value() -> None:
    with pytest.raises(ValueError, match="empty context"):
        continuation_sums([Echo(("blue",), (None,), (0,))], 0)
