"""Vendors as they are drawn: what each kind prints, and what it serves."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from steelyard.gauntlet.parameters import Kind, World
from steelyard.gauntlet.vendors import Abilities, Row, draw_vendor


def rows_of(world: World, vendors: int = 40, **changes: Any) -> list[Row]:
    abilities, random = Abilities(world), np.random.default_rng(1)
    return [row for _ in range(vendors) for row in draw_vendor(abilities, Kind(name="k", **changes), random).rows]


def gaps(rows: list[Row]) -> list[float]:
    """Printed less served, in points."""
    return [float(row.printed) - 100 * float(row.public.mean()) for row in rows]


def test_an_honest_vendor_prints_what_it_serves(small: World) -> None:
    rows = rows_of(small, unsteady=(0.0,))
    assert max(map(abs, gaps(rows))) < 0.11  # greedy and steady: rounding or truncation alone
    assert all(row.is_true and row.same for row in rows)
    assert [len(row.fresh) for row in rows[:2]] == [0, 80]


@pytest.mark.parametrize(
    ("changes", "least", "most"),
    [
        ({"inflated": 8.0}, 7.8, 8.2),
        ({"boundary": True}, 1.9, 2.06),
        ({"prompts": 50}, 2.0, 12.0),
        ({"models": 5}, 5.0, 25.0),
        ({"ability": -0.8, "correlation": 0.6}, 8.0, 20.0),
        ({"ability": -0.8, "correlation": 0.6, "share": 0.5}, 4.0, 11.0),
        ({"decoding": "sampled", "runs": 30}, 2.0, 15.0),
        ({"checkpoints": 27, "winner": False}, 2.0, 12.0),
        ({"checkpoints": 27}, -0.11, 0.11),
        ({"formats": 8}, -0.11, 0.11),
        ({"skill": 0.8}, -0.11, 0.11),
        ({"flaky": 0.0, "memorised": 0.5}, -0.11, 0.11),
    ],
)
def test_each_kind_of_gap_is_as_large_as_it_says(
    small: World, changes: dict[str, Any], least: float, most: float
) -> None:
    assert least < np.mean(gaps(rows_of(small, unsteady=(0.0,), **changes))) < most


def test_memorised_items_make_public_ones_easier_than_fresh_ones(small: World) -> None:
    by_heart = [row for row in rows_of(small, memorised=0.5) if row.fresh.size]
    assert np.mean([row.public.mean() - row.fresh.mean() for row in by_heart]) > 0.1
    assert not any(row.same for row in by_heart)
    spilt = [row for row in rows_of(small, memorised=0.5, spill=0.5) if row.fresh.size]
    assert abs(np.mean([row.public.mean() - row.fresh.mean() for row in spilt])) < 0.03
    assert all(row.same for row in spilt)


def test_a_row_that_does_not_hold_is_known_to(small: World) -> None:
    assert not any(row.is_true for row in rows_of(small, inflated=10.0, unsteady=(0.0,)) if float(row.printed) < 100)
    assert all(row.is_true for row in rows_of(small, boundary=True, unsteady=(0.0,)))


def test_another_precision_agrees_with_its_model_by_the_copula(small: World) -> None:
    alike = rows_of(small, 60, correlation=0.99, unsteady=(0.0,))
    unlike = rows_of(small, 60, correlation=0.3, unsteady=(0.0,))
    assert np.std(gaps(alike)) < np.std(gaps(unlike)) / 2


def test_sampled_answers_vary_and_greedy_ones_do_not(small: World) -> None:
    def variance(**changes: Any) -> float:
        return float(np.mean([row.public * (1 - row.public) for row in rows_of(small, 20, **changes)[::2]]))

    assert variance(unsteady=(0.0,)) == 0
    assert variance(unsteady=(0.05,)) == pytest.approx(0.0475)
    assert variance(decoding="sampled", entropy=(2.0,)) > 0.05 > variance(decoding="sampled", entropy=(0.05,)) > 0


def test_a_subset_says_how_many_were_scored(small: World) -> None:
    assert {row.scored for row in rows_of(small, 3, scored=30)} == {30}
    assert {row.scored for row in rows_of(small, 3, scored=200)} == {None}


def test_public_items_of_a_generator_are_drawn_for_each_vendor_unless_they_are_one_set(small: World) -> None:
    """One set for all would make the false alarms of all vendors one coin."""

    def scatter(kind: Kind) -> float:
        """Over worlds, of the mean gap of a world's vendors."""
        means = []
        for seed in range(12):
            abilities, random = Abilities(msgspec.structs.replace(small, seed=seed)), np.random.default_rng(seed)
            rows = [draw_vendor(abilities, kind, random).rows[1] for _ in range(40)]
            means.append(np.mean([row.public.mean() - row.fresh.mean() for row in rows]))
        return float(np.std(means))

    assert scatter(Kind(name="k", same_items=True)) > 1.5 * scatter(Kind(name="k"))


def test_a_router_is_better_where_it_recognises_the_prompt_and_honest_vendors_hardly_react(small: World) -> None:
    def effect(**changes: Any) -> float:
        rows = [row for row in rows_of(small, unsteady=(0.0,), **changes) if row.placebo.size]
        assert all(row.unaware is not bool(changes.get("gain")) for row in rows)
        return float(np.mean([row.public.mean() - row.placebo.mean() for row in rows]))

    assert abs(effect()) < 0.03
    assert abs(effect(memorised=0.5)) < 0.03
    whole, seldom, often = effect(gain=2.0), effect(gain=2.0, recognised=0.5), effect(gain=2.0, misrecognised=0.5)
    assert whole > 0.15
    assert seldom < 0.7 * whole
    assert often < 0.7 * whole


def test_an_effect_of_headers_is_the_vendor_s_own(small: World) -> None:
    rows = rows_of(msgspec.structs.replace(small, header_effect=1.0), unsteady=(0.0,))
    effects = [row.public.mean() - row.placebo.mean() for row in rows if row.placebo.size]
    assert np.std(effects) > 0.1


def test_what_is_printed_does_not_depend_on_headers(small: World) -> None:
    other = msgspec.structs.replace(small, header_effect=1.0)
    assert [row.printed for row in rows_of(small)] == [row.printed for row in rows_of(other)]
