"""Paired scores → one tested difference, with bounds for what is open; a pure function."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from steelyard.comparison.record import Contrast, Scope
from steelyard.comparison.scored_run import SampleAnswers
from steelyard.stats.mcnemar import mcnemar_p
from steelyard.stats.padded import padded_interval, padded_p
from steelyard.stats.paired import design_effect, paired_interval
from steelyard.stats.paired_power import samples_for_mean, samples_to_see
from steelyard.stats.sign_flip import cluster_sums, sign_flip_p

__all__ = ["LEAST_CLUSTERS", "PairedSamples", "contrast", "paired_samples"]

LEAST_CLUSTERS: Final = 6  # with fewer the sign-flip test of whole clusters has no p-value below 5 %
CLOSE: Final = 1e-12


@dataclass(frozen=True)
class PairedSamples:
    """Samples that two runs answered, by parallel lists: scores in [0, 1] at both ends of what is open, and groups.

    ``clusters`` is None where samples count as independent.
    """

    first: tuple[tuple[float, float], ...]
    second: tuple[tuple[float, float], ...]
    groups: tuple[str, ...]
    clusters: tuple[Hashable, ...] | None

    def chosen(self, group: str) -> PairedSamples:
        """The samples of one group: there they count as independent."""
        places = [place for place, each in enumerate(self.groups) if each == group]
        return PairedSamples(
            tuple(self.first[place] for place in places),
            tuple(self.second[place] for place in places),
            tuple(group for _ in places),
            None,
        )

    @staticmethod
    def joined(parts: Sequence[PairedSamples]) -> PairedSamples:
        """All samples of several tasks; where some are in clusters, each other sample is one by itself."""
        clusters: list[Hashable] = []
        for number, part in enumerate(parts):
            of_part = part.clusters or range(len(part.first))
            clusters += [(number, each) for each in of_part]
        return PairedSamples(
            tuple(each for part in parts for each in part.first),
            tuple(each for part in parts for each in part.second),
            tuple(each for part in parts for each in part.groups),
            tuple(clusters) if any(part.clusters for part in parts) else None,
        )


def paired_samples(answers: Sequence[tuple[SampleAnswers, SampleAnswers]]) -> PairedSamples:
    """The paired scores of one task.

    Six groups or more are clusters of samples that hang together, as a passage's questions do. Fewer say nothing of
    further groups: the result is about these alone, within which samples are independent.
    """
    groups = tuple(one.group for one, _ in answers)
    return PairedSamples(
        tuple((one.low, one.high) for one, _ in answers),
        tuple((other.low, other.high) for _, other in answers),
        groups,
        groups if len(set(groups)) >= LEAST_CLUSTERS else None,
    )


def contrast(
    scope: Scope, samples: PairedSamples, *, task: str = "", group: str = "", see: float, alpha: float = 0.05
) -> Contrast:
    """Test the difference of two runs on these samples, at both ends of what is open.

    Where an answer is open or missing, the difference is tested with all of these against the second run and with all
    for it: p is the larger one, and 1 where the two point in different directions; the interval holds both. Raises
    ValueError without samples.
    """
    n = len(samples.first)
    if not n:
        raise ValueError("a contrast needs samples")
    least = [b[0] - a[1] for a, b in zip(samples.first, samples.second, strict=True)]
    most = [b[1] - a[0] for a, b in zip(samples.first, samples.second, strict=True)]
    readings = [least] if least == most else [least, most]
    found = [_tested(each, samples.clusters, alpha) for each in readings]
    means = [math.fsum(each) / n for each in readings]
    agree = all(mean > 0 for mean in means) or all(mean < 0 for mean in means)
    exact = [each for each in readings[0] if abs(each) > CLOSE]
    return Contrast(
        scope=scope,
        task=task,
        slice=group,
        n=n,
        clusters=len(set(samples.clusters)) if samples.clusters else n,
        first=_mean(samples.first),
        second=_mean(samples.second),
        difference=(means[0], means[-1]),
        ci=(min(low for _, (low, _), _ in found), max(high for _, (_, high), _ in found)),
        gains=sum(each > 0 for each in exact) if len(readings) == 1 else sum(each > CLOSE for each in least),
        losses=sum(each < 0 for each in exact) if len(readings) == 1 else sum(each < -CLOSE for each in most),
        open=sum(a != b for a, b in zip(least, most, strict=True)),
        method=found[0][2],
        p=max(p for p, _, _ in found) if agree else 1.0,
        see=see,
        needs=_needs(readings, samples.clusters, see, alpha),
    )


def _mean(scores: Sequence[tuple[float, float]]) -> tuple[float, float]:
    low, high = (math.fsum(each[end] for each in scores) / len(scores) for end in (0, 1))
    return low, high


def _tested(
    differences: list[float], clusters: tuple[Hashable, ...] | None, alpha: float
) -> tuple[float, tuple[float, float], str]:
    """The p-value, the interval, and the name of the test.

    Differences of right and wrong with a mean of 0 are symmetric. Others need not be: a few samples with a large one,
    of which none was drawn, may make up for all others. So p is that of the padded t too, whichever is larger.
    """
    rounded = [0.0 if abs(each) <= CLOSE else each for each in differences]
    low, high = paired_interval(rounded, clusters, alpha)
    is_ternary = all(each in (-1.0, 0.0, 1.0) for each in rounded)
    if clusters is None and is_ternary:
        return mcnemar_p(rounded.count(1.0), rounded.count(-1.0)), (low, high), "exact McNemar"
    sums = rounded if clusters is None else cluster_sums(rounded, clusters)
    p, method = sign_flip_p(sums), "sign flips" if clusters is None else f"sign flips of {len(sums):,} clusters"
    if is_ternary:
        return p, (low, high), method
    least, most = padded_interval(rounded, alpha)
    return max(p, padded_p(rounded)), (min(low, least), max(high, most)), f"{method} and padded t"


def _needs(readings: list[list[float]], clusters: tuple[Hashable, ...] | None, see: float, alpha: float) -> int | None:
    """About how many samples like these show a difference of ``see``; the larger number where answers are open.

    None for fewer than 10 samples: they say too little of how often two models differ.
    """
    if len(readings[0]) < 10:
        return None
    found = []
    for differences in readings:
        n = len(differences)
        effect = design_effect(differences, clusters) if clusters is not None else 1.0
        if all(each in (-1.0, 0.0, 1.0) for each in differences):
            discordant = (n - differences.count(0.0) + 1) / (n + 2)
            found.append(samples_to_see(see, discordant, alpha=alpha) * effect)
        else:
            mean = math.fsum(differences) / n
            deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in differences) / (n - 1))
            found.append(samples_for_mean(see, max(deviation, see), alpha=alpha) * effect)
    return math.ceil(max(found))
