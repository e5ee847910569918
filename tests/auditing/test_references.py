"""The reference is loaded where a scorer reads likelihoods, and handed to each of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from steelyard.auditing.references import give_reference
from steelyard.errors import InputError
from steelyard.scorers.exact import Exact
from steelyard.scorers.likelihood import Likelihood


class Weights:
    prepared = 0

    def prepare(self) -> None:
        self.prepared += 1

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> None:
        return None

    def next_tokens(self, text: str) -> tuple[tuple[str, float], ...]:
        return ()


def given(scorers: Any, models: Any) -> list[str]:
    said: list[str] = []
    asyncio.run(give_reference(scorers, models, said.append))
    return said


def test_every_scorer_gets_it_and_it_is_loaded_once() -> None:
    weights, one, other = Weights(), Likelihood("Q2_K"), Likelihood("Q2_K", core=True)
    (line,) = given({"00": (Exact(), one), "01": (other,)}, {"reference": weights})
    assert "loading the reference" in line
    assert weights.prepared == 1
    assert one._references == other._references == {"reference": weights}


def test_where_nothing_is_read_by_likelihood_nothing_is_loaded() -> None:
    assert given({"00": (Exact(),)}, {"reference": Weights()}) == []


@pytest.mark.parametrize("models", [{}, {"reference": object()}])
def test_a_model_without_likelihoods_is_no_reference(models: Any) -> None:
    with pytest.raises(InputError, match="--model reference=gguf:PATH"):
        given({"00": (Likelihood("Q2_K"),)}, models)
