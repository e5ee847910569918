"""Both decoders are called in the same way."""

from __future__ import annotations

import inspect

import pytest

from steelyard.models.decoder import Decoder
from steelyard.models.llama import Llama
from steelyard.models.transformers_decoder import TransformersDecoder


@pytest.mark.parametrize("made", [Llama, TransformersDecoder])
def test_every_decoder_is_called_alike(made: type) -> None:
    for name, method in vars(Decoder).items():
        if not name.startswith("_") and inspect.isfunction(method):
            assert list(inspect.signature(getattr(made, name)).parameters) == list(inspect.signature(method).parameters)
