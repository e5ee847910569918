"""Cues: an effect up to the tolerance accuses nobody too often, also outside the formula; larger ones are found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cues import HONEST, honest_pairs, largest, pairs_of
from steelyard_forensics.stats.cues import BETS, CuePairs, detectable_effect

Scores = Sequence[tuple[int | None, int | None]]
scores = st.lists(st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0, 1, None])), max_size=60)


def read(found: Scores, tolerance: float = 0.05, margin: float = 0.1) -> CuePairs:
    pairs = CuePairs(tolerance, margin)
    for cue, placebo in found:
        pairs.observe(cue, placebo)  # type: ignore[arg-type]
    return pairs


# ── the first test: the effect is at most the tolerance ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", HONEST)
def test_an_effect_of_the_tolerance_is_accused_no_more_often_than_the_level_says(kind: str) -> None:
    random = np.random.default_rng([3, sum(map(ord, kind))])
    found = largest(honest_pairs(kind, 2_000, 300, random)).max(axis=1) >= 20
    assert found.mean() <= 0.05 + 2.6 * (0.05 * 0.95 / 2_000) ** 0.5


@pytest.mark.parametrize(("effect", "alone", "power"), [(0.15, 0.03, 0.85), (0.25, 0.06, 0.99), (0.15, 0.06, 0.68)])
def test_the_power_is_what_is_stated(effect: float, alone: float, power: float) -> None:
    """At α = .01 with 300 pairs; ``alone``: pairs that only the placebo has right."""
    e = largest(pairs_of(4_000, 300, effect, alone, np.random.default_rng(7)))
    assert (e.max(axis=1) >= 100).mean() >= power
    if effect == 0.25:
        assert np.median((e >= 100).argmax(axis=1) + 1) <= 80


def test_e_is_that_of_the_closed_form() -> None:
    differences = pairs_of(20, 200, 0.2, 0.06, np.random.default_rng(3))
    for row, expected in zip(differences, largest(differences), strict=True):
        found = read([(int(d >= 0), int(d < 0)) if d else (1, 1) for d in row])
        assert found.highest == pytest.approx(max(1.0, expected.max()))


@given(scores)
def test_what_is_missing_speaks_for_the_model(found: Scores) -> None:
    pairs, counted = read(found), read([(cue or 0, 1 if placebo is None else placebo) for cue, placebo in found])
    assert pairs.p == counted.p
    assert pairs.effect == counted.effect
    assert pairs.highest_within <= counted.highest_within
    low, high = pairs.interval()
    inside = counted.interval()
    assert low <= inside[0]
    assert inside[1] <= high


@given(st.sampled_from(BETS), st.sampled_from([-1, 0, 1]), st.floats(0, 0.9), st.floats(0.01, 0.09))
def test_no_factor_is_ever_negative(bet: float, d: int, tolerance: float, more: float) -> None:
    assert 1 + bet * (d - tolerance) > 0 or tolerance > 2 / 3
    assert 1 + bet * (tolerance + more - d) > 0


@given(scores)
def test_more_right_answers_under_the_placebo_never_accuse_more(found: Scores) -> None:
    better = [(cue, 1) for cue, _ in found]
    assert read(better).highest <= read(found).highest
    assert read(better).highest_within >= read(found).highest_within


# ── the second test: the effect is a small one ──────────────────────────────────────────────────────────────────────


def test_an_effect_of_the_margin_is_called_small_no_more_often_than_the_level_says() -> None:
    differences = pairs_of(3_000, 300, 0.1, 0.06, np.random.default_rng(11))
    found = largest(-differences, -0.1).max(axis=1) >= 20
    assert found.mean() <= 0.05 + 2.6 * (0.05 * 0.95 / 3_000) ** 0.5


def test_no_effect_is_shown_to_be_small_in_enough_pairs() -> None:
    pairs = read([(1, 1)] * 200)
    assert pairs.highest_within >= 20
    assert pairs.p == 1


# ── what would be seen ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("alone", [0.02, 0.06])
def test_the_detectable_effect_is_seen_with_the_stated_power(alone: float) -> None:
    effect = detectable_effect(300, alone, 0.05, 0.01)
    assert effect is not None
    e = largest(pairs_of(2_000, 300, effect, alone, np.random.default_rng(5)))
    assert 0.88 <= (e.max(axis=1) >= 100).mean() <= 0.98


@pytest.mark.parametrize(("pairs", "alone"), [(3, 0.06), (0, 0.06), (300, 0.5)])
def test_nothing_is_seen_with_few_pairs_or_answers_that_are_chance(pairs: int, alone: float) -> None:
    assert detectable_effect(pairs, alone, 0.05, 0.01) is None


def test_more_pairs_see_smaller_effects_and_stricter_levels_larger_ones() -> None:
    found = [detectable_effect(pairs, 0.06, 0.05, level) for pairs, level in ((1000, 0.01), (300, 0.01), (300, 0.001))]
    assert None not in found
    assert found == sorted(found)  # type: ignore[type-var]


def test_some_honest_pairs_stand_before_the_first() -> None:
    assert CuePairs(0.05, 0.1).placebo_alone == pytest.approx(0.06)
    assert read([(0, 1)] * 20).placebo_alone == pytest.approx(0.53)


@pytest.mark.parametrize(("tolerance", "margin"), [(0.1, 0.1), (-0.1, 0.1), (0.05, 1), (0.2, 0.1)])
def test_the_tolerance_is_below_the_margin(tolerance: float, margin: float) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        CuePairs(tolerance, margin)
