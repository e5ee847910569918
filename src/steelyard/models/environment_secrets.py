"""Values that the environment calls secrets, taken out of what a user's own function says when it fails."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["without_secrets"]

_NAME: Final = re.compile(r"key|token|secret|password|passwd|credential", re.IGNORECASE)
_SHORT: Final = 8  # a secret with fewer characters may be a word of any text
_GONE: Final = "***"


def without_secrets(text: str) -> str:
    """The text without the values of variables whose names hold ``KEY``, ``TOKEN``, ``SECRET`` or ``PASSWORD``.

    Nor is there a line of a value of several, nor a value as ``repr`` and JSON write it.
    """
    secrets = {form for name, value in os.environ.items() if _NAME.search(name) for form in _forms(value)}
    for secret in sorted(secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, _GONE)
    return text


def _forms(value: str) -> Iterator[str]:
    for part in (value, *map(str.strip, value.splitlines())):
        if len(part) >= _SHORT:
            yield from (part, repr(part)[1:-1], json.dumps(part)[1:-1])
