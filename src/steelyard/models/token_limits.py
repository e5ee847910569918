"""What an endpoint says of the longest answer that it gives, where it refuses a request for a longer one.

Forms of DeepSeek, OpenAI, Anthropic, Groq, DashScope, Gemini, vLLM, SGLang and TGI.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["advice_on_limit", "answer_limit"]

_MOST: Final = 1000  # characters of a refusal that are read
_LEAST: Final = 16  # tokens: less is no answer
_ROUND: Final = 256
_SHARE: Final = 4  # a quarter of what one prompt leaves of the context is kept for longer prompts
_REFUSED: Final = re.compile(r"HTTP 4(?:00|13|22)\b")
_OF_ANSWERS: Final = re.compile(
    r"max_tokens|max_completion_tokens|max_new_tokens|max_output_tokens|maxOutputTokens|(?:output|completion) tokens"
)
_NOT_TAKEN: Final = re.compile(
    r"unsupported|not supported|unrecognized|unknown|extra (?:inputs|fields)|use '?max_", re.I
)
_N: Final = r"`?(?P<n>[0-9]{2,9})(?![0-9])"
_LIMITS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"range[^0-9]{{0,40}}\[\s*[01]\s*,\s*{_N}\s*\]",
        rf"range is from [01] \(inclusive\) to {_N} (?P<exclusive>\(exclusive\))?",
        rf"at most {_N} (?:completion |output )?tokens",
        rf"max\w*tokens\W{{1,4}}[0-9]+ > {_N}",
        rf"(?:less than or equal to|cannot exceed|must not exceed|must be <=) {_N}",
        rf"maximum (?:value|allowed)[^0-9]{{0,30}} {_N}",
    )
)
_CONTEXT: Final = re.compile(
    rf"context (?:length|window)(?: of this model)?(?: is| of)? {_N}|tokens`? must be <= {_N.replace('n>', 'm>')}",
    re.IGNORECASE,
)
_PROMPT: Final = re.compile(
    r"(?P<n>[0-9]{1,9}) (?:in the (?:messages|prompt)|input tokens|`inputs` tokens"
    r"|(?:input |prompt )?tokens (?:from|in) the (?:input|prompt|messages))",
    re.IGNORECASE,
)


def answer_limit(detail: str) -> int | None:
    """The most tokens of an answer by a refusal's text, 0 where it names none; None where it refuses no limit.

    ``detail`` is that of a failed call, beginning with *HTTP 400*. Of a context it is what one prompt leaves, less a
    quarter and rounded down, since other prompts are longer.
    """
    detail = detail[:_MOST]
    if not _REFUSED.match(detail) or _NOT_TAKEN.search(detail):
        return None
    if (context := _CONTEXT.search(detail)) and (prompt := _PROMPT.search(detail)):
        left = int(context["n"] or context["m"]) - int(prompt["n"])
        left -= left // _SHARE
        left -= left % _ROUND if left > _ROUND else 0
        return left if left >= _LEAST else None
    if not _OF_ANSWERS.search(detail):
        return None
    for found in (form.search(detail) for form in _LIMITS):
        if found is not None:
            number = int(found["n"]) - ("exclusive" in found.re.groupindex and found["exclusive"] is not None)
            return number if number >= _LEAST else 0
    return 0


def advice_on_limit(detail: str) -> str:
    """What to do about a refusal of the limit, as a clause; empty for any other failure."""
    limit = answer_limit(detail)
    if limit is None:
        return ""
    return f"start again with --output-tokens {limit or 'N, fewer than it was asked for'}"
