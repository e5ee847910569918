"""One vendor, audited again and again: it stays the same model, and a cheater goes where its rule sends it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from steelyard_forensics.gauntlet.parameters import Kind, World
from steelyard_forensics.gauntlet.series import next_rung, run_series
from steelyard_forensics.gauntlet.series_parameters import SeriesWorld, load_series
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor


@pytest.fixture
def series() -> SeriesWorld:
    """The world that ships, with three rounds."""
    return msgspec.structs.replace(load_series(), rounds=3)


def test_all_rungs_of_a_ladder_are_one_model(small: World) -> None:
    """Where a rung is a router, its public answers are those of honesty: the model is the same, to each item."""
    abilities = Abilities(small)
    for ladder in load_series().cheats:
        honest = draw_vendor(abilities, ladder.rungs[-1], np.random.default_rng(3))
        for rung in ladder.rungs:
            vendor = draw_vendor(abilities, rung, np.random.default_rng(3))
            for row, plain in zip(vendor.rows, honest.rows, strict=True):
                if not rung.memorised and not rung.ability:
                    assert (row.public == plain.public).all()
                elif rung.memorised:
                    assert (row.public >= plain.public).mean() > 0.9


def test_fresh_items_are_new_in_each_round_and_nothing_else_is(small: World) -> None:
    abilities, kind = Abilities(small), Kind(name="k")
    first, second = (
        draw_vendor(abilities, kind, np.random.default_rng(3), np.random.default_rng(fresh)).rows[1] for fresh in (1, 2)
    )
    assert (first.public == second.public).all()
    assert first.printed == second.printed
    assert (first.fresh != second.fresh).any()


def test_fresh_items_of_their_own_leave_the_draws_of_a_single_audit_as_they_are(small: World) -> None:
    """The printed tables of the simulated world rest on these draws."""
    kinds = (Kind(name="k"), Kind(name="k", gain=1.0, correlation=0.8, formats=3))
    found = []
    for kind in kinds:
        rows = draw_vendor(Abilities(small), kind, np.random.default_rng(3)).rows
        found.append(([row.printed for row in rows], int(rows[1].fresh.sum()), int(rows[1].placebo.sum())))
    assert found == [(["46.7", "40.0"], 40, 33), (["51.7", "61.3"], 49, 31)]


def test_a_wary_cheater_goes_down_and_a_safe_one_up(series: SeriesWorld) -> None:
    assert next_rung(series, 0, 4, [1.0, 0.1]) == 1
    assert next_rung(series, 3, 4, [0.0]) == 3
    assert next_rung(series, 2, 4, [0.4, 1.0]) == 2
    assert next_rung(series, 2, 4, [0.7, 1.0]) == 1
    assert next_rung(series, 0, 4, [1.0]) == 0


def test_a_bold_lie_is_found_at_once_and_a_timid_liar_begins_honest(small: World, series: SeriesWorld) -> None:
    abilities = Abilities(small)
    rungs = (Kind(name="bold", inflated=40), Kind(name="none", unsteady=(0.0,)))
    bold = [run_series(abilities, series, "k", rungs, number, 1) for number in range(4)]
    assert [each.found for each in bold] == [1] * 4
    assert [(each.rounds, each.lied) for each in bold] == [(1, 1)] * 4
    timid = [run_series(abilities, series, "k", rungs, number, 1, begins="timid") for number in range(4)]
    assert all(each.found != 1 for each in timid)


def test_the_ledger_s_count_makes_later_audits_stricter(small: World, series: SeriesWorld) -> None:
    """With the level of a first audit in each of them, an honest vendor is accused at least as often."""
    abilities, kind = Abilities(small), Kind(name="plain", same_items=True)

    def accused(*, counted: bool) -> int:
        ended = [run_series(abilities, series, "k", (kind,), number, 2, counted=counted) for number in range(12)]
        return sum(each.found is not None for each in ended)

    assert accused(counted=True) <= accused(counted=False)
