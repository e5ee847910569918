"""One model of the small world, honest or not, held against its test file: by our detectors' rules and by others."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import stats

from bench.small_world.network import Decoder, accuracy, log_likelihoods, token_log_likelihoods
from bench.small_world.sums import BEGIN, item_text, tokens_of
from steelyard.planning.file_order import SHUFFLES, shard_sample, shards_of
from steelyard.records import LoglikelihoodRequest, ModelOutput, Outcome
from steelyard.scorers.rank import Rank
from steelyard.stats.twins import Pairs
from steelyard_forensics.stats.rank_sum import rank_sum_p

__all__ = ["InOrder", "Measured", "Skill", "in_order", "measure", "skill"]

_MARGIN = 0.05  # of twin_gap, for its second test
_LEAST_LIKELY = 0.2  # Min-K %: the share of an item's characters


class InOrder(msgspec.Struct, frozen=True):
    """A file in its order: the mean rank, the detector's p, and the t-test's (Oren et al. 2023)."""

    mean_rank: float
    p: float
    oren_p: float


class Skill(msgspec.Struct, frozen=True):
    """Public and fresh items: shares that are right, z of their difference, the p of fresh twins, Min-K %'s AUC."""

    public: float
    fresh: float
    z: float
    twins_p: float
    min_k: float


class Measured(msgspec.Struct, frozen=True):
    """One model. ``order`` is how its file was learned (empty: not at all), ``repeats`` how often.

    ``known``: the share of the test file that is among what it learned from, as a duplicate check finds.
    """

    model: int
    width: int
    mix: float
    steps: int
    order: str
    repeats: int
    known: float
    skill: Skill
    in_order: InOrder


def measure(
    model: Decoder, digits: int, public: Sequence[int], fresh: Sequence[int], seed: str
) -> tuple[Skill, InOrder]:
    """A model, its test file in the order of the file, and fresh items."""
    return skill(model, digits, public, fresh), in_order(model, digits, public, seed)


def skill(model: Decoder, digits: int, public: Sequence[int], fresh: Sequence[int]) -> Skill:
    """How much better public items are answered."""
    own, other = accuracy(model, public, digits), accuracy(model, fresh, digits)
    variance = sum(float(each.mean() * (1 - each.mean())) / len(each) for each in (own, other))
    pairs = Pairs(_MARGIN)
    for one, two in zip(own, other, strict=False):
        pairs.observe(int(one), int(two))  # type: ignore[arg-type]
    gap = float(own.mean() - other.mean())
    return Skill(
        public=float(own.mean()),
        fresh=float(other.mean()),
        z=gap / variance**0.5 if variance else 0.0,
        twins_p=pairs.p,
        min_k=_area(_min_k(model, public, digits), _min_k(model, fresh, digits)),
    )


def _min_k(model: Decoder, numbers: Sequence[int], digits: int) -> np.ndarray:
    """The mean log-likelihood of an item's least likely characters (Shi et al. 2024, Min-K % Prob)."""
    tokens = np.array([[BEGIN, *tokens_of(item_text(number, digits))] for number in numbers], dtype=np.int64)
    values = np.sort(token_log_likelihoods(model, tokens), axis=1)
    scores: np.ndarray = values[:, : max(1, round(_LEAST_LIKELY * values.shape[1]))].mean(axis=1)
    return scores


def _area(own: np.ndarray, other: np.ndarray) -> float:
    """The chance that a public item scores higher than a fresh one."""
    return float(stats.mannwhitneyu(own, other).statistic) / (len(own) * len(other))


def in_order(model: Decoder, digits: int, numbers: Sequence[int], seed: str) -> InOrder:
    """A file's order among others: the stretches, their orders, the score and its sum are those of the detector."""
    texts = [item_text(number, digits) for number in numbers]
    ranks, leads = [], []
    for shard, places in enumerate(shards_of([len(text) for text in texts])):
        sample = shard_sample(str(shard), [texts[place] for place in places], seed, shard)
        assert isinstance(sample.request, LoglikelihoodRequest)
        values = log_likelihoods(model, sample.request.context, sample.request.continuations)
        score = Rank().score(sample, ModelOutput(outcome=Outcome.OK, logprobs=values))
        assert score.value is not None
        ranks.append(round(score.value * SHUFFLES))
        own = int(sample.target)
        leads.append(values[own] - float(np.mean([value for at, value in enumerate(values) if at != own])))
    return InOrder(
        mean_rank=sum(ranks) / (SHUFFLES * len(ranks)),
        p=rank_sum_p(sum(ranks), SHUFFLES, len(ranks)),
        oren_p=float(stats.ttest_1samp(leads, 0.0, alternative="greater").pvalue),
    )
