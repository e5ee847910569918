"""Outputs that end in a loop."""

from __future__ import annotations

from steelyard.scorers.reading.loops import ends_in_loop


def test_a_repeated_ending_is_a_loop() -> None:
    line = "I have to think about this question again, since I am not certain of it, and so I begin once more. "
    assert ends_in_loop("A start. " + line * 6)
    assert ends_in_loop("ab" * 400)


def test_prose_and_short_repetition_are_none() -> None:
    assert not ends_in_loop("".join(f"Sentence number {n} says something else. " for n in range(60)))
    assert not ends_in_loop("-" * 120)
    assert not ends_in_loop("")
