"""Rate-limit headers: three conventions, parsed into one record.

OpenAI and most servers like it: ``x-ratelimit-remaining-requests: 59`` with ``x-ratelimit-reset-requests: 1m30.5s``.
Anthropic: ``anthropic-ratelimit-requests-remaining`` with ``…-reset`` as an RFC 3339 time. The IETF draft
(draft-ietf-httpapi-ratelimit-headers) and its forerunners: ``RateLimit-Remaining`` with ``RateLimit-Reset`` in seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from steelyard.records import RateHint

__all__ = ["read_rate_headers"]

_DURATION = re.compile(
    r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)


def read_rate_headers(headers: Mapping[str, str], *, now: datetime | None = None) -> RateHint | None:
    """Remaining requests and tokens, and seconds until reset; None without such headers. Invalid values are ignored."""
    requests = _remaining(
        headers, "x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining", "ratelimit-remaining"
    )
    tokens = _remaining(headers, "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining")
    if requests is None and tokens is None:
        return None
    return RateHint(
        requests=requests,
        requests_reset=_reset(
            headers, now, "x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset", "ratelimit-reset"
        ),
        tokens=tokens,
        tokens_reset=_reset(headers, now, "x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"),
    )


def _remaining(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        if not (found := headers.get(name)):  # as in most replies
            continue
        value = found.strip()
        if value.isascii() and value.isdigit() and len(value) < 16:
            return int(value)
    return None


def _reset(headers: Mapping[str, str], now: datetime | None, *names: str) -> float | None:
    for name in names:
        value = headers.get(name, "").strip()
        if not value:
            continue
        if (seconds := _seconds(value)) is not None:
            return seconds
        try:
            until = datetime.fromisoformat(value)
        except ValueError:
            continue
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
    return None


def _seconds(value: str) -> float | None:
    """``12``, ``1.5``, ``6m0s``, ``1h2m``, ``250ms`` as seconds."""
    try:
        seconds = float(value)
    except ValueError:
        match = _DURATION.fullmatch(value)
        if match is None:
            return None
        return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
