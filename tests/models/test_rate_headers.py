"""Rate headers in three dialects; whatever else a server sends is ignored and never raises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.rate_headers import read_rate_headers
from steelyard.records import RateHint

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NAMES = [
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "ratelimit-remaining",
    "ratelimit-reset",
]


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        (
            {
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            RateHint(requests=59, requests_reset=1.0, tokens=0, tokens_reset=360.0),
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-24T12:00:30Z",
            },
            RateHint(requests=0, requests_reset=30.0),
        ),
        ({"ratelimit-remaining": "3", "ratelimit-reset": "12"}, RateHint(requests=3, requests_reset=12.0)),
        ({"x-ratelimit-remaining-requests": "1"}, RateHint(requests=1)),
        ({}, None),
        ({"x-ratelimit-remaining-requests": "many"}, None),
        ({"x-ratelimit-remaining-requests": "-1"}, None),
    ],
)
def test_dialects(headers: dict[str, str], hint: RateHint | None) -> None:
    assert read_rate_headers(headers, now=NOW) == hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("1h2m3s", 3723.0),
        ("1m30.5s", 90.5),
        ("2d", 172800.0),
        ("7", 7.0),
        ("soon", None),
        ("nan", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text}
    hint = read_rate_headers(headers, now=NOW)
    assert hint is not None
    assert hint.requests_reset == seconds


def test_a_reset_in_the_past_is_now() -> None:
    headers = {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2020-01-01T00:00:00"}
    assert read_rate_headers(headers, now=NOW) == RateHint(tokens=0, tokens_reset=0.0)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30) | st.from_regex(r"[0-9hmsd.:TZ-]{0,25}"), max_size=8)
)
def test_nonsense_never_raises_and_holds_no_call_back(headers: dict[str, str]) -> None:
    hint = read_rate_headers(headers, now=NOW)
    if hint is not None:
        for wait in (hint.requests_reset, hint.tokens_reset):
            assert wait is None or wait >= 0
