"""Drawn outputs as they were recorded: who is named, and who is not."""

from __future__ import annotations

import pytest

from bench.published_drawn import HONEST, named, read_bank


def test_nobody_honest_is_named() -> None:
    for served in HONEST:
        assert not any(named(served, number) for number in range(20))


@pytest.mark.parametrize("served", ["Q3_K_M", "Q2_K"])
def test_a_requantisation_is_named(served: str) -> None:
    assert all(named(served, number) for number in range(10))


def test_each_who_writes_was_recorded_by_all_kinds_of_prompts() -> None:
    kinds = {(served, kind) for served, kind in read_bank() if served in HONEST}
    assert len(kinds) == 3 * len(HONEST)
