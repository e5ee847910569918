"""How likely a text is by one file of weights, and against others: log ratios, token by token.

A text that an endpoint sampled is held against the *reference*, and against *alternatives*: requantisations of it, and
the reference itself at other temperatures. For each alternative there are two log ratios (nats) of the same text:

* *whole*: log p_alternative(text) − log p_reference(text);
* *core*: the sum over the tokens that fall into the reference's core of log p(token | core), alternative less
  reference. The core of a place are its likeliest tokens: at most 20, each with a tenth or more of the likeliest one's
  probability, without those that stand in the prompt or in the text before. A server that cuts the tail off unasked
  (top-k 40 and min-p .05 are usual defaults) cuts off less than that, and one that makes repeated tokens less likely
  leaves the others' shares as they are. So the core's ratio has expectation 1 under the reference whichever of these a
  server does. One that cuts by mass (top-p) although it is asked for 1 may cut inside the core.

Beside them, for a display: the *surplus of surprise* (nats), by how much less likely the text was by the reference than
its own texts are on average. It is the sum over tokens of −log p less the entropy there; divided by the root of the sum
of the variances of −log p it is z. Under the reference each has expectation 0 after every place.

The endpoint sends text, no tokens. A text is read as the tokens that the tokeniser makes of it; where their number is
not that of the tokens that were asked for, as the likeliest tokens of that number which give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from steelyard.models.session import log_probabilities

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from steelyard.models.llama import Llama

__all__ = ["ALTERNATIVES", "QUANTISED", "LogRatios", "TextLikelihoods", "TextReading"]

QUANTISED: Final = ("Q2_K", "Q3_K_M", "Q8_0")
_TEMPERATURES: Final = {"T0.7": 0.7, "T1.3": 1.3, "T1.8": 1.8}
ALTERNATIVES: Final = (*QUANTISED, *_TEMPERATURES)

_CORE: Final = 20  # tokens
_LEAST: Final = math.log(0.1)  # of the likeliest token's probability: twice the usual min-p
_BEAM: Final = 6
_LONGEST_PIECE: Final = 64  # bytes


class LogRatios(NamedTuple):
    """Of one text, alternative less reference, in nats."""

    whole: float
    core: float


class TextReading(NamedTuple):
    """One text by the reference: the surplus of surprise (nats), its z, and the ratios by alternative."""

    surplus: float
    z: float
    ratios: Mapping[str, LogRatios]


class _Place(NamedTuple):
    """One token of a text: its number, or all that end a text; and the reference's core there."""

    outcome: NDArray[np.int64]
    core: NDArray[np.int64]


