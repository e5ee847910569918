"""How much a reply would hold, told before it is parsed: an empty list is two bytes on the wire and 56 in memory."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MAX_CONTAINERS", "MAX_VALUES", "holds_too_much"]

MAX_VALUES: Final = 1_000_000
MAX_CONTAINERS: Final = 250_000  # lists and objects; an echo has one for each token
_STRING: Final = re.compile(rb'"[^"]*"?')


def holds_too_much(data: bytes, most_values: int | None = None) -> bool:
    """Whether JSON has more values, or more lists and objects, than any reply of a model: what its texts hold is none.

    ``most_values`` replaces :data:`MAX_VALUES`. Takes a copy of the bytes at most, and counts at least as many values
    as there are, whatever the bytes are.
    """
    most = MAX_VALUES if most_values is None else most_values
    if not _exceeds(data, most):  # nearly always
        return False
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return bare.count(b'"') > 4 * MAX_VALUES or _exceeds(_STRING.sub(b"", bare), most)


def _exceeds(data: bytes, most: int) -> bool:
    return data.count(b",") > most or data.count(b"[") + data.count(b"{") > MAX_CONTAINERS
