"""Where a claim of a running job stands, in words; what a look may not show, it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steelyard_server.jobs.messages import LiveClaim

__all__ = ["LIVE_RULES", "live_claim_words"]

# By the rule of a claim, what its interval is.
LIVE_RULES: Final[Mapping[str, str]] = {
    "test": "An interval with an arrow is of a test that holds at every look: it closes on what was claimed, and "
    "looking changes nothing.",
    "measured": "An interval without an arrow is of what is measured, and holds at every look, too; that of the "
    "finished run is narrower.",
    "end": "“At its end”: this test is of a fixed number of answers. A look before that would make it err more often, "
    "so there is none.",
    "unmarked": "Texts that are held against others are neither right nor wrong.",
}


def live_claim_words(claim: LiveClaim) -> dict[str, str]:
    """The cells of its row: answers, right ones so far, the interval in points of 100, and where it is."""
    return {
        "task": claim.task,
        "answered": f"{claim.answered:,} of at most {claim.planned:,}",
        "right": _right(claim),
        "interval": _interval(claim),
        "state": claim.decision or ("needs no more answers" if claim.is_closed else "undecided"),
    }


def _right(claim: LiveClaim) -> str:
    if claim.rule == "end":
        return "at its end"
    return f"{claim.right:,} of {claim.counted:,}" if claim.right is not None and claim.counted else ""


def _interval(claim: LiveClaim) -> str:
    if claim.rule == "end":
        return "at its end"
    if claim.low is None or claim.high is None:
        return ""
    ends = f"{100 * claim.low:.1f} to {100 * claim.high:.1f}"
    return f"{ends} → {claim.target}" if claim.target else ends
