"""The tokens that weights on this machine expect next, by which an endpoint's list is held against them.

They are the likeliest ones whose texts are theirs alone, without control tokens and parts of characters, and without
tokens that stand in the text before: a server that makes repeated tokens less likely leaves the others' shares as they
are.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from steelyard.models.next_token import COMPARED
from steelyard.models.session import log_probabilities

if TYPE_CHECKING:
    from steelyard.models.llama import Llama

__all__ = ["Candidates"]

_LOOKED_AT = 200  # tokens, of which five are found


class Candidates:
    """The reference, loaded; one text at a time, from one thread at a time."""

    def __init__(self, reference: Llama) -> None:
        self._reference = reference

    def after(self, text: str) -> tuple[tuple[str, float], ...]:
        """The candidates after a text with their log-probabilities (nats), the likeliest first; none after nothing."""
        import numpy as np

        llama = self._reference
        before = llama.opening() + llama.tokenise(text)
        if not before or len(before) > llama.context_tokens:
            return ()
        llama.clear()
        logs = log_probabilities(llama.decode(before, 0)[0])
        looked_at = np.argsort(-logs, kind="stable")[:_LOOKED_AT]
        readable = (int(token) for token in looked_at if self._texts[token] and token not in before)
        found = [(self._texts[token], float(logs[token])) for token, _ in zip(readable, range(COMPARED), strict=False)]
        return tuple(found)

    @cached_property
    def _texts(self) -> list[str]:
        """By token its text; empty where that cannot be compared."""
        llama = self._reference
        vocabulary = range(llama.vocabulary_size)
        pieces = [b"" if llama.is_control(token) or llama.is_end(token) else llama.piece(token) for token in vocabulary]
        times = Counter(pieces)
        return [_text(piece) if times[piece] == 1 else "" for piece in pieces]


def _text(piece: bytes) -> str:
    """A whole text; empty for a part of a character, and for the sign that stands for one."""
    text = piece.decode("utf-8", "replace")
    return "" if "\N{REPLACEMENT CHARACTER}" in text else text
