"""A claim of a running job, in words."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from steelyard_server.jobs.messages import LiveClaim
from steelyard_server.pages.live import LIVE_RULES, live_claim_words


def claim(**more: Any) -> LiveClaim:
    given: dict[str, Any] = {"task": "sums", "answered": 1_200, "planned": 3_000, "rule": "test"} | more
    return LiveClaim(**given)


@pytest.mark.parametrize(
    ("given", "right", "interval", "state"),
    [
        (claim(), "", "", "undecided"),
        (claim(counted=1_000, right=800, low=0.7, high=0.851, target="90 %"), "800 of 1,000", "70.0 to 85.1 → 90 %",
         "undecided"),
        (claim(counted=9, right=0, low=0.0, high=0.5, rule="measured"), "0 of 9", "0.0 to 50.0", "undecided"),
        (claim(rule="end", right=5, counted=9, low=0.1, high=0.2), "at its end", "at its end", "undecided"),
        (claim(rule="unmarked", is_closed=True), "", "", "needs no more answers"),
        (claim(decision="consistent", is_closed=True), "", "", "consistent"),
    ],
)  # fmt: skip
def test_each_cell_says_what_a_look_may_show(given: LiveClaim, right: str, interval: str, state: str) -> None:
    assert live_claim_words(given) == {
        "task": "sums", "answered": "1,200 of at most 3,000", "right": right, "interval": interval, "state": state,
    }  # fmt: skip


def test_every_rule_is_explained() -> None:
    assert set(LIVE_RULES) == set(get_args(get_type_hints(LiveClaim)["rule"]))
