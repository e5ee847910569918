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
WHOLE: Final = r"(-?[1-9][0-9]{0,14}|0|[1-8][0-9]{15})"  # below 2⁵³, where no number loses digits
EITHER: Final = r"(true|false)"
NUMBERS: Final = r"(\[[-+.,0-9e]*\])"  # read as JSON, where there are any

FORMS: Final = {
    "answer": TEXT, "attempt": WHOLE, "completion_tokens": WHOLE, "detail": TEXT, "elapsed_us": WHOLE, "final": EITHER,
    "finish_reason": TEXT, "item": TEXT, "logprobs": NUMBERS, "model": TEXT, "outcome": TEXT, "position": WHOLE,
    "prev": TEXT, "prompt_tokens": WHOLE, "repeat": WHOLE, "request": TEXT, "row": TEXT, "sample": TEXT, "seq": WHOLE,
    "started_us": WHOLE, "type": '"(attempt)"',
}  # fmt: skip
UNREAD: Final = {
    "attempt", "completion_tokens", "detail", "elapsed_us", "model", "prompt_tokens", "started_us",
}  # fmt: skip
TEMPLATE: Final = re.compile(
    r"\{"
    + ",".join(f'"{key}":{form.replace("(", "(?:") if key in UNREAD else form}' for key, form in FORMS.items())
    + r"\}"
)
READ: Final = tuple(key for key in FORMS if key not in UNREAD)


def parse_attempt(data: bytes) -> dict[str, Any] | None:
    """The record on a line, with the keys that verification reads; None for an attempt in another form.

    Raises ValueError where the line is not JSON.
    """
    match = TEMPLATE.fullmatch(data.decode("utf-8"))
    if match is None:
        return None
    record: dict[str, Any] = dict(zip(READ, match.groups(), strict=True))
    record["position"] = int(record["position"])
    record["repeat"] = int(record["repeat"])
    record["seq"] = int(record["seq"])
    record["final"] = record["final"] == "true"
    record["logprobs"] = [] if record["logprobs"] == "[]" else parse_canonical(record["logprobs"].encode())
    return record
