"""Durations as people write them: ``90s``, ``15m``, ``2h``."""

from __future__ import annotations

import re

from steelyard.errors import InputError

__all__ = ["read_duration"]

MAX_SECONDS = 1e9  # thirty years
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def read_duration(text: str | float | None, option: str = "--budget") -> float | None:
    """``90s``, ``15m``, ``2h`` or plain seconds → seconds; None stays None.

    Raises InputError for anything else; ``option`` is how the message names it.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(text).strip())
    if not match or not 0 < float(match[1]) * UNITS[match[2] or "s"] < MAX_SECONDS:
        raise InputError(f"{option} takes a duration such as 90s, 15m or 2h, not {text!r}")
    return float(match[1]) * UNITS[match[2] or "s"]
