"""Paired scores → one tested difference, with bounds for what is open; a pure function."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final

from steelyard.comparison.record import Contrast, Scope
from steelyard.comparison.scored_run import SampleAnswers
from steelyard.stats.blocked import blocked_interval, blocked_p, blocks_by
from steelyard.stats.mcnemar import mcnemar_p
from steelyard.stats.multiway import file_places
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

    ``clusters`` is None where no group says what hangs together. ``times``: when each run was asked, in any unit;
    ``file``: the places in the file. Either is empty where it is not known.
    """

    first: tuple[tuple[float, float], ...]
    second: tuple[tuple[float, float], ...]
    groups: tuple[str, ...]
    clusters: tuple[Hashable, ...] | None
    times: tuple[tuple[int, ...], ...] = ()
    file: tuple[int, ...] = ()

    def chosen(self, group: str) -> PairedSamples:
        """The samples of one group, which says nothing more of what hangs together."""
        places = [place for place, each in enumerate(self.groups) if each == group]
        return PairedSamples(
            tuple(self.first[place] for place in places),
            tuple(self.second[place] for place in places),
            tuple(group for _ in places),
            None,
            tuple(tuple(order[place] for place in places) for order in self.times),
            tuple(self.file[place] for place in places if self.file),
        )

    @staticmethod
    def joined(parts: Sequence[PairedSamples]) -> PairedSamples:
        """All samples of several tasks; where some are in clusters, each other sample is one by itself."""
        clusters: list[Hashable] = []
        starts = accumulate((len(part.first) for part in parts), initial=0)
        for number, part in enumerate(parts):
            of_part = part.clusters or range(len(part.first))
            clusters += [(number, each) for each in of_part]
        return PairedSamples(
            tuple(each for part in parts for each in part.first),
            tuple(each for part in parts for each in part.second),
            tuple(each for part in parts for each in part.groups),
            tuple(clusters) if any(part.clusters for part in parts) else None,
            tuple(map(tuple, map(chain.from_iterable, zip(*(part.times for part in parts), strict=True)))),
            tuple(start + place for start, part in zip(starts, parts, strict=False) for place in part.file),
        )


def paired_samples(answers: Sequence[tuple[SampleAnswers, SampleAnswers]], names: Sequence[str] = ()) -> PairedSamples:
    """The paired scores of one task, whose samples have these ``names``: their numbers are their places in the file.

    Six groups or more are clusters of samples that hang together, as a passage's questions do. Fewer say nothing of
    further groups: the result is about these alone.
    """
    groups = tuple(one.group for one, _ in answers)
    return PairedSamples(
        tuple((one.low, one.high) for one, _ in answers),
        tuple((other.low, other.high) for _, other in answers),
        groups,
        groups if len(set(groups)) >= LEAST_CLUSTERS else None,
        tuple(tuple(pair[side].asked_us for pair in answers) for side in (0, 1)),
        tuple(file_places(names)),
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
    found = [_tested(each, samples, alpha) for each in readings]
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


def _tested(differences: list[float], samples: PairedSamples, alpha: float) -> tuple[float, tuple[float, float], str]:
    """The p-value, the interval, and the names of the tests, of which the largest p counts.

    Differences of right and wrong with a mean of 0 are symmetric. Others need not be: a few samples with a large one,
    of which none was drawn, may make up for all others, which the padded t allows for. None of these knows of bad
    stretches of time, or of neighbours in the file: the blocked test does.
    """
    rounded = [0.0 if abs(each) <= CLOSE else each for each in differences]
    clusters, tests = samples.clusters, dict[str, float]()
    intervals = [paired_interval(rounded, clusters, alpha)]
    is_ternary = all(each in (-1.0, 0.0, 1.0) for each in rounded)
    if clusters is not None:
        sums = cluster_sums(rounded, clusters)
        tests[f"sign flips of {len(sums):,} clusters"] = sign_flip_p(sums)
    elif is_ternary:
        tests["exact McNemar"] = mcnemar_p(rounded.count(1.0), rounded.count(-1.0))
    if not is_ternary:
        tests["padded t"] = padded_p(rounded)
        intervals.append(padded_interval(rounded, alpha))
    if p := blocked_p(rounded, blocks := blocks_by(samples.times, samples.file, clusters)):
        tests["blocks"] = p
        intervals.append(blocked_interval(rounded, blocks, alpha))
    low, high = zip(*intervals, strict=True)
    return max(tests.values()), (min(low), max(high)), " and ".join(tests)


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
