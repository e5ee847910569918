"""Replies that are no answers, as pure functions: errors by status and words, and what is no JSON. For every dialect.

An error is read as OpenAI, Anthropic and most servers write it: ``{"error": {"message", "type", "code"}}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from steelyard.models.rate_headers import read_rate_headers
from steelyard.records import ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = [
    "MAX_DETAIL",
    "MOST_TOKENS",
    "SPENT",
    "count_in",
    "error_in_reply",
    "read_error",
    "read_no_json",
    "read_retry_after",
]

LONGEST_RETRY_AFTER = 600.0  # seconds
MOST_TOKENS = (1 << 31) - 1
MAX_DETAIL = 300
OVERLOADED = (429, 503, 529)  # 529: "overloaded", as Anthropic says it
# What an error's code says took the place of a model output.
_FINISH_REASONS = {
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "image_content_policy_violation": "content_filter",
    "invalid_prompt": "content_filter",  # OpenAI's word for one that may violate its usage policy
    "context_length_exceeded": "length",
}

SPENT = " (the account's quota or credit is used up: no other request would be answered)"
_SPENT_CODES = (
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_credits",
    "insufficient_balance", "quota_exhausted", "enforced_spend_limit_reached",
)  # fmt: skip
_SPENT_WORDS = re.compile(
    r"insufficient (?:quota|balance|credit|funds)|credit balance|out of credits?|no credits? left|\bbilling\b"
    r"|spend limit|specified api usage limits"
    r"|(?:quota|credits?) (?:is|are|has been|have been) (?:exhausted|used up)",
    re.IGNORECASE,
)
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s", re.ASCII)
# How Gemini says that a prompt does not fit: its errors have no code for it.
_TOO_LONG = re.compile(r"token count\b.*\bexceeds the maximum", re.IGNORECASE)
# Gemini says "check your plan and billing details" of a minute's limit too, with when to retry.
_FOR_NOW = re.compile(
    r"\bper (?:second|minute|hour|day)\b|per(?:minute|day)|retry in|try again in|retry after", re.IGNORECASE
)


def error_in_reply(error: Any) -> ModelOutput:
    """Parse an error with status 200, as some proxies send it: by its own code where it has one."""
    code = error.get("code") if isinstance(error, Mapping) else None
    known = isinstance(code, int) and 400 <= code < 600
    return read_error(code if isinstance(code, int) and known else 500, {"error": error}, {})


def read_error(status: int, payload: Any, headers: Mapping[str, str], *, now: datetime | None = None) -> ModelOutput:
    """Parse a reply whose status is not 200. ``payload`` is its JSON, or None where it is not JSON."""
    detail = f"HTTP {status}"
    message = _message(payload)
    if message:
        detail += f": {message}"
    key_refused = status in (401, 403) or any(each.get("reason") == "API_KEY_INVALID" for each in _details(payload))
    if key_refused:
        detail += " (is the API key right? it is read from STEELYARD_API_KEY, or where --api-key-env says)"
    spent = status == 402 or _is_spent(status, payload, headers)
    if spent:
        detail = one_line(detail, MAX_DETAIL - len(SPENT)) + SPENT
    if 300 <= status < 400:
        detail += f" redirect to {one_line(headers.get('Location', 'nowhere'))}: not followed, give that URL instead"
    outcome = {429: Outcome.RATE_LIMITED, 408: Outcome.TIMEOUT}.get(
        status, Outcome.SERVER_ERROR if status >= 500 else Outcome.CLIENT_ERROR
    )
    return ModelOutput(
        outcome=outcome,
        finish_reason=_FINISH_REASONS.get(_code(payload), "length" if _TOO_LONG.search(message) else ""),
        detail=one_line(detail, MAX_DETAIL),
        retry_after=_retry_delay(payload) if (after := read_retry_after(headers, now=now)) is None else after,
        rate=read_rate_headers(headers, now=now),
        overloaded=status in OVERLOADED and not spent,
        fatal=spent or key_refused,
    )


def read_no_json(data: bytes, headers: Mapping[str, str]) -> ModelOutput:
    """Parse a reply whose status is 200 and that is not JSON. No retry helps against a web page, such as a login."""
    kind, start = headers.get("Content-Type", "").lower(), data[:200].lstrip().lower()
    if not kind.startswith(("text/html", "application/xhtml")) and not start.startswith((b"<!doctype html", b"<html")):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not JSON")
    detail = (
        "a web page instead of JSON: is the URL that of the API (often ending in /v1), or must somebody log in first?"
    )
    return ModelOutput(outcome=Outcome.MALFORMED, detail=detail, fatal=True)


def _is_spent(status: int, payload: Any, headers: Mapping[str, str]) -> bool:
    """Whether an error says that the account has no quota or credit left, rather than none in this minute.

    By its code or type, as OpenAI and Anthropic say it; else by its words, where nothing says that a later request
    would do.
    """
    error = payload.get("error") if isinstance(payload, Mapping) else None
    names = [error.get(key) for key in ("code", "type")] if isinstance(error, Mapping) else []
    details = error.get("details") if isinstance(error, Mapping) else None
    if isinstance(details, Mapping):  # of Anthropic's limit of a month, whose type is that of a minute's
        names.append(details.get("error_code"))
    if any(name in _SPENT_CODES for name in names if isinstance(name, str)):
        return True
    message = _message(payload)
    is_for_now = "Retry-After" in headers or _FOR_NOW.search(message)
    return status in (400, 403, 429) and not is_for_now and bool(_SPENT_WORDS.search(message))


def _message(payload: Any) -> str:
    error = (
        payload.get("error", payload.get("detail", payload.get("message"))) if isinstance(payload, Mapping) else None
    )
    found = error.get("message") if isinstance(error, Mapping) else error
    return one_line(found) if isinstance(found, str) else ""


def _details(payload: Any) -> list[Mapping[str, Any]]:
    """The details of an error as Google's APIs write them: ErrorInfo with a reason, RetryInfo with a delay."""
    error = payload.get("error") if isinstance(payload, Mapping) else None
    details = error.get("details") if isinstance(error, Mapping) else None
    return [each for each in details if isinstance(each, Mapping)] if isinstance(details, list) else []


def _retry_delay(payload: Any) -> float | None:
    """The ``retryDelay`` of an error's details, such as ``34.5s``; None where there is none that can be one."""
    for each in _details(payload):
        found = _DELAY.fullmatch(each["retryDelay"]) if isinstance(each.get("retryDelay"), str) else None
        if found and (seconds := float(found[1])) <= LONGEST_RETRY_AFTER:
            return seconds
    return None


def _code(payload: Any) -> str:
    error = payload.get("error") if isinstance(payload, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) else ""


def read_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Read ``Retry-After`` (seconds or a date, RFC 9110 §10.2.3) as seconds from now; None where it is absent.

    One of more than ten minutes counts as absent: an endpoint must not stop a run for a day.
    """
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            seconds = (until - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds <= LONGEST_RETRY_AFTER else None


def count_in(usage: Any, key: str) -> int:
    """A count of tokens in a reply's usage; 0 where there is none that can be one."""
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else 0
