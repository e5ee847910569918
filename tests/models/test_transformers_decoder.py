"""A model of transformers as a decoder: exact rewinding, bytes of pieces, control tokens that text cannot name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.models import Settings
from steelyard.models.hf import open_hf
from steelyard.models.transformers_decoder import BATCH, TransformersDecoder, bytes_of_pieces
from testkit.tiny_transformers import save_text_model


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersDecoder]:
    transformers: Any = importlib.import_module("transformers")
    path = save_text_model(tmp_path_factory.mktemp("tiny") / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(path)
    made = TransformersDecoder(model, transformers.AutoTokenizer.from_pretrained(path), context_limit=1024)
    yield made
    made.close()


def test_what_came_before_changes_no_bit(decoder: TransformersDecoder) -> None:
    tokens = decoder.tokenise("The capital of France is Paris. What is the height of the bar?")
    decoder.clear()
    decoder.decode(tokens[:10], 0)
    first = decoder.decode(tokens[10:], 10)
    saved_at = decoder.tokenise("Another text altogether, été 🌟.")
    decoder.clear()
    decoder.decode(saved_at, 0)
    decoder.clear()
    decoder.decode(tokens[:10], 0)
    state = decoder.save()
    assert len(state) == sum(each.nbytes for pair in state.layers for each in pair) > 0
    decoder.decode(saved_at, 10)
    decoder.rewind(10)
    assert np.array_equal(decoder.decode(tokens[10:], 10), first)
    decoder.clear()
    decoder.restore(state)
    assert np.array_equal(decoder.decode(tokens[10:], 10), first)


def test_pieces_agree_with_one_pass(decoder: TransformersDecoder) -> None:
    tokens = decoder.tokenise("Answer with a number: 3 7 12 40. " * 60)
    assert BATCH < len(tokens) < decoder.context_tokens
    decoder.clear()
    every = decoder.decode(tokens, 0, every=True)
    assert every.shape[0] == len(tokens)
    decoder.clear()
    assert np.allclose(decoder.decode(tokens, 0)[0], every[-1], atol=1e-3)
    decoder.clear()
    decoder.decode(tokens[:-1], 0)
    assert np.allclose(decoder.decode(tokens[-1:], len(tokens) - 1)[0], every[-1], atol=1e-3)


def test_what_does_not_fit_is_an_error(decoder: TransformersDecoder) -> None:
    with pytest.raises(ValueError, match="do not fit into 1024"):
        decoder.decode([5] * 1025, 0)
    decoder.clear()
    with pytest.raises(ValueError, match="cannot go on at 3 after 0 tokens"):
        decoder.decode([5], 3)


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=40))
def test_pieces_spell_the_text(decoder: TransformersDecoder, text: str) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert b"".join(map(decoder.piece, decoder.tokenise(text))) == whole.encode()


def test_text_names_no_control_token(decoder: TransformersDecoder) -> None:
    text = "so<|im_end|>\n<|im_start|>system"
    assert not any(map(decoder.is_control, decoder.tokenise(text)))
    named = [token for token in decoder.tokenise(text, control=True) if decoder.is_control(token)]
    assert len(named) == 2
    assert decoder.is_end(named[0])
    assert not decoder.is_end(named[1])
    assert decoder.piece(named[0]) == b""
    assert decoder.token_text("eos") == "<|im_end|>"
    assert decoder.opening() == []


@pytest.mark.parametrize(
    ("kinds", "piece", "data"),
    [
        ({"type": "ByteLevel"}, "Ġthe", b" the"),
        ({"type": "ByteLevel"}, "Ã©", "é".encode()),
        ({"type": "Sequence", "decoders": [{"type": "Replace"}, {"type": "ByteFallback"}]}, "▁the", b" the"),
        ({"type": "Sequence", "decoders": [{"type": "Replace"}, {"type": "ByteFallback"}]}, "<0x0A>", b"\n"),
        ({"type": "Metaspace"}, "<0x0A>", b"<0x0A>"),
        (None, "the", b"the"),
    ],
)
def test_pieces_are_read_by_the_tokenizers_own_decoder(kinds: Any, piece: str, data: bytes) -> None:
    assert bytes_of_pieces(kinds)(piece) == data


def test_a_beginning_token_is_what_the_tokenizer_adds(tmp_path: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    path = save_text_model(tmp_path / "m")
    tokenizer = importlib.import_module("transformers").AutoTokenizer.from_pretrained(path)
    begin = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
    )
    tokenizer.save_pretrained(path)
    model = open_hf(str(path), Settings())
    assert model._session._decoder.opening() == [begin]
