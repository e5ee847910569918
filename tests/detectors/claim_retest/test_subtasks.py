"""A macro average as a weighted mean: weights, what is read of each subtask, and how many samples it is worth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.sealed import ClaimTest, decode
from steelyard.detectors.claim_retest.subtasks import Subtasks, independent, unevenness
from steelyard.detectors.claim_retest.thresholds import SKEW, own_noise
from steelyard.records import Claim, Plan, SampleScore
from steelyard.stats.bounded_bets import GRID
from testkit.plans import claim_plan, measurement

SIZES = (("easy", 20), ("hard", 4), ("odd", 6))
MACRO = {"grid": GRID, "macro": True}


def planned(value: str = "80") -> Plan:
    return claim_plan(Claim(task="t", value=value, average="macro"), MACRO, population=30, groups=SIZES)


def score(position: int, value: float | None, group: str) -> SampleScore:
    return SampleScore(
        measurement="00-t", position=position, sample=f"t/{position}", repeat=0, value=value, scorer="exact@5",
        status="missing" if value is None else "scored", group=group, seq=position,
    )  # fmt: skip


@given(st.lists(st.integers(1, 60), min_size=2, max_size=12))
def test_every_subtask_has_the_same_weight(sizes: list[int]) -> None:
    groups = tuple((f"s{place}", size) for place, size in enumerate(sizes))
    asked = measurement(population=sum(sizes), groups=groups, repeats=2)
    subtasks = Subtasks(asked, macro=True)
    assert len({subtasks.weights[name] * size for name, size in groups}) == 1
    assert subtasks.weight == sum(subtasks.weights[name] * size for name, size in groups)
    population = subtasks.population(asked.trials, 10)
    assert (population.count, population.weight) == (2 * sum(sizes), 2 * subtasks.weight)
    worth = independent(asked, macro=True)
    assert worth == pytest.approx(float(Fraction(population.weight**2, population.squares) / 2))
    assert worth <= sum(sizes) + 1e-9
    for name, size in groups:
        for _ in range(2 * size):
            assert subtasks.read(name) == subtasks.weights[name]
        with pytest.raises(ValueError, match="than the plan has"):
            subtasks.read(name)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 10**6)), min_size=2, max_size=12))
def test_stated_weights_are_exact(subtasks: list[tuple[int, int]]) -> None:
    groups = tuple((f"s{place:02d}", size) for place, (size, _) in enumerate(subtasks))
    of = tuple((f"s{place:02d}", weight) for place, (_, weight) in enumerate(subtasks))
    asked = measurement(population=sum(size for _, size in groups), groups=groups)
    found = Subtasks(asked, macro=True, of=of)
    whole = sum(weight for _, weight in of)
    for (name, size), (_, weight) in zip(groups, of, strict=True):
        assert Fraction(found.weights[name] * size, found.weight) == Fraction(weight, whole)
    each = [Fraction(weight, size) for (_, size), (_, weight) in zip(groups, of, strict=True) for _ in range(size)]
    squares = sum(w**2 for w in each)
    assert independent(asked, macro=True, of=of) == pytest.approx(float(sum(each) ** 2 / squares))
    cubes = sum(w**3 for w in each)
    assert unevenness(asked, macro=True, of=of) == pytest.approx(float(sum(each) * cubes / squares**2))


@pytest.mark.parametrize(
    "of", [(("easy", 1),), (("easy", 1), ("hard", 0), ("odd", 1)), (("hard", 1), ("easy", 1), ("odd", 1))]
)
def test_weights_of_other_subtasks_are_refused(of: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(ValueError, match="its weights are not whole numbers"):
        Subtasks(measurement(population=30, groups=SIZES), macro=True, of=of)


def test_a_few_heavy_samples_make_weights_uneven() -> None:
    def of(*sizes: int) -> float:
        groups = tuple((f"s{place}", size) for place, size in enumerate(sizes))
        return unevenness(measurement(population=sum(sizes), groups=groups), macro=True)

    assert of(30, 30, 30) == pytest.approx(1)
    weights = [1 / 9] * 3 + [1 / 60] * 20 + [1 / 30] * 10
    assert of(3, 20, 10) == pytest.approx(sum(w**3 for w in weights) / sum(w**2 for w in weights) ** 2)
    assert of(8, 8, 8, 300) > of(20, 20, 20, 30) > 1
    assert unevenness(measurement(population=50, groups=SIZES), macro=False) == 1


@pytest.mark.parametrize("sizes", [(55, 55, 50, 45, 31, 24, 16, 9, 6, 5, 4, 2, 2), (8, 8, 8, 300), (30, 30, 30)])
@pytest.mark.parametrize("rate", [0.97, 0.8])
def test_heavy_samples_that_did_not_vary_by_luck_confirm_nothing(sizes: tuple[int, ...], rate: float) -> None:
    """Each sample asked twice, the rate a hair below the threshold: false *consistent* at the level of .05.

    Samples of small subtasks are right at a rate, all others always. Without the unevenness .07 to .15 of the uneven
    ones are.
    """
    groups = tuple((f"s{place}", size) for place, size in enumerate(sizes))
    asked = measurement(population=sum(sizes), groups=groups, repeats=2)
    sealed = ClaimTest(claim=0, grid=GRID, macro=True, tolerance="2")
    weights = np.concatenate([np.full(size, 1 / (len(sizes) * size)) for size in sizes])
    rates = np.concatenate([np.full(size, rate if size <= 30 else 1.0) for size in sizes])
    generator = np.random.default_rng(20261127)
    first, second = (generator.random((4000, len(rates))) < rates for _ in range(2))
    counts = (weights / weights.max()) ** 2
    variances = ((first != second) * counts).sum(axis=1) / 2 / counts.sum()
    means = (first + second.astype(float)) @ weights / 2
    margins = {each: float(own_noise(sealed, asked, each, 0.05, SKEW)) for each in np.unique(variances)}
    false = int((means >= float(weights @ rates) + np.array([margins[each] for each in variances])).sum())
    assert binomtest(false, 4000).proportion_ci(0.999, method="exact").low <= 0.05


def test_without_subtasks_all_samples_are_alike() -> None:
    asked = measurement(population=50, groups=SIZES)
    subtasks = Subtasks(asked, macro=False)
    assert [subtasks.read(name) for name in ("easy", "", "nobody's")] == [1, 1, 1]
    assert (subtasks.weight, independent(asked, macro=False)) == (50, 50)
    assert subtasks.population(50, 10).weight == 50


@pytest.mark.parametrize("groups", [(), (("a", 50), ("a", 50)), (("a", 20), ("b", 20)), (("a", 51), ("b", -1))])
def test_sizes_that_do_not_add_up_are_refused(groups: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Subtasks(measurement(population=50, groups=groups), macro=True)


def test_thresholds_are_sealed_for_each_trial_whatever_its_weight() -> None:
    (test,) = planned().tests
    sealed = decode(test)
    assert (sealed.accuse, sealed.confirm) == (23_250_000, 23_250_000)  # 77.5 % of 30 samples
    assert sealed.macro


@pytest.mark.parametrize(("right", "word"), [("easy", "inconsistent"), ("hard", "inconsistent"), ("all", "consistent")])
def test_a_subtask_counts_as_much_as_any_other(right: str, word: str) -> None:
    plan = planned("90" if right != "all" else "80")
    finder = ClaimFinder(plan.tests[0], plan)
    groups = [name for name, size in SIZES for _ in range(size)]
    for place, name in enumerate(groups):
        finder.observe(score(place, float(right in (name, "all")), name))
    assert finder.decision == word
    found = finder.find({}).claim
    assert found is not None
    if right == "hard":  # asking stops early: what was read are easy ones
        assert found.measured == 0.0


def test_the_mean_is_that_over_subtasks() -> None:
    plan = claim_plan(Claim(task="t", value="66.7"), MACRO | {"certain": True}, population=30, groups=SIZES,
                      backend="recording")  # fmt: skip
    finder = ClaimFinder(plan.tests[0], plan)
    for place, name in enumerate(name for name, size in SIZES for _ in range(size)):
        finder.observe(score(place, float(name != "hard"), name))
    found = finder.find({}).claim
    assert found is not None
    assert (found.verdict, found.asked) == ("consistent", 30)
    assert found.measured == pytest.approx(2 / 3)
    assert found.ci == pytest.approx((2 / 3, 2 / 3), abs=2e-6)
    assert found.trace[-1].right / found.trace[-1].n == pytest.approx(2 / 3)


def test_a_missing_answer_weighs_what_its_sample_weighs() -> None:
    plan = planned()
    finder = ClaimFinder(plan.tests[0], plan)
    # A third of the weight is missing, all others are right: 77.5 % may be reached, and is not shown to be.
    for place, name in enumerate(["hard"] * 4 + ["easy"] * 20 + ["odd"] * 6):
        finder.observe(score(place, None if name == "hard" else 1.0, name))
    found = finder.find({}).claim
    assert found is not None
    assert (finder.decision, found.asked, found.missing) == ("insufficient_power", 26, 4)
    assert "4 of 26 answers are missing: neither verdict can be reached any more" in found.reason
    assert found.bounds is not None
    assert found.bounds[1] - found.bounds[0] == pytest.approx((1 / 3) / (1 / 3 + 1 / 3 + 2 / 18))


def test_a_sample_of_a_subtask_that_the_plan_has_not_is_refused() -> None:
    plan = planned()
    finder = ClaimFinder(plan.tests[0], plan)
    with pytest.raises(ValueError, match="'nobody' were asked than the plan has"):
        finder.observe(score(0, 1.0, "nobody"))
