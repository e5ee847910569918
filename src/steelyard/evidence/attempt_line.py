"""A fast parser for the most common line of a journal: an attempt, whose keys and value formats are known.

A line that matches the template is canonical JSON by construction. Any other line goes to :func:`parse_canonical`,
which takes three times as long and accepts the same lines. Only the values that verification needs are returned.
"""

from __future__ import annotations

import re
from typing import Any, Final

from steelyard.evidence.canonical import parse_canonical

__all__ = ["parse_attempt"]

TEXT: Final = r'"([^"\\\x00-\x1f]*)"'  # nothing in it that JSON would escape
SOME_TEXT: Final = TEXT.replace("*", "+")
WHOLE: Final = r"(-?[1-9][0-9]{0,14}|0|[1-8][0-9]{15})"  # below 2⁵³, where no number loses digits
NOT_ZERO: Final = WHOLE.replace("|0", "")
EITHER: Final = r"(true|false)"
NUMBERS: Final = r"(\[[-+.,0-9e]+\])"  # read as JSON

# A field that equals its default is left out of a sealed record: these may be absent, and are never spelled out.
OPTIONAL: Final = {
    "answer": SOME_TEXT, "batch": NOT_ZERO, "cached_tokens": NOT_ZERO, "completion_tokens": NOT_ZERO,
    "detail": SOME_TEXT, "finish_reason": SOME_TEXT, "logprobs": NUMBERS, "model": SOME_TEXT, "prompt_tokens": NOT_ZERO,
    "reasoning": SOME_TEXT, "reasoning_tokens": NOT_ZERO,
}  # fmt: skip
FORMS: Final = {
    "attempt": WHOLE, "elapsed_us": WHOLE, "final": EITHER, "item": TEXT, "measurement": TEXT, "outcome": TEXT,
    "position": WHOLE, "prev": TEXT, "repeat": WHOLE, "request": TEXT, "sample": TEXT, "seq": WHOLE,
    "started_us": WHOLE, "type": '"(attempt)"', **OPTIONAL,
}  # fmt: skip
UNREAD: Final = {
    "attempt", "batch", "cached_tokens", "completion_tokens", "detail", "elapsed_us", "model", "prompt_tokens",
    "reasoning_tokens", "started_us",
}  # fmt: skip


def _pattern(key: str) -> str:
    form = FORMS[key].replace("(", "(?:") if key in UNREAD else FORMS[key]
    return f'(?:"{key}":{form},)?' if key in OPTIONAL else f'"{key}":{form},'


# The keys stand sorted, and the last one ("type") is always there.
TEMPLATE: Final = re.compile(r"\{" + "".join(_pattern(key) for key in sorted(FORMS)).removesuffix(",") + r"\}")
READ: Final = tuple(key for key in sorted(FORMS) if key not in UNREAD)
ABSENT: Final = frozenset(OPTIONAL) - UNREAD


def parse_attempt(data: bytes) -> dict[str, Any] | None:
    """The record on a line, with the keys that verification reads; None for an attempt in another form.

    Raises ValueError where the line is not JSON.
    """
    match = TEMPLATE.fullmatch(data.decode("utf-8"))
    if match is None:
        return None
    record: dict[str, Any] = dict(zip(READ, match.groups(), strict=True))
    for key in ABSENT:
        if record[key] is None:
            del record[key]
    record["position"] = int(record["position"])
    record["repeat"] = int(record["repeat"])
    record["seq"] = int(record["seq"])
    record["final"] = record["final"] == "true"
    if "logprobs" in record:
        record["logprobs"] = parse_canonical(record["logprobs"].encode())
    return record
