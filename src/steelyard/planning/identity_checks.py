"""What is asked to hold a model against a reference, where no claim is tested (``steelyard identify``).

Texts are always asked for: they look like ordinary use. Next tokens are asked for beside them where the endpoint gives
so many that the test can also confirm. With fewer, a token that was not sent may be anything: the test could accuse,
would hardly ever confirm, and would take half of the level from the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.records import Plan, PlannedModel, RequestedTest, references_of
from steelyard.tasks.definition_file import MOST_NEXT_TOKENS

__all__ = [
    "ENOUGH_NEXT_TOKENS",
    "WAYS",
    "check_references",
    "looks_for_next_tokens",
    "requested_by",
    "why_no_next_tokens",
]

ENOUGH_NEXT_TOKENS: Final = MOST_NEXT_TOKENS
_TASK: Final = "neutral_prompts"
WAYS: Final = ("auto", "texts", "next_token")  # the values of --by


def check_references(models: Mapping[str, PlannedModel]) -> None:
    """Raise InputError where two references are one file, under whatever names: it would be held against itself."""
    roles: dict[str, str] = {}
    for role in references_of(models):
        sha256 = models[role].identity.sha256
        if sha256 and sha256 in roles:
            raise InputError(
                f"--model {role}=…: the same file as --model {roles[sha256]}=… (SHA-256 {sha256[:16]}…): give each "
                "reference once"
            )
        roles[sha256] = role


def looks_for_next_tokens(by: str) -> bool:
    """Whether the endpoint is asked, before the plan is made, for how many next tokens it gives."""
    return by != "texts"


def requested_by(by: str, texts: int | None, prompts: int | None, next_tokens: int) -> tuple[RequestedTest, ...]:
    """The tests of one of :data:`WAYS`; ``next_tokens`` is how many of the likeliest the endpoint gives.

    ``texts`` and ``prompts`` are the most that are asked of each kind; None: the detector's own number.
    """
    tests = []
    if by != "next_token":
        tests.append(RequestedTest(detector="identity", task=_TASK, options=_limit(texts)))
    if by == "next_token" or (by == "auto" and next_tokens >= ENOUGH_NEXT_TOKENS):
        tests.append(RequestedTest(detector="next_token", task=_TASK, options=_limit(prompts)))
    return tuple(tests)


def why_no_next_tokens(plan: Plan) -> str:
    """Why an identity check compares no next tokens although it looked for them; empty where it compares them."""
    found = plan.subject.capabilities
    if not plan.is_identity_check or "next_token" in plan.named:
        return ""
    if found.next_tokens:
        return (
            f"next tokens were not compared: the endpoint sends {found.next_tokens} of the likeliest, and fewer than "
            f"{ENOUGH_NEXT_TOKENS} can accuse, but hardly confirm (--by next_token asks all the same)"
        )
    return f"next tokens were not compared: {found.next_tokens_reason}" if found.next_tokens_reason else ""


def _limit(most: int | None) -> dict[str, Any]:
    return {} if most is None else {"limit": most}
