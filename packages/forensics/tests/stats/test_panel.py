"""A panel's test: its size, families that are counted once, what it finds, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.intervals import clopper_pearson
from steelyard_forensics.stats.panel import PanelScore, families_needed, panel_gap

SIZES = (500, 500)


def panel(families: int = 60, seed: int = 1, each: int = 1, scatter: float = 0.02) -> list[PanelScore]:
    """Models from .35 to .92 whose drop scatters; the models of a family are alike."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(families):
        level = 0.35 + 0.57 * number / families
        public, twins = random.normal([level, level - 0.03], scatter)
        found += [PanelScore(f"f{number}", float(public), float(twins))] * each
    return found


def test_families_needed() -> None:
    assert [families_needed(alpha) for alpha in (0.05, 0.01)] == [59, 299]
    with pytest.raises(ValueError, match="59 families are needed, and the panel has 58"):
        panel_gap(0.7, 0.7, SIZES, panel(58, each=3), 0.05)


@pytest.mark.parametrize("heavy", [False, True])
def test_honest_models_are_rarely_accused(heavy: bool) -> None:
    """One more model of the same kind, at every ability: the rate's interval reaches the level or stays below it."""
    random, accused, models = np.random.default_rng(5), 0, 400
    for _ in range(models):
        scatter = random.standard_t(3, (61, 2)) if heavy else random.normal(size=(61, 2))
        level = random.uniform(0.35, 0.9, 61)
        public, twins = np.clip(level + 0.02 * scatter[:, 0], 0, 1), np.clip(level - 0.03 + 0.02 * scatter[:, 1], 0, 1)
        scores = [PanelScore(str(at), float(public[at]), float(twins[at])) for at in range(60)]
        accused += panel_gap(float(public[60]), float(twins[60]), SIZES, scores, 0.05).p <= 0.05
    assert clopper_pearson(accused, models)[0] <= 0.05


def test_models_of_one_family_count_once() -> None:
    once, often = panel_gap(0.75, 0.7, SIZES, panel(), 0.05), panel_gap(0.75, 0.7, SIZES, panel(each=7), 0.05)
    assert often == once
    mixed = [*panel(), *[each for each in panel() if each.family == "f3"] * 20]
    assert panel_gap(0.75, 0.7, SIZES, mixed, 0.05).p == once.p


def test_a_large_gap_is_found_and_a_small_one_bounded() -> None:
    found = panel_gap(0.95, 0.70, SIZES, panel(), 0.05)
    assert found.p <= 0.05
    assert found.ci[0] > 0.1
    assert found.expected == pytest.approx(0.73, abs=0.02)
    assert found.gap == pytest.approx(0.22, abs=0.03)
    assert found.ci[0] < found.gap < found.ci[1]
    assert found.mde is not None
    assert 0.05 < found.mde < 0.15
    honest = panel_gap(0.73, 0.70, SIZES, panel(), 0.05)
    assert honest.p > 0.2
    assert honest.ci[1] < 0.1


def test_models_of_another_ability_are_not_accused() -> None:
    """Twins are harder by one amount on the logit scale: the drop is large in the middle, and small at the ends."""
    random = np.random.default_rng(3)
    ability = np.concatenate([random.normal(-1.5, 0.5, 55), random.normal(1, 1, 20)])
    public, twins = 1 / (1 + np.exp(-ability)), 1 / (1 + np.exp(0.6 - ability))
    noise = random.normal(0, 0.01, (2, 75))
    scores = [
        PanelScore(str(at), float(np.clip(a, 0, 1)), float(np.clip(b, 0, 1)))
        for at, (a, b) in enumerate(zip(public + noise[0], twins + noise[1], strict=True))
    ]
    for own in (-1.0, 0.0, 0.5, 1.0, 1.5):
        model = 1 / (1 + np.exp(-own)), 1 / (1 + np.exp(0.6 - own))
        assert panel_gap(float(model[0]), float(model[1]), SIZES, scores, 0.05).p > 0.05


@given(st.floats(0.45, 0.85), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_public_score_never_speaks_for_the_model(twins: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    first, second = (panel_gap(public, twins, SIZES, panel(), 0.05) for public in (low, high))
    for found in (first, second):
        assert 1 / 61 - 1e-9 <= found.p <= 1
        assert found.p == max(found.p_interval, found.p_rank)
        assert found.ci[0] <= found.gap <= found.ci[1]
        assert (found.ci[0] >= -1e-9) >= (found.p_interval < 0.05 - 1e-6)  # what accuses has an interval above 0
    if twins <= low:  # among drops that no panel has, leverage may bend the order
        assert second.p_interval <= first.p_interval + 0.05


def test_a_panel_that_says_nothing_is_refused() -> None:
    alike = [PanelScore(str(at), 0.7, 0.6) for at in range(60)]
    with pytest.raises(ValueError, match="too few different ones"):
        panel_gap(0.7, 0.6, SIZES, alike, 0.05)
    exact = [PanelScore(str(at), 0.3 + at / 100, 0.3 + at / 100) for at in range(60)]
    with pytest.raises(ValueError, match="do not vary"):
        panel_gap(0.7, 0.6, SIZES, exact, 0.05)
