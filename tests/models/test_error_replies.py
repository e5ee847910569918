"""Replies that are no answers: each is one typed outcome, in one line, and none raises."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.error_replies import SPENT, count_in, read_error, read_no_json, read_retry_after
from steelyard.records import ModelOutput, Outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "type", "detail", "details", "retryDelay", "reason"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([200, 307, 400, 401, 402, 429, 500, 529]), JSON)
def test_no_error_raises(status: int, payload: Any) -> None:
    assert isinstance(read_error(status, payload, {}), ModelOutput)


def test_a_filter_and_a_full_context_keep_their_finish_reason() -> None:
    assert read_error(400, {"error": {"code": "content_filter", "message": "no"}}, {}).finish_reason == "content_filter"
    full = read_error(400, {"error": {"code": "context_length_exceeded", "message": "no"}}, {})
    assert (full.outcome, full.finish_reason) == (Outcome.CLIENT_ERROR, "length")


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("34.5s", 34.5),
        ("0s", 0.0),
        ("600s", 600.0),
        ("601s", None),
        ("soon", None),
        (34, None),
        ("-1s", None),
        ("٣s", None),
    ],
)
def test_google_says_in_the_body_when_to_try_again(delay: object, seconds: float | None) -> None:
    payload = {"error": {"code": 429, "message": "quota", "details": ["x", {"retryDelay": delay}]}}
    assert read_error(429, payload, {}).retry_after == seconds
    assert read_error(429, payload, {"Retry-After": "3"}).retry_after == 3.0


def test_google_refuses_a_key_with_a_bad_request() -> None:
    refused = {"error": {"code": 400, "message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}
    output = read_error(400, refused, {})
    assert output.fatal
    assert "is the API key right?" in output.detail
    assert not read_error(400, {"error": {"details": [{"reason": "OTHER"}]}}, {}).fatal


def test_google_says_in_words_that_a_prompt_does_not_fit() -> None:
    """Else an endpoint that is honest would seem to refuse an item."""
    message = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    assert read_error(400, {"error": {"code": 400, "message": message}}, {}).finish_reason == "length"


def test_a_web_page_is_fatal_and_other_text_is_not() -> None:
    page = read_no_json(b" <!DOCTYPE html><p>log in", {})
    assert (page.outcome, page.fatal) == (Outcome.MALFORMED, True)
    assert not read_no_json(b"{", {}).fatal


@pytest.mark.parametrize(
    ("value", "count"), [(7, 7), (0, 0), (-1, 0), (True, 0), (1 << 31, 0), (7.0, 0), ("7", 0), (None, 0)]
)
def test_a_count_is_a_count(value: Any, count: int) -> None:
    assert count_in({"n": value}, "n") == count
    assert count_in(value, "n") == 0


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        (429, Outcome.RATE_LIMITED, "HTTP 429: no"),
        (500, Outcome.SERVER_ERROR, "HTTP 500: no"),
        (503, Outcome.SERVER_ERROR, "HTTP 503: no"),
        (408, Outcome.TIMEOUT, "HTTP 408: no"),
        (400, Outcome.CLIENT_ERROR, "HTTP 400: no"),
        (404, Outcome.CLIENT_ERROR, "HTTP 404: no"),
        (401, Outcome.CLIENT_ERROR, "read from STEELYARD_API_KEY"),
        (307, Outcome.CLIENT_ERROR, "redirect to https://elsewhere/: not followed"),
    ],
)
def test_each_status_is_one_outcome(status: int, outcome: Outcome, words: str) -> None:
    answer = read_error(status, {"error": {"message": "no"}}, {"Location": "https://elsewhere/"})
    assert answer.outcome is outcome
    assert words in answer.detail


@pytest.mark.parametrize(
    ("status", "error", "spent"),
    [
        (429, {"message": "no", "type": "insufficient_quota"}, True),
        (429, {"message": "no", "code": "insufficient_quota"}, True),
        (402, {"message": "Insufficient Balance"}, True),
        (402, {}, True),
        (400, {"message": "Your credit balance is too low to access the API."}, True),
        (429, {"message": "You exceeded your current quota, please check your plan and billing details."}, True),
        (429, {"message": "Check your plan and billing details. Please retry in 34.2s."}, False),
        (429, {"message": "Quota exceeded for requests per minute, see billing."}, False),
        (429, {"message": "Rate limit reached for requests"}, False),
        (500, {"message": "billing service is down"}, False),
        (400, {"message": "unknown field"}, False),
    ],
)
def test_a_quota_that_is_spent_is_fatal_and_one_of_this_minute_is_not(
    status: int, error: dict[str, str], spent: bool
) -> None:
    output = read_error(status, {"error": error}, {})
    assert output.fatal == spent
    assert output.detail.endswith(SPENT) == spent
    assert len(output.detail) <= 300
    assert output.overloaded == (status == 429 and not spent)
    if error.get("message", "").startswith("You exceeded"):
        assert not read_error(status, {"error": error}, {"Retry-After": "3"}).fatal


def test_error_messages_are_found_in_many_shapes_and_made_one_line() -> None:
    for payload in ({"error": "a\nb"}, {"detail": "a b"}, {"message": "a\tb"}, {"error": {"message": " a  b "}}):
        assert read_error(400, payload, {}).detail == "HTTP 400: a b"
    assert read_error(400, None, {}).detail == "HTTP 400"
    assert read_error(500, {"error": "\x1b[31mred"}, {}).detail == "HTTP 500: \N{REPLACEMENT CHARACTER}[31mred"
    assert len(read_error(500, {"error": "x" * 9999}, {}).detail) == 300


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 12:01:30 -0000", 90.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("600", 600.0),
        ("601", None),
        ("86400", None),
        ("Wed, 25 Nov 2026 12:00:00 GMT", None),
        ("soon", None),
        ("-inf", 0.0),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert read_retry_after({"Retry-After": value}, now=NOW) == seconds


def test_no_retry_after() -> None:
    assert read_retry_after({}) is None
