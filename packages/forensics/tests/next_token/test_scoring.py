"""How the core hands this scorer its reference and reads its answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from steelyard.auditing.references import give_reference
from steelyard.auditing.scoring import read_score
from steelyard.models.next_token import output_of_tokens
from steelyard.records import (
    NextTokenRequest,
    Sample,
)
from steelyard_forensics.next_token.distance import NextTokenDistance


def test_for_next_tokens_no_requantisation_is_loaded() -> None:
    class Weights:
        prepared = 0

        def prepare(self) -> None:
            self.prepared += 1

        def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> None:
            return None

        def next_tokens(self, text: str) -> tuple[tuple[str, float], ...]:
            return ()

    weights: Any = Weights()
    scorer = NextTokenDistance("least")
    said: list[str] = []
    asyncio.run(give_reference({"00": (scorer,)}, {"reference": weights}, said.append))
    assert said == []
    assert weights.prepared == 0
    assert scorer._references == {"reference": weights}


def test_a_list_of_next_tokens_is_no_text_with_reasoning_in_it() -> None:
    class Told:
        def next_tokens(self, text: str) -> list[tuple[str, float]]:
            return [("<think>", -1.0), (" a", -2.0)]

    sample = Sample(id="s/0", request=NextTokenRequest(context="x"), target="")
    scorer = NextTokenDistance("most")
    scorer.refer({"reference": Told()})
    found = read_score(scorer, sample, output_of_tokens([("<think>", -1.0), (" a", -2.5)]))
    assert found.value == pytest.approx(0.25)
