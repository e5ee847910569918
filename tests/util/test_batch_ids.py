"""Ids of batches: what a provider calls one, and what would lead elsewhere."""

from __future__ import annotations

import pytest

from steelyard.util.batch_ids import is_batch_id


@pytest.mark.parametrize("text", ["batch_0001", "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF", "a", "a.b:c-d", "x" * 200])
def test_usual_ids(text: str) -> None:
    assert is_batch_id(text)


@pytest.mark.parametrize(
    "text", ["", "../x", "a/b", "a/../b", "a?b", "a#b", "a%2fb", "a b", "..", "a..b", "-a", "a\n", "é", "x" * 201]
)
def test_what_could_lead_elsewhere(text: str) -> None:
    assert not is_batch_id(text)
