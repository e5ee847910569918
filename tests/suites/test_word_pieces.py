"""Word pieces: the same as those of the library that the model was trained with."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from steelyard.suites.word_pieces import MOST_PIECES, piece_numbers

VOCABULARY = resources.files("steelyard.suites").joinpath("word_pieces.txt")
OFFICIAL = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"  # of bert-base-uncased's vocab.txt


@pytest.fixture(scope="module")
def tokenizer() -> BertWordPieceTokenizer:
    with resources.as_file(VOCABULARY) as path:
        return BertWordPieceTokenizer(str(path), lowercase=True)


def test_the_vocabulary_is_that_of_bert() -> None:
    assert hashlib.sha256(VOCABULARY.read_bytes()).hexdigest() == OFFICIAL


# Beyond this the library knows an older Unicode than Python does.
ALPHABET = st.one_of(st.characters(max_codepoint=0x52F), st.sampled_from("–—’…€日本語한\u200b\u202e\ufe0f\U0001f600"))


@given(text=st.text(ALPHABET, max_size=80))
@example(text="Hello, Wörld! naïve 日本語 don't\tx\u200b\u00a0y E42 #unbelievably")
@example(text="a" * 101 + " \N{REPLACEMENT CHARACTER}\x00\x1b[1m Straße İstanbul")
def test_they_are_those_of_the_library(tokenizer: BertWordPieceTokenizer, text: str) -> None:
    assert piece_numbers(text) == tokenizer.encode(text).ids


def test_a_long_text_is_cut_and_seen_to_be_long() -> None:
    assert len(piece_numbers("word " * (MOST_PIECES - 2))) == MOST_PIECES
    assert len(piece_numbers("word " * (MOST_PIECES - 1))) == MOST_PIECES + 1
    assert len(piece_numbers("word " * 1_000_000)) == MOST_PIECES + 1
