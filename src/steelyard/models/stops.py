"""Cutting a text at its stop strings, the same way for every model."""

from __future__ import annotations

from collections.abc import Iterable

from steelyard.util.reasoning import split_reasoning

__all__ = ["cut_answer_at_stop", "cut_at_stop"]


def cut_at_stop(text: str, stops: Iterable[str]) -> tuple[str, bool]:
    """Cut ``text`` before the earliest stop string; also say whether one was there. Empty stop strings are ignored."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def cut_answer_at_stop(text: str, stops: Iterable[str], *, after_reasoning: bool = False) -> tuple[str, bool]:
    """As :func:`cut_at_stop`, in the answer alone: inline reasoning before it stays whole.

    ``after_reasoning``: the model reasoned elsewhere, so that white space before the answer does not end it.
    """
    answer, reasoning, closed = split_reasoning(text)
    if not closed:
        return text, False
    begin = len(reasoning)
    if after_reasoning:
        begin += len(answer) - len(answer.lstrip())
    cut, stopped = cut_at_stop(text[begin:], stops)
    return text[:begin] + cut, stopped
