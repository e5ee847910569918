"""Reading the journal's commonest line fast: an attempt, whose keys and the forms of whose values are known.

A line that fits the template is canonical JSON by construction; any other is left to :func:`parse_canonical`, at thrice
the time. So what is accepted is the same, and of what is read only that is given which verification needs.
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
    """The record on a line, as far as it is read; None where it is no attempt in the common form.

    Raises ValueError where it is not JSON.
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
