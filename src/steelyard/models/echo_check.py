"""Check whether an endpoint's ``echo`` gives true log-probabilities of a prompt: a pure function of two replies.

Many servers ignore ``echo``, shift its values by one token, or make them up. Before any sample is sent, a text and a
prefix of it are echoed, and seven things must hold:

1. there is one value per token, the first alone may be missing, and all are finite and at most 0;
2. the tokens join to the text;
3. the offsets are where the joined tokens begin (in characters, as the API says);
4. the prefix was cut into the same tokens, save its last ones;
5. on those tokens both answers agree within :data:`TOLERANCE` (a left shift by one token is caught here);
6. the same token in different contexts has different values (values that ignore the context are caught here);
7. the last word, which is unexpected, is less likely than the numbers before it (a right shift is caught here).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

__all__ = ["PREFIX", "TEXT", "TOLERANCE", "Echo", "continuation_sums", "echo_of", "read_echo", "reason_against"]

PREFIX = "In the café the cat, the dog and the bird count: one two three four five six seven eight nine"
TEXT = PREFIX + " purple"
EXPECTED = (" six", " seven", " eight", " nine")

# Nats. Another batch shape moves a quantised model's values by up to about 0.4; shifted values differ by more.
TOLERANCE = 0.5
_ROUNDING = 1e-6
_LONGEST_FIRST = 64  # characters of a first token that the server does not name


@dataclass(frozen=True)
class Echo:
    """The tokens of one echoed prompt: their texts, log-probabilities (nats; None for the first) and offsets."""

    tokens: tuple[str, ...]
    values: tuple[float | None, ...]
    offsets: tuple[int, ...]


def read_echo(payload: Mapping[str, Any], prompt: str) -> Echo:
    """Read the echoed prompt from a ``/completions`` reply, without the tokens generated after it.

    Raises ValueError, with the reason, where one of checks 1 to 3 fails.
    """
    match payload:
        case {
            "choices": [
                {"logprobs": {"tokens": list(tokens), "token_logprobs": list(values), "text_offset": list(offsets)}},
                *_,
            ]
        }:
            pass
        case _:
            raise ValueError("it ignores echo: there are no log-probabilities of the prompt")
    if not len(tokens) == len(values) == len(offsets):
        raise ValueError("it does not give one value and one offset per token")
    if not all(isinstance(token, str) for token in tokens) or not all(type(offset) is int for offset in offsets):
        raise ValueError("its tokens are not text or its offsets are not whole numbers")
    count = _count_covering(tokens, prompt)
    _check_values(values[:count])
    _check_offsets(tokens[:count], offsets[:count])
    return Echo(tuple(tokens[:count]), tuple(values[:count]), tuple(offsets[:count]))


def echo_of(tokens: Sequence[str], values: Sequence[Any], prompt: str) -> Echo:
    """The echo of a prompt from a server that names its tokens from the second on, and no offsets.

    ``tokens`` and ``values`` begin with the second token of what the server read, which may begin with a sign that is
    not in the prompt: the first token is what the others leave of it. Raises ValueError, with the reason, where check 1
    or 2 fails; so it does where they leave more than a token, as of a prompt that was cut off at its beginning.
    """
    rest = "".join(tokens)
    if not prompt.endswith(rest) or len(prompt) - len(rest) > _LONGEST_FIRST:
        raise ValueError("its tokens do not join to the prompt")
    named = (prompt[: len(prompt) - len(rest)], *tokens)
    _check_values((None, *values))
    offsets = accumulate(map(len, named[:-1]), initial=0)
    return Echo(named, (None, *values), tuple(offsets))


def _count_covering(tokens: Sequence[str], prompt: str) -> int:
    length = 0
    for count, token in enumerate(tokens, start=1):
        length += len(token)
        if length >= len(prompt):
            if "".join(tokens[:count]) == prompt:
                return count
            break
    raise ValueError("its tokens do not join to the prompt")


# No token of a real model is less likely than this many nats; greater ones overflow when they are summed.
MAX_NATS = 1e9


def _check_values(values: Sequence[Any]) -> None:
    for index, value in enumerate(values):
        if value is None and index == 0:
            continue
        if type(value) not in (int, float) or not -MAX_NATS < value <= _ROUNDING:
            raise ValueError(f"the value of token {index + 1} is {value!r:.40}, not a finite log-probability")


def _check_offsets(tokens: Sequence[str], offsets: Sequence[int]) -> None:
    place = 0
    for index, (token, offset) in enumerate(zip(tokens, offsets, strict=True)):
        if offset != place:
            raise ValueError(f"the offset of token {index + 1} is {offset}, but it begins at character {place}")
        place += len(token)


def reason_against(whole: Echo, prefix: Echo) -> str:
    """The reason why echoes of :data:`TEXT` and :data:`PREFIX` are not true log-probabilities; empty where they are.

    Checks 4 to 7; :func:`read_echo` makes the first three.
    """
    shared = 0
    while shared < len(prefix.tokens) and whole.tokens[shared : shared + 1] == prefix.tokens[shared : shared + 1]:
        shared += 1
    if shared < len(prefix.tokens) - 2 or shared < 2:
        return "a text and its prefix are cut into different tokens"
    for index, (one, other) in enumerate(zip(whole.values[:shared], prefix.values[:shared], strict=True)):
        if abs((one or 0.0) - (other or 0.0)) > TOLERANCE:
            return f"a text and its prefix give token {index + 1} different values ({one} and {other} nats)"
    if not _depends_on_context(whole):
        return "the same token has the same value in different contexts, so the values are synthetic"
    if not _finds_the_surprise(whole):
        return "an absurd last word is not less likely than the words of a count, so values and tokens do not match"
    return ""


def _depends_on_context(echo: Echo) -> bool:
    seen: dict[str, set[float]] = {}
    for token, value in zip(echo.tokens, echo.values, strict=True):
        if value is not None:
            seen.setdefault(token, set()).add(round(value, 6))
    return any(len(values) > 1 for values in seen.values())


def _finds_the_surprise(echo: Echo) -> bool:
    surprise = _sum_between(echo, len(PREFIX), len(TEXT))
    expected = []
    for word in EXPECTED:
        start = PREFIX.index(word)
        expected.append(_sum_between(echo, start, start + len(word)))
    return surprise < min(expected)


def _sum_between(echo: Echo, start: int, end: int) -> float:
    """Sum the values of the tokens that lie in [start, end) by at least one character."""
    triples = zip(echo.tokens, echo.values, echo.offsets, strict=True)
    return math.fsum(value or 0.0 for token, value, place in triples if place < end and place + len(token) > start)


def continuation_sums(echoes: Sequence[Echo], boundary: int) -> tuple[float, ...]:
    """Sum, per echo, the log-probabilities of the tokens that hold characters from ``boundary`` on.

    A token that lies across the boundary counts. Then the boundary moves back to its start for all echoes alike, so
    that the continuations stay comparable. Raises ValueError where the boundary is at the start.
    """
    moved = True
    while moved:
        moved = False
        for echo in echoes:
            for token, offset in zip(echo.tokens, echo.offsets, strict=True):
                if offset < boundary < offset + len(token):
                    boundary, moved = offset, True
    if boundary <= 0:
        raise ValueError("an empty context: an endpoint gives the first token no value")
    return tuple(_sum_between(echo, boundary, 1 << 62) for echo in echoes)
