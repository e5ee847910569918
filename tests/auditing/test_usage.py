"""What calls came to: sums over attempts, and why a measurement has no answer at all."""

from __future__ import annotations

import msgspec

from steelyard.auditing.usage import Usage, counted
from steelyard.records import Attempt, Outcome
from tests.auditing.test_scoring import attempt

REFUSED = "HTTP 400: Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"


def refused(number: int, detail: str = REFUSED) -> Attempt:
    return msgspec.structs.replace(attempt(number), outcome=Outcome.CLIENT_ERROR, detail=detail)


def usage(*attempts: Attempt) -> Usage:
    found: dict[str, Usage] = {}
    list(counted(attempts, found))
    (only,) = found.values()
    return only


def test_a_limit_that_is_always_refused_is_the_reason() -> None:
    found = usage(refused(1), refused(2, REFUSED.replace("8192", "4096")))
    assert (found.calls, found.failed) == (2, {"client_error": 2})
    assert found.why_unanswered == (
        "its limit of tokens is refused by the endpoint, which takes 4,096 at most: start again with --output-tokens "
        "4096"
    )
    assert "names no smaller one" in usage(refused(1, "HTTP 400: max_tokens is too large")).why_unanswered


def test_an_answer_or_another_failure_is_no_such_reason() -> None:
    assert Usage().why_unanswered == ""
    assert usage(refused(1), attempt(2)).why_unanswered == ""
    assert usage(refused(1), refused(2, "HTTP 400: no")).why_unanswered == ""


def test_usages_add_up() -> None:
    whole = usage(refused(1))
    whole.include(usage(refused(2), attempt(3)))
    assert (whole.calls, whole.answers, whole.refused_limits) == (3, 3, {8192: 2})
