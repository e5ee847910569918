"""Vendors as they are drawn: what each kind prints, and what it serves."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from steelyard_forensics.gauntlet.parameters import Bursts, Clusters, ItemCurves, Kind, World, load_world
from steelyard_forensics.gauntlet.vendors import Abilities, Row, bad_times, draw_vendor, luck


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


@pytest.mark.parametrize(
    ("place", "printed"),
    [(0, "75.2 85.0 79.3 61.7 92.1"), (3, "87.6 91.5 89.0 79.1 96.5"), (6, "79.7 87.0 82.1 62.3 93.2")],
)
def test_vendors_of_a_sealed_world_print_what_they_printed_then(place: int, printed: str) -> None:
    """By commit 0c6fe220, before kinds had times, documents and places in a file."""
    world = load_world("simulated", Path("lab/bench/gauntlet_worlds/2026-11-27b.yaml"))
    vendor = draw_vendor(Abilities(world), world.honest[place], np.random.default_rng(3))
    assert " ".join(row.printed for row in vendor.rows) == printed
    assert not vendor.orders
    assert not any(row.states for row in vendor.rows)


def of_state(row: Row, decoding: str, *, bad: bool | None = None) -> Any:
    return row.states.get((decoding, bad), row).public


@pytest.mark.parametrize("lower", [0.0, 3.0, 6.0])
@pytest.mark.parametrize("decoding", ["greedy", "sampled"])
def test_greedy_answers_are_so_many_points_lower_than_sampled_ones(small: World, lower: float, decoding: str) -> None:
    rows = rows_of(small, 20, decoding=decoding, stated="nothing", greedy_lower=lower, unsteady=(0.0,))
    found = [100 * (of_state(row, "sampled").mean() - of_state(row, "greedy").mean()) for row in rows]
    assert found == pytest.approx([lower] * len(rows), abs=100 / 60 / 2)
    assert all(set(of_state(row, "greedy")) <= {0.0, 1.0} for row in rows)
    assert abs(np.mean([float(row.printed) - 100 * of_state(row, decoding).mean() for row in rows])) < 2
    assert all(row.is_true for row in rows)


def test_what_is_right_greedily_has_the_higher_rates_where_nothing_else_is_said(small: World) -> None:
    for row in rows_of(small, 5, stated="nothing", unsteady=(0.0,)):
        rates, right = of_state(row, "sampled"), of_state(row, "greedy") == 1
        assert rates[right].mean() > rates[~right].mean() + 0.2


@pytest.mark.parametrize("clamped", [0.0, 0.9, 1.0])
def test_clamped_answers_vary_less_at_the_same_score(small: World, clamped: float) -> None:
    changes: dict[str, Any] = {"decoding": "sampled", "entropy": (2.0,)}
    plain, served = rows_of(small, 20, **changes)[::2], rows_of(small, 20, clamped=clamped, **changes)[::2]
    assert [row.printed for row in plain[:1]] == [row.printed for row in served[:1]]
    assert [row.public.mean() for row in served[:1]] == pytest.approx(
        [row.public.mean() for row in plain[:1]], abs=0.01
    )
    variance = np.mean([row.public * (1 - row.public) for row in served])
    assert variance < (1 - clamped) * 0.2 + 1e-9


def test_lowering_noise_is_on_both_sides(small: World) -> None:
    rows = rows_of(small, lowers=0.1, unsteady=(0.0,))
    assert {max(row.public) for row in rows} == {0.9}
    assert abs(np.mean(gaps(rows))) < 0.5
    assert all(row.is_true for row in rows)


def test_a_vendor_with_bursts_prints_its_long_run_mean(small: World) -> None:
    rows = rows_of(small, bursts=Bursts(share=0.25, drop=20), unsteady=(0.0,))
    assert max(map(abs, gaps(rows))) < 0.11
    for row in (row for row in rows if row.public.mean() > 0.2):
        good, bad = (of_state(row, "greedy", bad=each).mean() for each in (False, True))
        assert good - bad == pytest.approx(0.2)
        assert row.public.mean() == pytest.approx(0.75 * good + 0.25 * bad)


def times_of(calls: int = 200_000, samples: int = 1000, **changes: Any) -> Any:
    random = np.random.default_rng(1)
    return np.array(list(islice(bad_times(Kind(name="k", **changes), samples, random), calls)))


def test_bursts_are_a_share_of_the_time_in_stretches() -> None:
    bad = times_of(bursts=Bursts(share=0.05, drop=40, calls=(100,)))
    assert bad.mean() == pytest.approx(0.05, abs=0.015)
    stretches = np.count_nonzero(np.diff(bad.astype(int)) == 1)
    assert bad.sum() / stretches == pytest.approx(100, rel=0.3)


def test_a_model_is_swapped_after_a_while_or_in_the_evening(small: World) -> None:
    assert times_of(calls=2000, share=0.3, day=0).tolist() == [False] * 700 + [True] * 1300
    evenings = times_of(calls=4000, share=0.25, day=400)
    assert evenings.reshape(-1, 400).sum(axis=1).tolist() == [100] * 10
    assert np.count_nonzero(np.diff(evenings.astype(int)) == 1) in (9, 10)
    assert set(times_of(calls=10, share=0.3)) == {None}
    rows = rows_of(small, ability=-1.5, correlation=0.6, share=0.3, day=0, unsteady=(0.0,))
    good, bad = (np.mean([of_state(row, "greedy", bad=each).mean() for row in rows]) for each in (False, True))
    assert good - bad > 0.15
    assert np.mean([row.public.mean() for row in rows]) == pytest.approx(0.7 * good + 0.3 * bad)


@pytest.mark.parametrize(
    ("clusters", "in_common"),
    [(Clusters(size=10), (1.0, 0.0)), (Clusters(size=10, scattered=True), (0.0, 1.0)), (None, (0.0, 0.0))],
    ids=["neighbours", "scattered", "none"],
)
def test_items_of_a_document_have_noise_in_common_in_one_pass(
    clusters: Clusters | None, in_common: tuple[float, float]
) -> None:
    kind, random = Kind(name="k", clusters=clusters), np.random.default_rng(1)
    drawn = luck(kind, np.arange(100), 100, np.arange(4000)[:, None], random)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    correlations = [np.corrcoef(drawn[:, 0], drawn[:, other])[0, 1] for other in (1, 10)]
    assert correlations == pytest.approx(in_common, abs=0.06)
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.06  # the next pass is another one


def test_the_share_of_clusters_is_a_correlation() -> None:
    random, kind = np.random.default_rng(1), Kind(name="k", clusters=Clusters(size=10, share=0.5))
    drawn = luck(kind, np.arange(10), 100, np.arange(4000)[:, None], random)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(0.48, abs=0.06)


def drifting(world: World, **fields: Any) -> World:
    return msgspec.structs.replace(
        world, benchmarks=tuple(msgspec.structs.replace(each, **fields) for each in world.benchmarks)
    )


def test_a_file_that_is_in_an_order_grows_harder_and_its_first_items_flatter(small: World) -> None:
    world = drifting(small, samples=1000, drift=0.5)
    places = np.arange(1000)
    assert np.corrcoef(Abilities(world).items[0][1], places)[0, 1] == pytest.approx(0.5, abs=0.1)
    by_subject = Abilities(drifting(small, samples=1000, drift=1.0, subjects=10)).items[0][1]
    within = [np.std(part) for part in np.array_split(by_subject, 10)]
    assert max(within) < 0.6 * np.std(by_subject)
    assert abs(np.corrcoef(by_subject, places)[0, 1]) < 0.9
    first, any_items = (
        np.mean(gaps(rows_of(world, scored=150, first=first, unsteady=(0.0,)))) for first in (True, False)
    )
    assert first > 10
    assert abs(any_items) < 2


def test_a_benchmark_may_have_difficulties_of_its_own(small: World) -> None:
    hard = Abilities(drifting(small, samples=1000, items=ItemCurves(mean=(3.0, 3.0), spread=0.1, slope=0.0)))
    slopes, difficulties = hard.items[1]
    assert (difficulties.mean(), difficulties.std()) == pytest.approx((3.0, 0.1), abs=0.02)
    assert set(slopes) == {1.0}
