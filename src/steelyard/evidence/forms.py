"""Checks on the shape of values that were read from JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["has_form", "is_count", "is_sha256"]

SHA256 = re.compile(r"[0-9a-f]{64}")


def has_form(value: Any, form: Mapping[str, Callable[[Any], bool]]) -> bool:
    """Whether ``value`` is an object with exactly these keys, each value of its form."""
    return (
        isinstance(value, dict)
        and value.keys() == form.keys()
        and all(is_so(value[key]) for key, is_so in form.items())
    )


def is_count(value: Any) -> bool:
    """Whether ``value`` is a whole number, not negative."""
    return type(value) is int and value >= 0


def is_sha256(value: Any) -> bool:
    """Whether ``value`` is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and SHA256.fullmatch(value) is not None
