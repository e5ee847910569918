"""Tests for what a log says of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.suites.sources.judgements import Judgement, judgement_of


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({}, None),
        ({"accepted": True}, True),
        ({"accepted": False}, False),
        ({"accepted": "yes"}, None),
        ({"feedback": "up"}, True),
        ({"feedback": "👎"}, False),
        ({"feedback": {"thumbs": "thumbs_down"}}, False),
        ({"feedback": {"score": 1}}, True),
        ({"feedback": {"score": 0.0}}, False),
        ({"feedback": {"score": 0.7}}, None),
        ({"feedback": {"rating": 5, "score": None}}, True),
        ({"feedback": 1}, True),
        ({"feedback": float("nan")}, None),
        ({"feedback": 10**400}, None),
        ({"feedback": ["up"]}, None),
        ({"rating": 4}, True),
        ({"rating": 3}, None),
        ({"rating": 1}, None),
        ({"rating": -1}, False),
        ({"rating": "good"}, True),
        ({"rating": "good", "accepted": False}, None),
    ],
)
def test_votes(fields: dict[str, Any], accepted: bool | None) -> None:
    assert judgement_of(fields) == Judgement(accepted)


@pytest.mark.parametrize("name", ["corrected", "correction", "target", "expected"])
def test_corrections(name: str) -> None:
    assert judgement_of(None, {name: " Right\0. ", "accepted": False}) == Judgement(False, "Right.")
    assert judgement_of({name: 3}) == judgement_of({name: "  "}) == Judgement()
