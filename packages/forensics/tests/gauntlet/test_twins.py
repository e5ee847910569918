"""Vendors held against a panel: what is drawn, and whom the panel's test accuses."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from steelyard_forensics.gauntlet.parameters import World
from steelyard_forensics.gauntlet.twins import Answers, TwinsTested, draw_answers, run_twins
from steelyard_forensics.gauntlet.twins_parameters import TwinsKind, TwinsWorld, load_twins
from steelyard_forensics.gauntlet.vendors import Abilities


@pytest.fixture
def abilities(small: World) -> Abilities:
    """Of two small benchmarks and as many families as a panel needs."""
    return Abilities(msgspec.structs.replace(small, families=70))


@pytest.fixture
def twins() -> TwinsWorld:
    """The world that ships, with a small panel and no ConStat."""
    return msgspec.structs.replace(load_twins(), models=70, constat_vendors=0)


def answers(abilities: Abilities, twins: TwinsWorld, seed: int = 1, **changes: object) -> Answers:
    random = np.random.default_rng(seed)
    families = np.arange(abilities.world.families)
    of_model = np.zeros(len(families))
    kind = msgspec.convert({"name": "k", **changes}, TwinsKind)
    return draw_answers(abilities, twins, kind, 1, families, of_model, random)


def rows_of(abilities: Abilities, twins: TwinsWorld, vendors: int, **changes: object) -> list[TwinsTested]:
    kind = msgspec.convert({"name": "k", **changes}, TwinsKind)
    return [each for number in range(vendors) for each in run_twins(abilities, twins, kind, number, 5)]


def test_honest_vendors_are_hardly_accused_and_those_that_know_the_items_are(
    abilities: Abilities, twins: TwinsWorld
) -> None:
    assert sum(each.word == "inconsistent" for each in rows_of(abilities, twins, 40)) <= 10  # 80 rows at .05
    by_heart = rows_of(abilities, twins, 10, memorised=0.9)
    assert sum(each.word == "inconsistent" for each in by_heart) >= 12
    both = rows_of(abilities, twins, 10, memorised=0.9, spill=0.9)
    assert sum(each.word == "inconsistent" for each in both) <= 3


def test_twins_that_are_harder_for_all_accuse_by_rules_of_thumb_and_not_by_the_panel(
    abilities: Abilities, twins: TwinsWorld
) -> None:
    found = rows_of(abilities, twins, 30, harder=1.0)
    assert sum(each.raw for each in found) > 30
    assert sum(each.word == "inconsistent" for each in found) <= 8


def test_what_a_vendor_does_touches_no_other_model(abilities: Abilities, twins: TwinsWorld) -> None:
    plain, cheat = answers(abilities, twins), answers(abilities, twins, memorised=0.8, effect=1.0, variants=4)
    assert (plain.public[:-1] == cheat.public[:-1]).all()
    assert (plain.twins[:-1] == cheat.twins[:-1]).all()
    assert cheat.public[-1].sum() > plain.public[-1].sum()


def test_missing_calls_are_wrong_and_counted(abilities: Abilities, twins: TwinsWorld) -> None:
    found = answers(abilities, twins, missing=0.5, missing_wrong=1.0)
    for right, lost in ((found.public[-1], found.lost[0]), (found.twins[-1], found.lost[1])):
        assert not (right & lost).any()
        assert (right | lost).all()  # all wrong ones failed
    rows = rows_of(abilities, twins, 5, missing_wrong=1.0, memorised=0.9)
    assert not any(each.word == "inconsistent" for each in rows)


def test_more_variants_have_a_better_public_score(abilities: Abilities, twins: TwinsWorld) -> None:
    def mean_public(variants: int) -> float:
        found = [answers(abilities, twins, seed, variants=variants).public[-1].mean() for seed in range(20)]
        return float(np.mean(found))

    assert mean_public(50) > mean_public(1) + 0.02


def test_constat_is_asked_of_the_first_vendors_alone_and_changes_nothing_else(
    abilities: Abilities, twins: TwinsWorld
) -> None:
    asked = msgspec.structs.replace(twins, constat_vendors=1, reference_models=8)
    with_it, without = rows_of(abilities, asked, 2), rows_of(abilities, twins, 2)
    assert [each.constat is None for each in with_it] == [False, False, True, True]
    assert [each.p for each in with_it] == [each.p for each in without]
