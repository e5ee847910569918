"""Is a text what these weights write next? Token by token, given the prompt and the text before.

A greedy output of a model consists of its likeliest tokens. Another machine or another batch moves log-probabilities by
a few hundredths of a nat, so that now and then the second likeliest token is taken; from there on the text is another
one, and again the likeliest after that beginning. So each token is held against the likeliest one *after the text as it
stands*, and one that is nearly as likely counts as the likeliest.

What may differ without another model is left out: the first token (some harnesses strip white space), and the last one
(a stop string or a limit may have cut it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest

if TYPE_CHECKING:
    from steelyard.models.llama import Llama

__all__ = ["LEAST_TOKENS", "MOST_TOKENS", "NEAR", "TranscriptReader"]

LEAST_TOKENS: Final = 8
"""That are held against the weights; of fewer a share says little."""

MOST_TOKENS: Final = 256
"""That are read of a text, from its beginning."""

NEAR: Final = 0.5
"""Nats below the likeliest token: a prompt that differs by a hidden line moves greedy outputs that far."""


class TranscriptReader:
    """Reads texts by one file of weights; from one thread."""

    def __init__(self, llama: Llama) -> None:
        self._llama, self._session = llama, InferenceSession(llama)

    def gaps(self, request: GenerateRequest, text: str) -> list[float] | None:
        """By token of a text, how much less likely it is than the likeliest one there (nats, 0 or more).

        None where the text cannot be read: it has too few tokens, prompt and text do not fit into the context, or the
        file's chat template cannot put the prompt.
        """
        prompt = self._session.prompt_tokens(request, control=True)
        if prompt is None or len(prompt) >= self._llama.context_tokens:
            return None
        tokens = self._text_tokens(prompt, request, text)[:MOST_TOKENS]
        held = tokens[1:-1]
        if len(held) < LEAST_TOKENS or len(prompt) + len(tokens) > self._llama.context_tokens:
            return None
        self._llama.clear()
        self._llama.decode(prompt, 0)
        rows = self._llama.decode(tokens[:-2], len(prompt), every=True)
        return [float(row.max() - row[token]) for row, token in zip(rows, held, strict=True)]

    def share(self, request: GenerateRequest, text: str) -> float | None:
        """The share of a text's tokens that are the likeliest ones, or nearly so; None as for :meth:`gaps`."""
        gaps = self.gaps(request, text)
        return None if gaps is None else sum(gap <= NEAR for gap in gaps) / len(gaps)

    def _text_tokens(self, prompt: list[int], request: GenerateRequest, text: str) -> list[int]:
        """The tokens of a text behind its prompt: read with it where that leaves the prompt's own as they are."""
        if not request.chat:
            whole = self._session.prompt_tokens(
                GenerateRequest(prompt=request.prefix + request.prompt + text), control=True
            )
            if whole is not None and whole[: len(prompt)] == prompt:
                return whole[len(prompt) :]
        return self._llama.tokenise(text)
