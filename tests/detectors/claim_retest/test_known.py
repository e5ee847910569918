"""Known difficulties in the test of a claim: bets in the committed order, the same in any order of arrival."""

from __future__ import annotations

import random
from typing import Any

import pytest

from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.detectors.claim_retest.known import bins_in_order, note_of, why_unused, with_inputs
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.planning.difficulties import FORMAT
from steelyard.planning.order import order_of
from steelyard.records import Claim, Difficulties, Plan, SampleScore
from steelyard.stats.difficulty_bets import DifficultyTracker
from testkit.plans import claim_plan

SIZE = 300


def known(size: int = SIZE) -> Difficulties:
    """The first items are the hardest."""
    return Difficulties(
        format=FORMAT, task="t", items="a" * 64, odds=tuple(max(1, 10_000 * (size - n) ** 3 // size**3) for n in
        range(size)), made="2026-11-27", by="Jane", panel="p", panel_sha256="b" * 64, models=5, families=3,
        software="steelyard 0",
    )  # fmt: skip


def planned(value: str = "80", *, with_known: bool = True, **changes: Any) -> Plan:
    fields = {"population": SIZE, "items": "a" * 64, "order_seed": "seed 5", **changes}
    if with_known:
        fields["difficulties"] = known(fields["population"])
    return claim_plan(Claim(task="t", value=value), **fields)


def scores(plan: Plan, right: int) -> list[SampleScore]:
    """In the committed order: the last ``right`` items are right, as their difficulties say."""
    measured = plan.measurements[0]
    return [
        SampleScore(
            measurement="00-t", position=place, sample=f"t/{trial // measured.repeats}",
            repeat=trial % measured.repeats,
            value=float(trial // measured.repeats >= measured.population - right), scorer="exact@1", seq=0,
            status="scored",
        )
        for place, trial in enumerate(order_of(measured))
    ]  # fmt: skip


def read(plan: Plan, given: list[SampleScore]) -> ClaimFinder:
    finder = ClaimFinder(plan.tests[0], plan)
    for score in given:
        if finder.decision is not None:
            break
        finder.observe(score)
    return finder


def test_no_table_is_sealed_and_a_default_plan_says_nothing_of_difficulties() -> None:
    plain, with_known = planned(with_known=False), planned()
    assert "difficulties" not in plain.tests[0].sealed
    assert decode(with_known.tests[0]).difficulties
    assert "stop_inconsistent" not in with_known.tests[0].sealed
    assert decode(plain.tests[0]).accuse == decode(with_known.tests[0]).accuse


def test_a_claim_that_is_too_high_is_found_with_fewer_answers() -> None:
    plain, with_known = planned(with_known=False), planned()
    found = {name: read(each, scores(each, 204)) for name, each in (("plain", plain), ("known", with_known))}
    assert [each.decision for each in found.values()] == ["inconsistent", "inconsistent"]
    assert found["known"].retest.n < found["plain"].retest.n
    assert found["known"].retest.p <= 0.05
    assert isinstance(found["known"].retest.tracker, DifficultyTracker)


@pytest.mark.parametrize("right", [204, 240, 270])
def test_any_order_of_arrival_gives_the_same_end(right: int) -> None:
    plan = planned()
    given = scores(plan, right)
    first = read(plan, given)
    for seed in range(2):
        mixed = [*given]
        random.Random(seed).shuffle(mixed)
        other = read(plan, mixed)
        assert (other.decision, other.retest.n, other.retest.p) == (first.decision, first.retest.n, first.retest.p)
    assert first.decision == ("inconsistent" if right == 204 else "consistent")


def test_answers_that_are_asked_twice_have_the_difficulty_of_their_sample() -> None:
    plan = planned(population=60, repeats=2, in_process=False)
    assert decode(plan.tests[0]).is_paired(plan.measurements[0])
    measured = plan.measurements[0]
    bins = bins_in_order(measured)
    places = {trial: bins.of[place] for place, trial in enumerate(order_of(measured))}
    assert all(places[2 * sample] == places[2 * sample + 1] for sample in range(60))
    finder = read(plan, scores(plan, 20))
    assert finder.decision == "inconsistent"
    assert finder.retest.n < 120  # the early test


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"sealed": {"grid": 1_000_000}}, "mean of scores"), ({"backend": "recording"}, "were recorded")],
)
def test_where_they_are_not_used_the_report_says_why(changes: dict[str, Any], said: str) -> None:
    plan = planned(**changes)
    sealed = decode(plan.tests[0])
    assert not sealed.difficulties
    (note,) = note_of(sealed, plan.measurements[0], None, "t")
    assert said in note.message
    assert said in why_unused(sealed, plan.measurements[0])
    assert note_of(sealed, planned(with_known=False).measurements[0], None, "t") == []


def test_the_report_says_whose_they_are_and_what_p_were_without() -> None:
    plan = planned()
    notes = read(plan, scores(plan, 204)).find({}).notes
    said = next(note.message for note in notes if note.check == "difficulties")
    assert "made by Jane on 2026-11-27 from the panel p (bbbbbbbbbbbbbbbb…; models: 5, families: 3)" in said
    assert "A file that is merely wrong costs calls" in said
    assert "Without them p would be" in said


def test_a_test_names_the_inputs_of_what_it_reads() -> None:
    plan, plain = planned(), planned(with_known=False)
    assert with_inputs(plan.tests[0], plan).inputs == ("difficulty/00-t",)
    assert with_inputs(plain.tests[0], plain) == plain.tests[0]
    assert ClaimRetest().seal(plan.tests[0], plan).inputs == ("difficulty/00-t",)
