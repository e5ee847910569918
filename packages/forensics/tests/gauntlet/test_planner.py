"""The plan of a simulated vendor is one that the detectors themselves made and sealed."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.stats.series import series_share
from steelyard_forensics.gauntlet.parameters import Kind, World
from steelyard_forensics.gauntlet.planner import detectors, plan_of
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor


@pytest.mark.parametrize("decoding", ["greedy", "sampled"])
def test_claims_share_what_the_others_leave_of_the_level(small: World, decoding: str) -> None:
    vendor = draw_vendor(Abilities(small), Kind(name="k", decoding=decoding), np.random.default_rng(1))
    plan = plan_of(vendor)
    assert [test.rule for test in plan.tests] == ["claim_retest@5", "claim_retest@5", "twin_gap@2", "cue_gap@1"]
    assert [test.weight for test in plan.tests] == pytest.approx([0.4, 0.4, 0.1, 0.1])
    assert plan.detectors == tuple(detectors())
    assert {each.decoding for each in plan.measurements} == {decoding}
    first, second, *drawn = plan.measurements[::2][:2] + plan.measurements[4:]
    assert [each.beside for each in plan.measurements] == ["", first.id, "", second.id, *[second.id] * 3]
    assert [each.arm for each in plan.measurements[:4]] == ["", "second", "", "second"]
    assert [each.drawn for each in drawn] == ["twins", "placebo", "cue"]
    assert {each.population for each in drawn} == {80}


def test_a_later_audit_has_its_share_of_the_series(small: World) -> None:
    vendor = draw_vendor(Abilities(small), Kind(name="k"), np.random.default_rng(1))
    first, fifth = (plan_of(vendor, number).tests[0].sealed["alpha_inconsistent"] for number in (1, 5))
    assert fifth / first == pytest.approx(series_share(5) / series_share(1))


def test_what_the_vendor_states_is_in_the_claims(small: World) -> None:
    kind = Kind(name="k", decoding="sampled", passes=(4,), scored=30)
    plan = plan_of(draw_vendor(Abilities(small), kind, np.random.default_rng(1)))
    assert plan.sheet is not None
    assert {(claim.repeats, claim.samples) for claim in plan.sheet.claims} == {(4, 30)}


@pytest.mark.parametrize(
    ("stated", "decoding"),
    [("", "temperature 0.7"), ("greedy", "greedy"), ("nothing", ""), ("sampled", "temperature 0.7")],
)
def test_the_sheet_states_the_decoding_that_it_is_said_to_state(small: World, stated: str, decoding: str) -> None:
    kind = Kind(name="k", decoding="sampled", stated=stated)
    plan = plan_of(draw_vendor(Abilities(small), kind, np.random.default_rng(1)))
    assert plan.sheet is not None
    assert {claim.protocol.decoding for claim in plan.sheet.claims} == {decoding}
    first = next(each for each in plan.measurements if not each.arm)
    assert first.decoding == ("sampled" if decoding.startswith("temperature") else "greedy")
