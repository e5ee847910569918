"""A claim about a recipe of several trainings: *inconsistent* needs that they agree, and everything else stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from steelyard.detectors.claim_retest.repeats import Mark, Noise
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.retest import Retest
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.detectors.claim_retest.trainings import Recipe
from steelyard.records import Capabilities, Checkpoint, Claim, Plan, SampleScore
from testkit.plans import claim_plan

LEVEL = 0.05


def recipe_plan(trainings: int, population: int = 200, claimed: str = "60", backend: str = "", **changes: Any) -> Plan:
    """A claim whose questions are answered by so many trainings in turn."""
    turns = tuple(place % trainings for place in range(population)) if trainings > 1 and not backend else ()
    plan = claim_plan(
        Claim(task="t", value=claimed), population=population, needs=("w",), turns=turns, backend=backend, **changes
    )
    several = tuple(Checkpoint(sha256=f"{number:064x}") for number in range(trainings))
    model = msgspec.structs.replace(
        plan.subject, capabilities=Capabilities(deterministic=True, checkpoints={"w": several})
    )
    plan = msgspec.structs.replace(plan, models={"subject": model})
    return msgspec.structs.replace(plan, tests=(seal(plan.tests[0], plan),))


def read(plan: Plan, marks: Sequence[int]) -> ClaimFinder:
    finder = ClaimFinder(plan.tests[0], plan)
    for place, mark in enumerate(marks):
        finder.observe(
            SampleScore(
                measurement="00-t", position=place, sample=str(place), repeat=0, status="scored", value=float(mark),
                scorer="exact@2", seq=place,
            )
        )  # fmt: skip
    return finder


def answers(rates: Sequence[float], population: int = 200) -> list[int]:
    """Right answers of each training as evenly as its rate allows, the trainings in turn."""
    trainings, given = len(rates), [0] * len(rates)
    marks = []
    for place in range(population):
        training = place % trainings
        asked = place // trainings + 1
        right = int(given[training] + 0.5 < rates[training] * asked)
        given[training] += right
        marks.append(right)
    return marks


def test_trainings_that_agree_on_being_below_make_the_recipe_inconsistent_after_all_questions() -> None:
    plan = recipe_plan(5)
    marks = answers([0.40] * 5)
    assert read(plan, marks[:20]).retest.remaining(0.4) == 180  # a recipe is below its claim when all was asked
    assert read(recipe_plan(1), marks[:20]).retest.remaining(0.4) < 180
    assert read(plan, marks[:20]).retest.remaining(0.9) < 180
    early = read(plan, marks[:199])
    assert early.retest.waits_for_recipe
    assert early.decision is None
    assert early.closed == frozenset()
    assert early.retest.remaining(0.4) == 1
    assert early.find({}).p == 1.0
    found = read(plan, marks).find({})
    assert found.word == "inconsistent"
    assert found.claim is not None
    assert found.claim.asked == 200
    assert found.p is not None
    assert found.p <= decode(plan.tests[0]).alpha_inconsistent


def test_trainings_that_differ_too_much_leave_the_recipe_undecided_and_the_reason_says_how_much() -> None:
    rates = [0.20, 0.75, 0.40]
    found = read(recipe_plan(3), answers(rates)).find({})
    assert found.word == "insufficient_power"
    assert found.reason.startswith("these 3 trainings are below the claim, from 19.4 to 74.6 % each")
    assert "standard deviation 28.0 points" in found.reason
    assert found.reason.endswith("more trainings would settle it")
    assert len(found.reason) < 240
    assert found.claim is not None
    assert found.claim.needs is None
    one = read(recipe_plan(1), answers(rates)).find({})
    assert one.word == "inconsistent"  # a claim about this one checkpoint


def test_a_recipe_that_reaches_its_claim_is_consistent_as_early_as_one_checkpoint() -> None:
    marks = answers([0.9, 0.85, 0.95])
    several, one = (read(recipe_plan(number), marks) for number in (3, 1))
    assert several.decision == one.decision == "consistent"
    assert several.retest.n == one.retest.n < 200


def test_a_missing_answer_counts_as_right_in_a_trainings_mean() -> None:
    recipe = Recipe(2, (0, 1, 0, 1))
    marks: tuple[Mark, ...] = (0, 1, "missing", "open")
    for place, mark in enumerate(marks):
        recipe.take(place, mark)
    assert recipe.means == [0.5, 1.0]


def test_below_the_claim_by_recorded_answers_is_no_verdict_on_the_recipe() -> None:
    found = read(recipe_plan(3, backend="recording"), [0] * 200).find({})
    assert found.word == "insufficient_power"
    assert "which training gave which answer is not known" in found.reason
    assert read(recipe_plan(1, backend="recording"), [0] * 200).find({}).word == "inconsistent"


def test_a_run_that_stops_before_all_was_asked_says_what_is_left() -> None:
    found = read(recipe_plan(5), answers([0.1] * 5)[:120]).find({})
    assert found.word == "insufficient_power"
    assert found.reason == (
        "these trainings are below the claim; whether the recipe is, is tested when all was asked, and the run stopped"
    )


def test_a_limit_is_all_that_is_planned() -> None:
    assert read(recipe_plan(5, limit=100), answers([0.1] * 5)[:100]).find({}).word == "inconsistent"


def simulated(trainings: int, mean: float, spread: float, recipes: int, seed: int) -> tuple[float, float]:
    """The share of audits that end *inconsistent*, with the margin and without; N = 200, a claim of 60 within 2."""
    random = np.random.default_rng(seed)
    rates = np.clip(mean + spread * random.standard_normal((recipes, trainings)), 0, 1)
    found = []
    for number in (trainings, 1):
        plan = recipe_plan(number)
        sealed, asked = decode(plan.tests[0]), plan.measurements[0]
        assert plan.sheet is not None
        rejected = 0
        draws = np.random.default_rng(seed + 1)
        for each in rates:
            retest = Retest(sealed, asked, plan.sheet.claims[0])
            retest.begin(Noise())
            for right in draws.random(200) < each[np.arange(200) % trainings]:
                if retest.word is None:
                    retest.take(int(right))
            rejected += retest.word == "inconsistent"
        found.append(rejected / recipes)
    return found[0], found[1]


@pytest.mark.parametrize("trainings", [3, 5, 10])
def test_an_honest_recipe_at_the_edge_is_accused_within_the_level_where_trainings_vary(trainings: int) -> None:
    """Trainings of standard deviation .05, true mean at the edge of the null (57.5 %): 300 audits each."""
    with_margin, without = simulated(trainings, 0.575, 0.05, 300, trainings)
    assert with_margin <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / 300) ** 0.5
    assert without > 0.2  # what the sequential test alone would do


def test_a_recipe_far_below_is_found() -> None:
    assert simulated(5, 0.40, 0.05, 60, 9)[0] > 0.9
