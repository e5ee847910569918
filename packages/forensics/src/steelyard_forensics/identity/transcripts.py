"""Is a text what these weights write next? Token by token, given the prompt and the text before.

A greedy output of a model consists of its likeliest tokens. Another machine or another batch moves log-probabilities by
a few hundredths of a nat, so that now and then the second likeliest token is taken; from there on the text is another
one, and again the likeliest after that beginning. So each token is held against the likeliest one *after the text as it
stands*, and one that is nearly as likely counts as the likeliest.

What may differ without another model is left out: the first token (some harnesses strip white space), the last one (a
stop string or a limit may have cut it), and each token in whose place the weights expect one that stood in the prompt
or in the text before: a server that makes repeated tokens less likely takes another one there, and nowhere else.

A text is also held against *others*, requantisations of the weights, by all of its tokens but the first and the last.
Whatever a log does not show of a prompt, and however a server decodes, moves the weights and their requantisation
alike; so where a requantisation explains a text better than the weights do, that speaks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from steelyard.models.llama import Llama

__all__ = ["LEAST_TOKENS", "MOST_TOKENS", "NEAR", "Gaps", "ReadTokens", "TextShares", "TranscriptReader", "shares_of"]

LEAST_TOKENS: Final = 6
"""Where the weights expect one that did not stand there before; of fewer a share says little."""

MOST_TOKENS: Final = 256
"""That are read of a text, from its beginning."""

NEAR: Final = 0.5
"""Nats below the likeliest token: a prompt that differs by a hidden line moves greedy outputs that far."""


class TextShares(NamedTuple):
    """The share of a text's tokens that is the weights' own, where they expect none that stood there before (``own``).

    ``whole``: of all tokens but the first and the last; ``others``: the same by each other file.
    """

    own: float
    whole: float
    others: Mapping[str, float]


class Gaps(NamedTuple):
    """How much less likely each token of a text is than the likeliest one (nats), but for the first and the last.

    ``is_new``: whether the weights expect a token there that did not stand there before. ``others``: by other files.
    """

    own: list[float]
    is_new: list[bool]
    others: dict[str, list[float]]


class ReadTokens(NamedTuple):
    """The tokens of a prompt, and of the text behind it."""

    prompt: list[int]
    tokens: list[int]


class TranscriptReader:
    """Reads texts by one file of weights, and by others with its tokeniser; from one thread."""

    def __init__(self, llama: Llama, others: Mapping[str, Llama]) -> None:
        self._llama, self._others, self._session = llama, dict(others), InferenceSession(llama)

    def gaps(self, request: GenerateRequest, text: str) -> Gaps | None:
        """The gaps of a text after a prompt.

        None where the text cannot be read: too few of its tokens can be held, prompt and text do not fit into the
        context, or the file's chat template cannot put the prompt.
        """
        import numpy as np

        read = self.tokens(request, text)
        if read is None:
            return None
        prompt, tokens = read
        rows = self.logits(read)
        is_new = [int(np.argmax(row)) not in {*prompt, *tokens[: place + 1]} for place, row in enumerate(rows)]
        if sum(is_new) < LEAST_TOKENS:
            return None
        others = {name: _gaps(self.logits(read, name), tokens) for name in self.others}
        return Gaps(_gaps(rows, tokens), is_new, others)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the other files."""
        return tuple(self._others)

    @cached_property
    def ends(self) -> list[int]:
        """The tokens that end a text."""
        return [token for token in range(self._llama.vocabulary_size) if self._llama.is_end(token)]

    def tokens(self, request: GenerateRequest, text: str) -> ReadTokens | None:
        """The tokens of a prompt and of a text's beginning; None where they do not fit, or are too few."""
        prompt = self._session.prompt_tokens(request, control=True)
        if prompt is None or len(prompt) >= self._llama.context_tokens:
            return None
        tokens = self._text_tokens(prompt, request, text)[:MOST_TOKENS]
        if len(tokens) < LEAST_TOKENS + 2 or len(prompt) + len(tokens) > self._llama.context_tokens:
            return None
        return ReadTokens(prompt, tokens)

    def logits(self, read: ReadTokens, name: str = "") -> NDArray[np.float32]:
        """The logits of every token of a text but the first and the last, by the weights or by another file."""
        return _rows(self._others[name] if name else self._llama, *read)

    def shares(self, request: GenerateRequest, text: str) -> TextShares | None:
        """The shares of a text's tokens that are the likeliest ones, or nearly so; None as for :meth:`gaps`."""
        gaps = self.gaps(request, text)
        return None if gaps is None else shares_of(gaps)

    def _text_tokens(self, prompt: list[int], request: GenerateRequest, text: str) -> list[int]:
        """The tokens of a text behind its prompt: read with it where that leaves the prompt's own as they are."""
        if not request.chat:
            whole = self._session.prompt_tokens(
                GenerateRequest(prompt=request.prefix + request.prompt + text), control=True
            )
            if whole is not None and whole[: len(prompt)] == prompt:
                return whole[len(prompt) :]
        return self._llama.tokenise(text)


def _rows(llama: Llama, prompt: list[int], tokens: list[int]) -> NDArray[np.float32]:
    """The logits of every token of a text but the first and the last."""
    llama.clear()
    llama.decode(prompt, 0)
    return llama.decode(tokens[:-2], len(prompt), every=True)


def _gaps(rows: NDArray[np.float32], tokens: list[int]) -> list[float]:
    return [float(row.max() - row[token]) for row, token in zip(rows, tokens[1:-1], strict=True)]


def shares_of(gaps: Gaps, near: float = NEAR) -> TextShares:
    """The shares that lie within ``near`` nats of the likeliest token."""
    new = [gap for gap, is_new in zip(gaps.own, gaps.is_new, strict=True) if is_new]
    return TextShares(_share(new, near), _share(gaps.own, near), {k: _share(v, near) for k, v in gaps.others.items()})


def _share(gaps: list[float], near: float) -> float:
    return sum(gap <= near for gap in gaps) / len(gaps)
