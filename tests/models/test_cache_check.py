"""A response cache and an ignored temperature are found before anything is planned."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain, count, cycle, repeat
from typing import Any

import pytest

from steelyard.models.cache_check import identical_at
from steelyard.records import Capabilities, GenerateRequest, ModelOutput, Outcome


class Talker:
    """A model that gives these texts in turn; None is a failure."""

    def __init__(self, texts: Iterator[str | None]) -> None:
        self.texts = texts
        self.asked: list[GenerateRequest] = []

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        self.asked.append(request)
        text = next(self.texts)
        return ModelOutput(outcome=Outcome.SERVER_ERROR if text is None else Outcome.TRUNCATED, text=text or "")


@pytest.mark.parametrize(
    ("texts", "identical", "asked"),
    [
        (repeat("Saltby has a harbour"), True, 2),
        ((f"town {number}" for number in count()), False, 3),
        (chain(["a", "a"], repeat("b")), True, 2),
        (cycle(["a", "b"]), True, 3),  # two workers in turn, with a cache each
        (chain(["a", "b"], repeat("b")), True, 3),
        (cycle(["a", "b", "c"]), False, 3),
        (repeat(None), False, 1),
        (chain(["a"], repeat(None)), False, 2),
        (chain(["a", "b"], repeat(None)), False, 3),
        (chain([""], (f"town {number}" for number in count())), False, 4),
        (chain([""], repeat("Saltby has a harbour")), True, 3),
        (repeat(""), True, 3),
    ],
)
def test_two_equal_answers_of_three_to_an_open_question(texts: Any, identical: bool, asked: int) -> None:
    model: Any = Talker(texts)
    assert asyncio.run(identical_at(model, Capabilities(chat=True), 0.7)) is identical
    assert len(model.asked) == asked
    assert (model.asked[0].chat, model.asked[0].temperature, model.asked[0].max_tokens >= 40) == (True, 0.7, True)
