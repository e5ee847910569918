"""An audit of a simulated vendor ends as a real one would: by the detectors' monitors, under one Holm."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest

from steelyard_forensics.gauntlet.audit import Audit, audit, scores_of
from steelyard_forensics.gauntlet.parameters import Benchmark, Bursts, Clusters, Kind, World
from steelyard_forensics.gauntlet.planner import plan_of
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor


def audits(world: World, count: int, seed: int = 1, **changes: Any) -> list[Audit]:
    abilities, random = Abilities(world), np.random.default_rng(seed)
    kind = Kind(name="k", **changes)
    return [audit(draw_vendor(abilities, kind, random), random) for _ in range(count)]


def accused(found: list[Audit], detector: str) -> int:
    return sum(any(test.is_found and test.detector == detector for test in each.tests) for each in found)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decoding": "sampled"},
        {"missing": 0.1, "missing_wrong": 0.3},
        {"slow": 5.0},
        {"boundary": True, "unsteady": (0.0,)},
    ],
    ids=["plain", "sampled", "missing", "slow", "boundary"],
)
def test_honest_vendors_are_hardly_accused(small: World, changes: dict[str, Any]) -> None:
    found = audits(small, 60, **changes)
    assert (
        sum(accused(found, name) for name in ("claim_retest", "twin_gap", "cue_gap")) <= 6
    )  # .05 of 60: 7 or more at .03
    assert all(0 < each.calls <= each.most for each in found)


def test_a_large_lie_is_found_by_the_detector_that_sees_it(small: World) -> None:
    assert accused(audits(small, 10, inflated=40.0), "claim_retest") == 10
    # Not by vendors whose skill leaves no room for a gap.
    by_heart = audits(small, 20, memorised=0.95)
    assert accused(by_heart, "twin_gap") >= 5
    assert accused(by_heart, "claim_retest") <= 2


def test_a_decided_test_reads_no_further(small: World) -> None:
    large = msgspec.structs.replace(small, benchmarks=(Benchmark(name="b", samples=1500),))
    found = audits(large, 3, inflated=40.0)
    tests = [test for each in found for test in each.tests if test.detector == "claim_retest"]
    assert np.mean([test.read / test.of for test in tests]) < 0.95
    assert sum(each.calls for each in found) < sum(each.most for each in found)


def test_slow_answers_change_no_verdict(small: World) -> None:
    """The monitors read in the committed order: what arrives late waits, whatever it says."""

    def words(slow: float) -> list[list[str]]:
        # What is drawn before the times is the same in both.
        abilities = Abilities(small)
        found = []
        for seed in range(8):
            random = np.random.default_rng(seed)
            vendor = draw_vendor(abilities, Kind(name="k", slow=slow, unsteady=(0.0,)), random)
            first = audit(type(vendor)(vendor.kind, vendor.rows[:1]), random)
            found.append([test.word for test in first.tests])
        return found

    assert words(1.0) == words(9.0)


def test_the_same_numbers_give_the_same_audit(small: World) -> None:
    assert audits(small, 3, seed=9) == audits(small, 3, seed=9)


def test_what_is_far_beyond_a_test_s_thresholds_is_detectable_and_what_holds_is_not(small: World) -> None:
    lies = [test for each in audits(small, 6, inflated=40.0) for test in each.tests if test.detector == "claim_retest"]
    assert all(test.detectable for test in lies if not test.is_true)
    assert not any(test.detectable for each in audits(small, 6) for test in each.tests)
    by_heart = [
        test for each in audits(small, 20, memorised=0.95) for test in each.tests if test.detector == "twin_gap"
    ]
    seen = [test for test in by_heart if test.detectable]
    assert seen
    assert sum(test.is_found for test in seen) >= 0.7 * len(seen)


def test_a_router_is_found_by_the_test_that_changes_the_prompt_and_where_it_states_to_find_it(small: World) -> None:
    routed = audits(small, 12, gain=6.0)
    assert accused(routed, "cue_gap") >= 6
    assert accused(routed, "twin_gap") <= 2
    tests = [test for each in routed for test in each.tests if test.detector == "cue_gap"]
    assert any(test.detectable for test in tests)
    assert not any(test.detectable for each in audits(small, 6) for test in each.tests if test.detector == "cue_gap")


def test_scores_of_a_plan_are_those_of_all_its_measurements(small: World) -> None:
    random = np.random.default_rng(1)
    vendor = draw_vendor(Abilities(small), Kind(name="k"), random)
    plan = plan_of(vendor)
    counts = Counter(score.measurement for score in scores_of(vendor, plan, random) if score.position >= 0)
    assert counts == {each.id: each.planned for each in plan.measurements}


@pytest.mark.parametrize(
    "changes",
    [
        {"decoding": "sampled", "stated": "nothing", "greedy_lower": 0.0},
        {"bursts": Bursts(share=0.1, drop=40, calls=(5, 20))},
        {"decoding": "sampled", "clusters": Clusters(size=5)},
        {"decoding": "sampled", "clamped": 0.9},
        {"lowers": 0.05, "slow": 3.0},
    ],
    ids=["unstated", "bursts", "neighbours", "clamped", "lowering"],
)
def test_each_way_to_answer_ends_in_an_audit_that_follows_from_its_numbers(
    small: World, changes: dict[str, Any]
) -> None:
    """How often each is accused is measured by the gauntlet itself."""
    found = audits(small, 3, seed=4, **changes)
    assert found == audits(small, 3, seed=4, **changes)
    for each in found:
        assert len(each.tests) == 4
        assert 0 < each.calls <= each.most
        assert all(0 < test.read <= test.of for test in each.tests if test.detector == "claim_retest")


def test_a_measurement_gets_the_answers_of_its_decoding_and_of_its_time(small: World) -> None:
    """Greedy answers that are always wrong, and a model that is another one in the last two fifths of the calls."""
    abilities = Abilities(small)

    def scores(**changes: Any) -> dict[str, list[float]]:
        random = np.random.default_rng(1)
        vendor = draw_vendor(abilities, Kind(name="k", unsteady=(0.0,), **changes), random)
        plan, found = plan_of(vendor), dict[str, list[float]]()
        for score in scores_of(vendor, plan, random):
            measurement = plan.by_id[score.measurement]
            if measurement.task == "fixed" and score.value is not None:
                found.setdefault(measurement.decoding, []).append(score.value)
        return found

    found = scores(decoding="sampled", stated="nothing", greedy_lower=100.0)
    assert set(found) == {"greedy", "sampled"}
    assert not any(found["greedy"])
    assert np.mean(found["sampled"]) > 0.2
    (answers,) = scores(ability=-50.0, correlation=0.6, share=0.4, day=0).values()
    assert any(answers[:36])
    assert not any(answers[36:])


def test_committed_orders_are_an_audit_s_own_where_places_matter(small: World) -> None:
    """One order for all would make one coin of the luck of all vendors."""
    abilities = Abilities(small)
    plain, of_documents = (
        draw_vendor(abilities, Kind(name="k", clusters=clusters), np.random.default_rng(1))
        for clusters in (None, Clusters(size=5))
    )
    seeds = [each.order_seed for each in plan_of(plain).measurements]
    assert seeds == [f"seed {number}" for number in range(len(seeds))]
    assert [each.order_seed for each in plan_of(of_documents).measurements] == [f"{seed} own" for seed in seeds]
    again = audits(small, 4, clusters=Clusters(size=5), unsteady=(0.2,))
    assert len({each.calls for each in again}) > 1


def test_what_the_first_pass_would_accuse_is_asked_again_and_no_place_twice(small: World) -> None:
    """The second answers to the same items, at a later time."""
    abilities, random = Abilities(small), np.random.default_rng(1)
    asked = []
    for _ in range(3):
        vendor = draw_vendor(abilities, Kind(name="k", inflated=30.0, stated="nothing", greedy_lower=1.0), random)
        found = audit(vendor, random)
        asked += [found.calls / sum(each.planned for each in plan_of(vendor).measurements if not each.again)]
        assert found.calls <= found.most
        assert all(test.is_found for test in found.tests if test.detector == "claim_retest" and not test.is_true)
    assert min(asked) > 1.2
