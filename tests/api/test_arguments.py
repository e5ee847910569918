"""What a user asks, in one record."""

from __future__ import annotations

import dataclasses

import pytest

from steelyard.api.arguments import REAL_RANGES, WHOLE_RANGES, RunArguments, effort_word, ends_after
from steelyard.api.choices import AuditChoices, RunChoices
from steelyard.errors import InputError


def test_without_a_deadline_there_is_no_end() -> None:
    assert (RunArguments().seconds_left, ends_after(None)) == (None, None)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunArguments().limit = 3  # type: ignore[misc]


def test_a_deadline_that_is_over_leaves_no_time() -> None:
    assert RunArguments(ends_at=ends_after(-1.0)).seconds_left == 0.0
    left = RunArguments(ends_at=ends_after(3600.0)).seconds_left
    assert left is not None
    assert left <= 3600.0


def test_models_are_opened_as_asked() -> None:
    settings = RunArguments(timeout=30.0, concurrency=4).settings()
    assert (settings.timeout_seconds, settings.concurrency) == (30.0, 4)
    assert RunArguments().settings().timeout_seconds == 120.0


def test_every_range_is_that_of_an_argument() -> None:
    names = {**AuditChoices.__annotations__, **RunChoices.__annotations__}
    assert {*WHOLE_RANGES, *REAL_RANGES} <= names.keys()


def test_an_effort_is_one_word() -> None:
    assert (effort_word(None, "--reasoning-effort"), effort_word("low", "--reasoning-effort")) == ("", "low")
    for wrong in ("", "very low", "x" * 41, 3):
        with pytest.raises(InputError, match="--reasoning-effort takes a word"):
            effort_word(wrong, "--reasoning-effort")
    assert RunArguments(reasoning_effort="low").settings().reasoning_effort == "low"