class TextLikelihoods:
    """The reference and its alternatives, loaded; one text at a time, from one thread at a time."""

    def __init__(self, reference: Llama, others: Mapping[str, Llama]) -> None:
        self._reference, self._others = reference, dict(others)

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> TextReading | None:
        """A text after a prompt; None where it cannot be read as tokens.

        ``tokens`` were asked for; ``ended``: the model ended the text before it had so many.
        """
        if len(text) > tokens * _LONGEST_PIECE:
            return None
        before = self._reference.opening() + self._reference.tokenise(prompt)
        path = self._path(before, prompt, text, tokens, ended=ended)
        if path is None or not before:
            return None
        rows = _rows(self._reference, before, path, ended=ended)
        outcomes = [_one(token) for token in path] + ([self._ends] if ended else [])
        places = [
            _Place(outcome, _core(row, (*before, *path[:number])))
            for number, (outcome, row) in enumerate(zip(outcomes, rows, strict=True))
        ]
        own = _logs(rows, places)
        found = {
            name: _less(_logs(_rows(other, before, path, ended=ended), places), own)
            for name, other in self._others.items()
        }
        for name, temperature in _TEMPERATURES.items():
            found[name] = _less(_logs([row / temperature for row in rows], places), own)
        surplus, z = self._surprise(rows, outcomes)
        return TextReading(surplus, z, found)

    def _surprise(
        self, rows: Sequence[NDArray[np.float32]], outcomes: Sequence[NDArray[np.int64]]
    ) -> tuple[float, float]:
        """The surplus of a text and its z; tokens that end a text count as one."""
        import numpy as np

        surplus = variance = 0.0
        for row, outcome in zip(rows, outcomes, strict=True):
            logs = log_probabilities(row)
            every = np.delete(logs, self._ends)
            if len(self._ends):
                every = np.append(every, _log_sum(logs[self._ends]))
            every = every[np.isfinite(every)]
            p = np.exp(every)
            entropy = -float((p * every).sum())
            surplus -= _log_sum(logs[outcome]) + entropy
            variance += float((p * every**2).sum()) - entropy**2
        return surplus, surplus / math.sqrt(variance) if variance > 0 else 0.0

    # ── text → tokens ───────────────────────────────────────────────────────────────────────────────────────────────

    def _path(self, before: Sequence[int], prompt: str, text: str, tokens: int, *, ended: bool) -> list[int] | None:
        """The tokens of a text; None where no tokens of the wanted number give its bytes."""
        whole = self._reference.opening() + self._reference.tokenise(prompt + text)
        usual = whole[len(before) :] if whole[: len(before)] == list(before) else self._reference.tokenise(text)
        data = text.encode("utf-8", "surrogatepass")
        is_whole = b"".join(map(self._reference.piece, usual)) == data
        if ended:
            return usual if is_whole and len(usual) < tokens else None
        return usual if is_whole and len(usual) == tokens else self._likeliest(before, data, tokens)

    def _likeliest(self, before: Sequence[int], data: bytes, tokens: int) -> list[int] | None:
        """The likeliest so many tokens that give these bytes, by a beam; None where it finds none."""
        beam: list[tuple[float, int, tuple[int, ...]]] = [(0.0, 0, ())]  # log-probability, bytes read, tokens
        if not tokens <= len(data):
            return None
        self._reference.clear()
        first = self._reference.decode(before, 0)[0]
        for left in range(tokens - 1, -1, -1):
            further = []
            for log_p, read, path in beam:
                logs = log_probabilities(self._after(path, len(before)) if path else first)
                for token, size in self._next(data, read):
                    if len(data) - read - size >= left and (left or read + size == len(data)):
                        further.append((log_p + float(logs[token]), read + size, (*path, token)))
            beam = sorted(further, reverse=True)[:_BEAM]
        return list(beam[0][2]) if beam else None

    def _after(self, path: Sequence[int], position: int) -> NDArray[np.float32]:
        self._reference.rewind(position)
        row: NDArray[np.float32] = self._reference.decode(path, position)[0]
        return row

    def _next(self, data: bytes, read: int) -> list[tuple[int, int]]:
        """Tokens that give the bytes that come next, with how many they give."""
        sizes = range(1, min(_LONGEST_PIECE, len(data) - read) + 1)
        return [(token, size) for size in sizes for token in self._pieces.get(data[read : read + size], ())]

    @cached_property
    def _pieces(self) -> dict[bytes, list[int]]:
        """The tokens that give text, by what they give."""
        found: dict[bytes, list[int]] = {}
        for token in range(self._reference.vocabulary_size):
            if not self._reference.is_control(token) and not self._reference.is_end(token):
                found.setdefault(self._reference.piece(token), []).append(token)
        return found

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """The tokens that end a text."""
        import numpy as np

        vocabulary = range(self._reference.vocabulary_size)
        return np.array([token for token in vocabulary if self._reference.is_end(token)], dtype=np.int64)


def _one(token: int) -> NDArray[np.int64]:
    import numpy as np

    return np.array([token], dtype=np.int64)


def _rows(llama: Llama, before: Sequence[int], path: Sequence[int], *, ended: bool) -> list[NDArray[np.float32]]:
    """The logits with which each token of a text was drawn, and at last its end where it has one."""
    llama.clear()
    rows = [llama.decode(before, 0)[0]]
    decoded = list(path) if ended else list(path[:-1])
    return rows + (list(llama.decode(decoded, len(before), every=True)) if decoded else [])


def _core(row: NDArray[np.float32], seen: Sequence[int]) -> NDArray[np.int64]:
    """The likeliest tokens that were not there before."""
    import numpy as np

    best: NDArray[np.int64] = np.argpartition(row, -_CORE)[-_CORE:]
    kept = (row[best] >= row.max() + _LEAST) & ~np.isin(best, seen)
    return np.asarray(best[kept], dtype=np.int64)


def _logs(rows: Sequence[NDArray[np.float32]], places: Sequence[_Place]) -> LogRatios:
    """The log-probability of a text, and that of its tokens in the core given the core."""
    import numpy as np

    whole = core = 0.0
    for row, place in zip(rows, places, strict=True):
        logs = log_probabilities(row)
        whole += _log_sum(logs[place.outcome])
        inside = place.outcome[np.isin(place.outcome, place.core)]
        if len(inside):
            core += _log_sum(logs[inside]) - _log_sum(logs[place.core])
    return LogRatios(whole, core)


def _less(other: LogRatios, own: LogRatios) -> LogRatios:
    return LogRatios(other.whole - own.whole, other.core - own.core)


def _log_sum(logs: NDArray[np.float64]) -> float:
    import numpy as np

    highest = float(logs.max())
    return highest + math.log(float(np.exp(logs - highest).sum()))
