"""Published outputs as they were recorded: who is named, and who is not."""

from __future__ import annotations

import pytest

from bench.published import HONEST, KINDS, named, needed, read_bank, read_texts


@pytest.mark.parametrize("served", HONEST)
def test_nobody_honest_is_named(served: str) -> None:
    bank = read_bank()
    for kind in KINDS:
        if read_texts(bank, served, kind):
            assert not any(named(bank, served, kind, number)[0] for number in range(20))


@pytest.mark.parametrize("served", ["Q2_K", "Q3_K_M"])
def test_a_requantisation_is_named(served: str) -> None:
    bank = read_bank()
    for kind in ("neutral", "chat"):
        assert all(named(bank, served, kind, number)[0] for number in range(10))


def test_more_benchmarks_and_fewer_own_tokens_need_more_outputs() -> None:
    assert needed(1, 1.0) < needed(2, 1.0) < needed(10, 1.0) < needed(10, 0.95)
