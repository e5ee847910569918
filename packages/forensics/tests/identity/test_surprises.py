"""Texts that were drawn: how surprising they are, and which file explains them better."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.embedded_file import ensure_smollm2
from steelyard.models.llama import Llama
from steelyard.models.requantisations import Requantisations
from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest
from steelyard_forensics.identity.surprises import SurpriseReader, token_surprises
from steelyard_forensics.identity.transcripts import TranscriptReader
from steelyard_forensics.published.bets import LEAST_GAIN

PROMPTS = (
    "The old lighthouse keeper wrote in his diary that",
    "To bake a good loaf of bread you should first",
)


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, Llama]]:
    made = Requantisations(ensure_smollm2())
    paths = {"own": made.path, "Q2_K": made.file("Q2_K")[0]}
    opened = {name: Llama(path, threads=1, context_limit=512) for name, path in paths.items()}
    yield opened
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module")
def reader(files: dict[str, Llama]) -> SurpriseReader:
    return SurpriseReader(TranscriptReader(files["own"], {"Q2_K": files["Q2_K"]}))


@pytest.mark.parametrize("served", ["own", "Q2_K"])
def test_who_wrote_a_text_explains_it_better(files: dict[str, Llama], reader: SurpriseReader, served: str) -> None:
    surprises = []
    for seed, prompt in enumerate(PROMPTS):
        request = GenerateRequest(prompt=prompt, max_tokens=24, temperature=1.0, seed=seed)
        found = reader.surprise(request, InferenceSession(files[served]).generate(request, lambda: False).text)
        assert found is not None
        assert found.gains["Q2_K"] > LEAST_GAIN if served == "Q2_K" else found.gains["Q2_K"] < 0
        surprises.append(found.surprise)
    assert 0.35 <= sum(surprises) / len(surprises) <= (0.6 if served == "own" else 0.8)


def test_what_cannot_be_read_has_no_surprise(reader: SurpriseReader) -> None:
    request = GenerateRequest(prompt=PROMPTS[0], temperature=1.0)
    assert reader.surprise(request, " short") is None
    assert (
        reader.surprise(request, " one<|im_end|> and more that no draw of the model can hold, since it ended") is None
    )
    assert reader.surprise(GenerateRequest(prompt="word " * 600, temperature=1.0), " two" * 20) is None


def test_the_name_of_an_end_and_what_stands_behind_it_are_not_read(reader: SurpriseReader) -> None:
    request = GenerateRequest(prompt=PROMPTS[1], temperature=1.0)
    text = " mix the flour with warm water, a little salt and some yeast."
    assert reader.surprise(request, f"{text}<|im_end|>\n") == reader.surprise(request, text)


SHARES = st.lists(st.integers(1, 1000), min_size=2, max_size=12).map(lambda each: np.array(each) / sum(each))


@given(SHARES)
def test_the_mean_surprise_of_a_models_own_draws_is_a_half(shares: np.ndarray) -> None:
    every = token_surprises(np.tile(shares, (len(shares), 1)), range(len(shares)))
    assert abs(float(shares @ every) - 0.5) < 1e-9


@given(SHARES, st.floats(0.1, 1.0), st.floats(0.05, 1.0))
def test_cooler_draws_and_cut_ones_are_no_more_surprising(shares: np.ndarray, temperature: float, top_p: float) -> None:
    every = np.array(token_surprises(np.tile(shares, (len(shares), 1)), range(len(shares))))
    cooler = shares ** (1 / temperature)
    order = np.argsort(-cooler, kind="stable")
    steps = np.cumsum(cooler[order] / cooler.sum())
    least = cooler[order][min(int(np.searchsorted(steps, top_p)), len(steps) - 1)]
    kept = np.where(cooler >= least, cooler, 0.0)
    assert float(kept @ every) / kept.sum() <= 0.5 + 1e-9
