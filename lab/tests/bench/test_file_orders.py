"""The stand-ins of the bench: a few keys and files of the real ones."""

from __future__ import annotations

import pytest

from bench import file_orders
from bench.file_orders import LIKE, UNLIKE, p_values, public_files, stretches_by


def test_the_files_are_those_that_say_why_their_order_is_random() -> None:
    assert [task.id for task in public_files()] == ["chain_sum_wide", "products_wide", "word_sequence_reversal"]


def test_the_unlucky_file_accuses_who_favours_unlike_neighbours_and_hides_who_favours_like_ones() -> None:
    (wide, *_) = public_files()
    found = p_values(stretches_by(wide, "completion"), 3, "bench/0")
    assert found["by half", UNLIKE] < 0.01
    assert found["by half", LIKE] > 0.95


def test_each_file_has_a_row_for_each_prompt_and_the_rule_says_which_is_testable() -> None:
    table = file_orders.by_the_rule()
    for row, word in (("chain_sum_wide | chat", "not testable"), ("word_sequence_reversal | completion", "testable")):
        (line,) = [line for line in table.splitlines() if line.startswith(f"| {row} |")]
        assert line.endswith(f" | {word} |")


def test_other_likenesses_and_other_files_have_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [task for task in public_files() if task.id == "word_sequence_reversal"]
    monkeypatch.setattr(file_orders, "public_files", lambda: words)
    assert file_orders.by_others(1).count("| word_sequence_reversal |") == 8
    others = file_orders.by_other_files(2)
    assert "2 files of each generator" in others
    assert others.count("\n| ") == 9
    public, other = (stretches_by(words[0], "completion", seed) for seed in (None, "bench/0"))
    assert public != other
