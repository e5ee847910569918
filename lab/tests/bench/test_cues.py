"""The tables about cues: every line is there, and each way of asking asks the same items."""

from __future__ import annotations

from bench.cue_examples import arms_of
from bench.cues import false_alarms, power, published_by_chance
from steelyard.tasks import load_task


def test_tables_of_a_few_models_have_every_line() -> None:
    assert false_alarms(40).count("\n| ") == 1 + 12
    assert power(40).count("\n| ") == 1 + 15
    assert published_by_chance(40).count("\n| ") == 1 + 5


def test_each_way_of_asking_asks_the_same_items_under_another_prefix() -> None:
    task = load_task("word_sequence_reversal")
    assert task is not None
    arms = arms_of(task, 20)
    asked = {name: [(each.id, each.request.prompt) for each in samples] for name, samples in arms.items()}  # type: ignore[union-attr]
    assert len(asked) == 2 + 4 + 8
    assert all(each == asked["as published"] for each in asked.values())
    prefixes = {name: {each.request.prefix for each in samples} for name, samples in arms.items()}
    assert [len(each) for name, each in prefixes.items() if name != "the placebo"] == [1] * 13
    assert len({prefix for each in prefixes.values() for prefix in each}) >= 13 + len(prefixes["the placebo"])
