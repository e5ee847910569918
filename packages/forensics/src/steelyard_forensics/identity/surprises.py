"""Does another file explain a text that was drawn better than these weights, and how surprising is it to them?

A text is held against *others*, requantisations of the weights: by how much is it likelier by them than by the weights
(nats), each at the temperature of :data:`TEMPERATURES` that suits it best, the weights also at the stated one? What a
log does not show of prompts and decoding makes texts look hotter or cooler to all of them alike, so that a flatter file
gains nothing from that alone. Of texts that the weights drew at the stated temperature, uncut, another file gains more
than g nats with a chance of at most k·exp(−g), k being the number of temperatures: the likelihood ratio at each has the
mean 1, and the weights' best temperature is no worse than the stated one.

For a display, the *surprise* of a token is the probability, after the prompt and the text before it, of all tokens that
are likelier than this one, and half of that of the token itself. Where tokens are drawn from the weights at the stated
temperature, its mean is ½ at every place, whatever came before. A server that draws at a lower temperature, or cuts
unlikely tokens off (top-k, top-p, min-p), moves probability to likelier tokens alone, so that the mean is ½ or less. A
higher temperature, a penalty on tokens that stood there before, a grammar, or a rule that takes likely tokens away
(typical-p, XTC) may move it above ½; so may another prompt.

A token that ends a text is not in the text: all is read among the other tokens, so that where a text ends moves
nothing. The first token and the last one are left out, as in :mod:`steelyard_forensics.identity.transcripts`. A text is
read by the tokeniser: where a server drew other tokens for the same text, the usual ones are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from steelyard.records import GenerateRequest
from steelyard_forensics.identity.transcripts import LEAST_TOKENS, ReadTokens, TranscriptReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Float = TypeVar("_Float", "np.float32", "np.float64")

__all__ = ["COOLEST", "TEMPERATURES", "SurpriseReader", "TextSurprise", "token_surprises"]

COOLEST: Final = 0.5
"""Texts that were drawn cooler are held against this temperature: below it the last bits of another server count."""

TEMPERATURES: Final = (0.5, 0.7, 1.0, 1.4)
"""At which files explain a text."""

_AT_ONCE: Final = 32  # places, so that memory is bounded


class TextSurprise(NamedTuple):
    """Of one text: how many ``tokens`` were read, and their mean ``surprise``.

    ``gains``: by how much other files explain it better than the weights (nats); less than 0 where they do not.
    """

    tokens: int
    surprise: float
    gains: Mapping[str, float]


class SurpriseReader:
    """Reads texts by one file of weights, and by others with its tokeniser; from one thread."""

    def __init__(self, reader: TranscriptReader) -> None:
        self._reader = reader

    def surprise(self, request: GenerateRequest, text: str) -> TextSurprise | None:
        """The surprise of a text after a prompt, at the temperature of the request.

        None where the text cannot be read: too short, beyond the context, or no prompt that can be put.
        """
        read = self._read(request, text)
        if read is None:
            return None
        mine = self._reader.logits(read)
        tokens = read.tokens[1:-1]
        surprises = [each for part in self._parts(mine, tokens, max(request.temperature, COOLEST)) for each in part]
        own = self._fit(mine, tokens, (*TEMPERATURES, request.temperature))
        del mine
        gains = {
            name: self._fit(self._reader.logits(read, name), tokens, TEMPERATURES) - own for name in self._reader.others
        }
        return TextSurprise(len(tokens), sum(surprises) / len(surprises), gains)

    def _read(self, request: GenerateRequest, text: str) -> ReadTokens | None:
        """The tokens of a text up to the first that ends it, where a harness has left its name there."""
        read = self._reader.tokens(request, text)
        if read is None:
            return None
        ends = set(self._reader.ends)
        tokens = list(takewhile(lambda token: token not in ends, read.tokens))
        return ReadTokens(read.prompt, tokens) if len(tokens) >= LEAST_TOKENS + 2 else None

    def _parts(self, rows: NDArray[np.float32], tokens: list[int], temperature: float) -> Iterator[list[float]]:
        """The surprises, a few places at a time."""
        import numpy as np

        for at in range(0, len(tokens), _AT_ONCE):
            shares = np.exp(self._logs(rows[at : at + _AT_ONCE].astype(np.float64), temperature))
            yield token_surprises(shares, tokens[at : at + _AT_ONCE])

    def _fit(self, rows: NDArray[np.float32], tokens: list[int], temperatures: Sequence[float]) -> float:
        """The log-likelihood of the tokens at the temperature that suits them best."""
        totals = dict.fromkeys(temperatures, 0.0)
        for temperature in totals:
            for at in range(0, len(tokens), _AT_ONCE):
                logs = self._logs(rows[at : at + _AT_ONCE], temperature)
                totals[temperature] += float(logs[range(len(logs)), tokens[at : at + _AT_ONCE]].sum())
        return max(totals.values())

    def _logs(self, rows: NDArray[_Float], temperature: float) -> NDArray[_Float]:
        """Log-probabilities at a temperature, among all tokens that do not end a text."""
        import numpy as np

        logits: NDArray[_Float] = rows / rows.dtype.type(temperature)
        logits[:, self._reader.ends] = -np.inf
        logits -= logits.max(axis=1, keepdims=True)
        logs: NDArray[_Float] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logs


def token_surprises(shares: NDArray[np.float64], tokens: Sequence[int]) -> list[float]:
    """The surprise of each token among the probabilities at its place (one row each)."""
    import numpy as np

    taken = shares[range(len(shares)), list(tokens)][:, None]
    likelier = np.where(shares > taken, shares, 0.0).sum(axis=1)
    alike = np.where(shares == taken, shares, 0.0).sum(axis=1)
    return [float(each) for each in likelier + alike / 2]
