"""A score that comes from several answers is known, in whatever words."""

from __future__ import annotations

import pytest

from steelyard.tasks.several_answers import several_answers


@pytest.mark.parametrize(
    "text",
    ["pass@10", "pass_at_5", "maj@8", "em_maj1@5", "cons@64", "CoT@32", "pass^8", "RM@8", "best of 4",
     "majority voting", "self-consistency", "no CoT, maj@8"],
)  # fmt: skip
def test_several(text: str) -> None:
    assert several_answers(("greedy", text))


@pytest.mark.parametrize("text", ["pass@1", "maj1@1", "avg@64", "", "no majority voting", "without self-consistency"])
def test_one(text: str) -> None:
    assert several_answers((text,)) == ""
