"""A decoder-only model of transformers as :class:`steelyard.models.decoder.Decoder`.

One sequence at a time, no padding and no batches of several requests, in pieces of at most :data:`BATCH` tokens that
start where the caller's batch starts: what a request gives depends on nothing but itself. The keys and values of every
layer are kept whole (also where a layer looks back over a window alone), so that a context that was decoded once is
rewound exactly.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BATCH", "TransformersDecoder", "bytes_of_pieces"]

BATCH: Final = 512
OUTPUTS: Final = 128
_BYTE: Final = re.compile(r"<0x([0-9A-F]{2})>")


class _State:
    """Keys and values by layer; ``len()`` is their size in bytes."""

    def __init__(self, layers: list[tuple[Any, Any]]) -> None:
        self.layers = layers

    def __len__(self) -> int:
        return sum(each.nbytes for pair in self.layers for each in pair)


class TransformersDecoder:
    """``model`` and ``tokenizer`` of transformers, loaded; ``context_limit`` caps the context in tokens.

    Not thread-safe: its owner calls from one thread.
    """

    def __init__(self, model: Any, tokenizer: Any, *, context_limit: int) -> None:
        import torch

        self._torch, self._model, self._tokenizer = torch, model, tokenizer
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        text_config = model.config.get_text_config()
        longest = getattr(text_config, "max_position_embeddings", None) or context_limit
        self.context_tokens = min(int(longest), context_limit)
        # Later releases of transformers call it so.
        self._cached_as = "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
        self._cache: Any = None
        self._length = 0

    # ── text and tokens ─────────────────────────────────────────────────────────────────────────────────────────────

    def tokenise(self, text: str, *, control: bool = False) -> list[int]:
        """Give the tokens of ``text``; names of control tokens inside it stay plain text unless ``control``."""
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._backend.encode_special_tokens = not control
        return list(self._backend.encode(whole, add_special_tokens=False).ids)

    def piece(self, token: int) -> bytes:
        """Give the bytes of one token: possibly a part of a character, nothing for a control token."""
        text = self._backend.id_to_token(token)
        if text is None or token in self._control:
            return b""
        added = self._added.get(token)
        return added.encode() if added is not None else self._bytes_of(text)

    def is_end(self, token: int) -> bool:
        """Whether this token ends an answer, by the tokenizer, the configuration or the generation's defaults."""
        return token in self._ends

    def is_control(self, token: int) -> bool:
        """Whether this token has a meaning of its own and no text."""
        return token in self._control

    def opening(self) -> list[int]:
        """Give what the tokenizer puts before any text."""
        return self._opening

    def token_text(self, which: str) -> str:
        """Give the written form of the ``"bos"`` or ``"eos"`` token; empty where there is none."""
        return str(getattr(self._tokenizer, f"{which}_token") or "")

    def chat_template(self) -> str:
        """Give the tokenizer's chat template (the one called ``default``, of several); empty where there is none."""
        found = self._tokenizer.chat_template
        if isinstance(found, Mapping):
            found = found.get("default")
        return found if isinstance(found, str) else ""

    @cached_property
    def _opening(self) -> list[int]:
        self._backend.encode_special_tokens = False
        plain = self._backend.encode("a", add_special_tokens=False).ids
        whole = self._backend.encode("a", add_special_tokens=True).ids
        at = next((n for n in range(len(whole)) if whole[n : n + len(plain)] == plain), 0)
        return list(whole[:at])

    @cached_property
    def _control(self) -> frozenset[int]:
        return frozenset(n for n, token in self._tokenizer.added_tokens_decoder.items() if token.special)

    @cached_property
    def _added(self) -> dict[int, str]:
        return {n: token.content for n, token in self._tokenizer.added_tokens_decoder.items() if not token.special}

    @cached_property
    def _ends(self) -> frozenset[int]:
        settings = (self._tokenizer, self._model.config.get_text_config(), self._model.generation_config)
        found: set[int] = set()
        for each in settings:
            ids = getattr(each, "eos_token_id", None)
            found.update(ids if isinstance(ids, Sequence) else [] if ids is None else [ids])
        return frozenset(map(int, found))

    @cached_property
    def _bytes_of(self) -> Callable[[str], bytes]:
        return bytes_of_pieces(json.loads(self._backend.to_str()).get("decoder"))

    # ── decoding ────────────────────────────────────────────────────────────────────────────────────────────────────

    def decode(self, tokens: Sequence[int], position: int, *, every: bool = False) -> NDArray[np.float32]:
        """Decode ``tokens`` from ``position`` on; give the logits after the last one, or after ``every`` one.

        Shape (1 or len(tokens), vocabulary). Raises ValueError where it does not fit into the context.
        """
        import numpy as np

        if not tokens or position + len(tokens) > self.context_tokens:
            raise ValueError(f"{len(tokens)} tokens at {position} do not fit into {self.context_tokens}")
        self.rewind(position)
        size = OUTPUTS if every else BATCH
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(tokens), size):
            ids = self._torch.tensor([list(tokens[start : start + size])], device=self._model.device)
            found = self._forward({"input_ids": ids}, 0 if every else 1)
            rows = [*rows, found] if every else [found]
        return np.concatenate(rows)

    def begin(self, inputs: Mapping[str, Any]) -> tuple[int, NDArray[np.float32]]:
        """Decode a whole prompt from what a processor made of texts and images; give its tokens' number and the logits.

        Raises ValueError where it does not fit into the context.
        """
        tokens = int(inputs["input_ids"].shape[1])
        if tokens >= self.context_tokens:
            raise ValueError(f"{tokens} tokens do not fit into the model's context of {self.context_tokens}")
        self.clear()
        return tokens, self._forward(inputs, 1)[0]

    def _forward(self, inputs: Mapping[str, Any], keep: int) -> NDArray[np.float32]:
        """The logits of the last ``keep`` places (0: of all)."""
        from transformers import DynamicCache

        if self._cache is None:
            self._cache = DynamicCache()
        with self._torch.inference_mode():
            options = {self._cached_as: self._cache, "use_cache": True, "logits_to_keep": keep}
            found = self._model(**inputs, **options)
        self._length += int(inputs["input_ids"].shape[1])
        rows: NDArray[np.float32] = found.logits[0].float().cpu().numpy()
        return rows

    def rewind(self, position: int) -> None:
        """Forget everything from ``position`` on."""
        if position > self._length:
            raise ValueError(f"cannot go on at {position} after {self._length} tokens")
        if position == 0:
            self.clear()
        elif position < self._length:
            self.restore(_State([(k[..., :position, :], v[..., :position, :]) for k, v in self._layers()]))

    def clear(self) -> None:
        """Forget everything."""
        self._cache, self._length = None, 0

    def save(self) -> _State:
        """Copy the keys and values: something with ``len()`` in bytes, for :meth:`restore`."""
        return _State([(keys.clone(), values.clone()) for keys, values in self._layers()])

    def restore(self, state: _State) -> None:
        """Restore a saved state, bit for bit."""
        from transformers import DynamicCache

        self._cache = DynamicCache()
        for number, (keys, values) in enumerate(state.layers):
            self._cache.update(keys, values, number)
        self._length = int(state.layers[0][0].shape[-2])

    def _layers(self) -> list[tuple[Any, Any]]:
        return [(each.keys, each.values) for each in self._cache.layers]

    def close(self) -> None:
        """Free the model; safe to call twice."""
        self.clear()
        self._model = self._tokenizer = None


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def bytes_of_pieces(decoder: Any) -> Callable[[str], bytes]:
    """How a vocabulary's pieces are read as bytes, by the ``decoder`` of a ``tokenizer.json``.

    Byte-level vocabularies write each byte as one character (as GPT-2 does); others write a space as ``▁``, and bytes
    that have no piece as ``<0x0A>``.
    """
    kinds = _kinds(decoder)
    if "ByteLevel" in kinds:
        table = _byte_characters()
        return lambda text: b"".join(table.get(each, each.encode()) for each in text)

    def read(text: str) -> bytes:
        byte = _BYTE.fullmatch(text) if "ByteFallback" in kinds else None
        return bytes([int(byte[1], 16)]) if byte else text.replace("\u2581", " ").encode()

    return read


def _kinds(decoder: Any) -> set[str]:
    if not isinstance(decoder, dict):
        return set()
    return {str(decoder.get("type"))}.union(*(_kinds(each) for each in decoder.get("decoders", [])))


def _byte_characters() -> dict[str, bytes]:
    """The character by which GPT-2's vocabulary writes each byte."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [each for each in range(256) if each not in shown]
    table = {chr(each): bytes([each]) for each in shown}
    return table | {chr(256 + place): bytes([each]) for place, each in enumerate(hidden)}
