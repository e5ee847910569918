"""The likeliest next tokens on an OpenAI-compatible wire, as pure functions: request to body, reply to output.

Two shapes of a reply are known: ``top_logprobs`` with an object of texts and values for each drawn token, as OpenAI's
completions and vLLM have it, and ``content`` with a list for each, as llama.cpp has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from steelyard.models.next_token import NONE_GIVEN, output_of_tokens
from steelyard.models.openai_wire import Dialect, generate_body, read_completion
from steelyard.records import GenerateRequest, ModelOutput, NextTokenRequest, Outcome
from steelyard.util.text import one_line

__all__ = ["next_token_body", "read_next_tokens"]

_UNKNOWN: Final = -100.0  # nats: some endpoints write −9999 for a token whose value they do not know
_ROUNDING: Final = 1e-6
_MOST: Final = 1000  # entries, of which the likeliest are kept
_LONGEST: Final = 200  # characters of one token
_LARGEST: Final = 1 << 53


def _as_completion(request: NextTokenRequest) -> GenerateRequest:
    return GenerateRequest(
        prefix=request.prefix, prompt=request.context, max_tokens=1, temperature=1.0, untruncated=True
    )


def next_token_body(model: str, request: NextTokenRequest, dialect: Dialect) -> dict[str, Any]:
    """Make the JSON body: a completion of one token, at temperature 1 and without the endpoint's own cuts."""
    body = generate_body(model, _as_completion(request), dialect)
    return body | {"logprobs": min(request.top, dialect.most_logprobs)}


def read_next_tokens(payload: Any, request: NextTokenRequest) -> ModelOutput:
    """Parse a reply (status 200): the likeliest tokens, at most as many as were asked for.

    Anything but a list of texts with finite values of at most 0 is *malformed*. A text that stands there twice is left
    out, since its tokens cannot be told apart.
    """
    completion = read_completion(payload, _as_completion(request))
    if not isinstance(payload, Mapping) or not payload.get("choices"):
        return completion
    try:
        tokens = _tokens(payload["choices"])
    except ValueError as error:
        detail = f"{NONE_GIVEN} ({error})"
        return ModelOutput(outcome=Outcome.MALFORMED, detail=detail, model=completion.model)
    likeliest = sorted(tokens.items(), key=lambda token: -token[1])[: request.top]
    return msgspec.structs.replace(
        output_of_tokens(likeliest),
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        cached_tokens=completion.cached_tokens,
        model=completion.model,
    )


def _tokens(choices: Any) -> dict[str, float]:
    """The texts with their values; raises ValueError, with what is wrong."""
    match choices:
        case [{"logprobs": {"content": [{"top_logprobs": [*entries]}, *_]}}, *_]:
            pairs = [_pair(entry) for entry in entries]
        case [{"logprobs": {"top_logprobs": [{**entry}, *_]}}, *_]:
            pairs = list(entry.items())
        case _:
            raise ValueError("there is no list of them")
    if len(pairs) > _MOST:
        raise ValueError(f"{len(pairs):,} are too many")
    found: dict[str, float | None] = {}
    for text, value in _checked(pairs):
        found[text] = None if text in found else value
    return {text: value for text, value in found.items() if value is not None}


def _pair(entry: Any) -> tuple[Any, Any]:
    if not isinstance(entry, Mapping):
        raise ValueError("an entry is no object")
    return entry.get("token"), entry.get("logprob")


def _checked(pairs: list[tuple[Any, Any]]) -> Iterator[tuple[str, float]]:
    for text, value in pairs:
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise ValueError("a token is no short text")
        # A whole number of hundreds of digits is no float: it is refused before it is made one.
        is_number = type(value) is float or (type(value) is int and abs(value) < _LARGEST)
        if not is_number or not math.isfinite(value) or value > _ROUNDING:
            raise ValueError(f"the value of a token is {one_line(repr(value)[:80], 40)}")
        if text and value >= _UNKNOWN:
            yield text, min(0.0, float(value))
