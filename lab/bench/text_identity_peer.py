"""model-equality-testing (0.0.2), beside identity by text: its MMD with the Hamming kernel, on the same texts.

With one answer a prompt its statistic divides by the number of pairs of answers to one prompt, which is 0. So all texts
are given to it as answers to one prompt. Its kernel is computed here once a bank, since it computes it anew at each
permutation; :meth:`Peer.p` first holds its own statistic against ours.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

__all__ = ["Peer", "open_peer"]

PERMUTATIONS: Final = 199
_NOT_HERE: Final = (
    "--peer needs model-equality-testing with torch and matplotlib: "
    "pip install model-equality-testing==0.0.2 (or --no-deps beside them)"
)

Pair = tuple[str, str]


def open_peer() -> Peer:
    """The package; a usage error where it is not installed."""
    try:
        return Peer(
            importlib.import_module("model_equality_testing.distribution").CompletionSample,
            importlib.import_module("model_equality_testing.tests").mmd_hamming,
            importlib.import_module("model_equality_testing.utils").tokenize_unicode,
        )
    except ImportError as error:
        raise click.UsageError(f"{_NOT_HERE} ({error})") from None


class Peer:
    """Its sample, its statistic and its reading of texts."""

    def __init__(self, sample: Any, statistic: Any, tokenize: Any) -> None:
        self._sample, self._statistic, self._tokenize = sample, statistic, tokenize
        self._kernels: dict[frozenset[Pair], tuple[dict[str, int], NDArray[np.float64]]] = {}
        self.one_a_prompt: float | None = None

    def p(self, pairs: Sequence[Pair], number: int) -> float:
        """The permutation p-value of all first texts against all second ones."""
        texts = [one for one, _ in pairs] + [other for _, other in pairs]
        places, kernel = self._kernel(pairs, texts)
        whole = kernel[np.ix_([places[each] for each in texts], [places[each] for each in texts])]
        np.fill_diagonal(whole, 0)
        random = np.random.default_rng([number, len(pairs)])
        labels = np.zeros((PERMUTATIONS + 1, len(texts)))
        labels[0, : len(pairs)] = 1
        for row in labels[1:]:
            row[random.permutation(len(texts))[: len(pairs)]] = 1
        found = _mmd(labels, whole)
        return float((found >= found[0] - 1e-12).sum()) / (PERMUTATIONS + 1)

    def _kernel(self, pairs: Sequence[Pair], texts: Sequence[str]) -> tuple[dict[str, int], NDArray[np.float64]]:
        key = frozenset((min(pair), max(pair)) for pair in pairs)
        if key not in self._kernels:
            distinct = sorted(set(texts))
            tokens = np.asarray(self._tokenize(distinct))
            same = np.array([(row == tokens).sum(axis=1) for row in tokens], dtype=float)
            self._kernels[key] = {text: at for at, text in enumerate(distinct)}, same / tokens.shape[1]
            self._check(texts, *self._kernels[key])
        return self._kernels[key]

    def _check(self, texts: Sequence[str], places: dict[str, int], kernel: NDArray[np.float64]) -> None:
        """Hold its statistic against ours, and keep what it says where each prompt has one answer."""
        tokens, half = np.asarray(self._tokenize(list(texts))), len(texts) // 2

        def its(prompts: NDArray[np.int64], of: int) -> float:
            first, second = (
                self._sample(prompts, tokens[part], of) for part in (slice(0, half), slice(half, len(texts)))
            )
            return float(self._statistic(first, second))

        at = [places[each] for each in texts]
        whole = kernel[np.ix_(at, at)]
        np.fill_diagonal(whole, 0)
        labels = np.zeros((1, len(texts)))
        labels[0, :half] = 1
        assert abs(its(np.zeros(half, dtype=np.int64), 1) - _mmd(labels, whole)[0]) < 1e-9, "another statistic"
        with np.errstate(all="ignore"):
            self.one_a_prompt = its(np.arange(half), half)

    def note(self) -> str:
        """What it says as it is meant to be used."""
        return (
            f"With one answer to each prompt, as these texts were drawn, model-equality-testing's own statistic is "
            f"{self.one_a_prompt}.\n"
        )


def _mmd(labels: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its estimate, for each row of labels: within the first, less twice across, plus within the second."""
    first, second = labels, 1 - labels
    n, m = first.sum(axis=1), second.sum(axis=1)
    across = first @ kernel
    within_second = kernel.sum(axis=0) - across
    found: NDArray[np.float64] = (
        (across * first).sum(axis=1) / (n * (n - 1))
        - 2 * (across * second).sum(axis=1) / (n * m)
        + (within_second * second).sum(axis=1) / (m * (m - 1))
    )
    return found
