"""A record out of a sealed statement, exactly as it was sealed."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.records import PlanInput, RepeatCheck
from steelyard.storage.sealed_record import record_in


def test_what_was_sealed_comes_back() -> None:
    record = PlanInput(kind="suite", sha256="ab" * 32)
    assert record_in(without_defaults(record), PlanInput, "seal", "input") == record


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ({"samples": 0}, "spells out a field that equals its default, which no sealed check does"),
        ({"samples": "three"}, "seal: not a check of this version"),
        ({"other": 3}, "check"),
    ],
)
def test_anything_else_is_refused(predicate: dict[str, Any], said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        record_in(predicate, RepeatCheck, "seal", "check")
