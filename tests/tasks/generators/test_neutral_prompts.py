"""Beginnings of texts: many, the same on every machine, and nothing that a benchmark asks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.tasks.generators.neutral_prompts import generate


@given(seed=st.text(), count=st.integers(0, 40), more=st.integers(0, 40))
def test_an_item_does_not_depend_on_the_count(seed: str, count: int, more: int) -> None:
    assert list(generate(seed, count + more))[:count] == list(generate(seed, count))


def test_none_comes_twice_and_another_seed_gives_others() -> None:
    first = {row["question"] for row in generate("one", 2_000)}
    assert len(first) == 2_000
    assert len(first & {row["question"] for row in generate("two", 2_000)}) < 20


def test_each_is_a_beginning_without_an_answer() -> None:
    for row in generate("one", 200):
        assert row["answer"] == ""
        assert row["question"].strip() == row["question"]
        assert row["question"][-1] not in ".?!"
        assert "{" not in row["question"]
