"""The committed order: the same permutation as its definition in one line."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.util import committed_order as module
from steelyard.util.committed_order import committed_order


def defined(seed: str, population: int, repeats: int = 1) -> list[int]:
    """The order as the documents define it."""
    named = {
        sample * repeats + repeat: f"{seed}:{sample}:{repeat}" if repeat else f"{seed}:{sample}"
        for sample in range(population)
        for repeat in range(repeats)
    }
    return sorted(named, key=lambda trial: sha256(named[trial].encode()).digest())


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 1000), st.integers(1, 4))
def test_the_order_is_the_one_that_is_defined(seed: str, population: int, repeats: int) -> None:
    assert list(committed_order(seed, population, repeats)) == defined(seed, population, repeats)


@given(st.integers(0, 300), st.integers(2, 4))
def test_the_first_answers_come_in_one_order_however_often_samples_are_repeated(population: int, repeats: int) -> None:
    # Otherwise whoever changes the number of repeats would choose another order of the samples.
    firsts = [trial // repeats for trial in committed_order("seed", population, repeats) if trial % repeats == 0]
    assert firsts == list(committed_order("seed", population))


@pytest.mark.parametrize("trials", [0, 1, 255, 256, 1 << 18])
def test_the_order_of_any_length(trials: int) -> None:
    assert list(committed_order("seed", trials)) == defined("seed", trials)


def test_trials_whose_first_bytes_are_equal_are_sorted_by_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEY_BYTES", 2)  # so that thousands share theirs
    assert list(committed_order("seed", 20_000)) == defined("seed", 20_000)
