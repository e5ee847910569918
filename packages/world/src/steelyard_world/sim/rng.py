"""Random numbers as a pure function of an episode's seed, for whole batches at once.

Not ``numpy.random``: an episode must not depend on its neighbours in a batch, and a later version of NumPy must draw
the same one. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) is a counter run through a mixing function.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["standard_normal", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def uniform(seeds: Sequence[int], count: int, stream: int = 0) -> NDArray[np.float64]:
    """Give ``count`` numbers in [0, 1) for each seed: (B, count). Streams of one seed are independent."""
    keys = _mixed(np.asarray(seeds, dtype=np.uint64) + _GOLDEN)
    keys = _mixed(keys + _GOLDEN * np.arange(stream + 1, stream + 2, dtype=np.uint64))
    counters = _GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
    return (_mixed(keys[:, None] + counters) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def standard_normal(seeds: Sequence[int], count: int, stream: int = 0) -> NDArray[np.float64]:
    """Give ``count`` standard normal numbers for each seed: (B, count), by Box and Muller's formula."""
    pairs = uniform(seeds, 2 * count, stream)
    radius = np.sqrt(-2 * np.log1p(-pairs[:, :count]))
    return np.asarray(radius * np.cos(2 * np.pi * pairs[:, count:]))
