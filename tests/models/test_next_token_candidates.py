"""What the weights here expect next: tokens that can be told apart by their texts, and were not there before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.models.llama import Llama
from steelyard.models.next_token_candidates import Candidates
from steelyard.models.session import log_probabilities

PROMPT = "On Monday the baker found a lemon near the mill, and"


@pytest.fixture(scope="module")
def llama(smollm2: Path) -> Iterator[Llama]:
    found = Llama(smollm2, threads=1, context_limit=256)
    yield found
    found.close()


def test_five_likely_ones_whose_texts_are_theirs_alone(llama: Llama) -> None:
    found = Candidates(llama).after(PROMPT)
    assert len(found) == len(dict(found)) == 5
    pieces = [llama.piece(token).decode("utf-8", "replace") for token in range(llama.vocabulary_size)]
    tokens = llama.opening() + llama.tokenise(PROMPT)
    llama.clear()
    logs = log_probabilities(llama.decode(tokens, 0)[0])
    for text, value in found:
        assert pieces.count(text) == 1
        assert pieces.index(text) not in tokens
        assert value == pytest.approx(float(logs[pieces.index(text)]), abs=1e-9)
    left_out = {pieces[token] for token in logs.argsort()[-5:]} - dict(found).keys()
    assert all(tokens.count(pieces.index(text)) or pieces.count(text) > 1 for text in left_out)


def test_repeated_tokens_are_left_out(llama: Llama) -> None:
    texts = dict(Candidates(llama).after("one two three one two three one two"))
    assert " three" not in texts


def test_after_nothing_and_after_too_much_nothing_is_expected(llama: Llama) -> None:
    candidates = Candidates(llama)
    assert candidates.after("word " * 400) == ()
    if not llama.opening():
        assert candidates.after("") == ()


def test_parts_of_characters_have_no_text(llama: Llama) -> None:
    texts = Candidates(llama)._texts
    assert all("\N{REPLACEMENT CHARACTER}" not in text for text in texts)
    assert 0.9 < sum(map(bool, texts)) / len(texts) < 1
