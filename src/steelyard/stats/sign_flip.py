"""The sign-flip permutation test of paired scores, by samples or by whole clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["cluster_sums", "sign_flip_interval", "sign_flip_p"]

FLIPS: Final = 9_999  # drawn at random where the sums are on no lattice, and too many to enumerate
INVERTED: Final = 1_999  # for an interval, where a few flips more would move its ends by less than they are rounded
ENUMERATED: Final = 16  # sums of which all 2^16 sign patterns are taken
DENOMINATOR: Final = 60  # the finest lattice: scores that are averages of up to 6 answers lie on it
BATCH: Final = 4_000_000  # signs that are drawn at once
WORK: Final = 200_000_000  # additions that the exact distribution on a lattice may take


def cluster_sums(differences: Sequence[float], clusters: Sequence[Hashable]) -> list[float]:
    """The sum of the differences of each cluster, in the order in which clusters first come."""
    found: dict[Hashable, float] = defaultdict(float)
    for difference, cluster in zip(differences, clusters, strict=True):
        found[cluster] += difference
    return list(found.values())


def sign_flip_p(sums: Sequence[float]) -> float:
    """Two-sided p-value of the null that each of ``sums`` is as likely to have either sign, from their total.

    ``sums`` are paired differences, one a sample, or of whole clusters (:func:`cluster_sums`): what hangs together is
    flipped together (Fisher 1935, "The Design of Experiments", §21; for clusters Cameron, Gelbach & Miller 2008,
    "Bootstrap-based improvements for inference with clustered errors", where they call it Rademacher weights). It is
    exact under symmetry at any number of sums, and asymptotically so for a mean of 0.

    All sign patterns are counted for up to 16 sums that are not 0, and for sums on a lattice (counts of samples, scores
    that average a few answers), whose distribution is added up sum by sum. Otherwise p is (1 + patterns at least as
    extreme) / (1 + patterns drawn) over 9,999 random patterns, which keeps the size exactly (Phipson & Smyth 2010). The
    generator is seeded by the sums themselves, so that nobody can choose the draw. The smallest possible p of k sums
    is 2^(1−k).
    """
    import numpy as np

    values = np.array([each for each in sums if each], dtype=float)
    if not len(values):
        return 1.0
    sizes = np.sort(np.abs(values))
    observed = abs(float(values.sum()))
    if len(values) <= ENUMERATED:
        return _enumerated(sizes, observed)
    if (whole := _on_lattice(values)) is not None:
        return _on_lattice_p(np.sort(np.abs(whole)), abs(int(whole.sum())))
    return _drawn(sizes, observed)


def sign_flip_interval(sums: Sequence[float], sizes: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The mean differences of clusters that the sign-flip test does not reject at level α, within [−1, 1].

    ``sums`` are those of each cluster's differences, ``sizes`` their numbers of samples; a mean δ is tested by sums −
    δ · sizes. The same patterns serve every δ, so the ends are found by bisection. It needs no degrees of freedom, of
    which a t interval has too many where few clusters are large. With fewer than 6 clusters nothing can be rejected at
    5 %, and the interval is [−1, 1]. Raises ValueError without clusters.
    """
    import numpy as np

    if not len(sums):
        raise ValueError("an interval needs at least one cluster")
    values, numbers = np.array(sums, dtype=float), np.array(sizes, dtype=float)
    of_sums, of_sizes = _totals(values, numbers)
    identity = int(len(values) > ENUMERATED)
    total, n = float(values.sum()), float(numbers.sum())

    def inside(mean: float) -> bool:
        extreme = np.abs(of_sums - mean * of_sizes) >= abs(total - mean * n) - 1e-9 * n
        return bool((identity + int(extreme.sum())) / (identity + len(of_sums)) > alpha)

    ends = []
    for end in (-1.0, 1.0):
        kept = total / n
        if inside(end):
            kept = end
        else:
            for _ in range(30):
                middle = (kept + end) / 2
                kept, end = (middle, end) if inside(middle) else (kept, middle)
        ends.append(kept)
    return ends[0], ends[1]


def _totals(values: Doubles, numbers: Doubles) -> tuple[Doubles, Doubles]:
    """The totals of both under every pattern of signs where these are few, else under random ones, seeded by values.

    A pattern and its opposite are equally extreme: of all patterns half are enough.
    """
    import numpy as np

    both, count = np.stack([values, numbers], axis=1), len(values)
    if count <= ENUMERATED:
        places = np.arange(2 ** (count - 1))[:, None] >> np.arange(count)
        totals = (1.0 - 2.0 * (places & 1)) @ both
        return totals[:, 0], totals[:, 1]
    seed = int.from_bytes(sha256(np.sort(np.abs(values)).tobytes()).digest()[:16], "big")
    random, parts, left = np.random.default_rng(seed), [], INVERTED
    while left:
        batch = min(left, max(1, BATCH // count))
        parts.append((random.integers(0, 2, (batch, count), dtype=np.int8) * 2.0 - 1.0) @ both)
        left -= batch
    totals = np.concatenate(parts)
    return totals[:, 0], totals[:, 1]


def _enumerated(sizes: Doubles, observed: float) -> float:
    import numpy as np

    totals = np.zeros(1)
    for size in sizes:
        totals = np.concatenate([totals + size, totals - size])
    return float(np.mean(np.abs(totals) >= observed - _tolerance(sizes)))


def _on_lattice(values: Doubles) -> NDArray[np.int64] | None:
    """The values as multiples of a common step; None where there is none, or their sum would take too long."""
    import numpy as np

    scaled = values * DENOMINATOR
    whole = np.rint(scaled).astype(np.int64)
    if np.abs(scaled - whole).max() > 1e-6 or not np.abs(whole).min():
        return None
    whole = whole // np.gcd.reduce(whole)
    return whole if len(whole) * (2 * int(np.abs(whole).sum()) + 1) <= WORK else None


def _on_lattice_p(whole: NDArray[np.int64], observed: int) -> float:
    """The probability of a total at least as far from 0, by adding up the distribution of signs, sum by sum."""
    import numpy as np

    reach = int(whole.sum())
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    used = 0
    for size in map(int, whole):  # the smallest first: the distribution grows as late as possible
        low, high = reach - used, reach + used + 1
        now = chances[low:high].copy()
        chances[low:high] = 0.0
        chances[low - size : high - size] += now / 2
        chances[low + size : high + size] += now / 2
        used += size
    return min(1.0, 2 * float(chances[reach + observed :].sum())) if observed else 1.0


def _drawn(sizes: Doubles, observed: float) -> float:
    import numpy as np

    seed = int.from_bytes(sha256(sizes.tobytes()).digest()[:16], "big")
    random, extreme, left = np.random.default_rng(seed), 0, FLIPS
    least = observed - _tolerance(sizes)
    while left:
        number = min(left, max(1, BATCH // len(sizes)))
        signs = random.integers(0, 2, (number, len(sizes)), dtype=np.int8) * 2.0 - 1.0
        extreme += int(np.sum(np.abs(signs @ sizes) >= least))
        left -= number
    return (1 + extreme) / (1 + FLIPS)


def _tolerance(sizes: Doubles) -> float:
    """Totals that differ by rounding alone are equal."""
    return 1e-9 * float(sizes.sum())
