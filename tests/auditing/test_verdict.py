"""The error budget of the whole report: no more than α of honest tables are accused, whatever depends on what."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.auditing.verdict import decide, rejected
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.planning.weights import share_out
from steelyard.records import (
    Claim,
    ClaimSheet,
    DetectorResult,
    Plan,
    PlannedTest,
    Question,
    Reads,
    SampleScore,
    VerdictWord,
)
from steelyard.stats.series import series_share
from testkit.plans import claim_plan, measurement, plan

ALPHA = 0.05
UNDECIDED = VerdictWord.INSUFFICIENT_POWER


def planned(weights: list[float]) -> Plan:
    tests = [PlannedTest(id=f"t{n}", rule="r@1", weight=weight) for n, weight in enumerate(weights)]
    return plan(tests=share_out(tests), alpha=ALPHA)


def results(ps: list[float], word: VerdictWord = UNDECIDED) -> list[DetectorResult]:
    return [DetectorResult(test=f"t{n}", rule="r@1", word=word, p=p) for n, p in enumerate(ps)]


def closed_testing(ps: list[float], weights: list[float]) -> set[str]:
    """Weighted Holm by its definition: reject i where every intersection that holds i is rejected by Bonferroni."""
    places = range(len(ps))

    def is_rejected(group: tuple[int, ...]) -> bool:
        total = sum(weights[n] for n in group)
        return any(ps[n] <= ALPHA * weights[n] / total for n in group)

    groups = [group for size in range(1, len(ps) + 1) for group in itertools.combinations(places, size)]
    return {f"t{n}" for n in places if all(is_rejected(group) for group in groups if n in group)}


@settings(max_examples=150)
@given(st.lists(st.tuples(st.floats(0, 0.2), st.floats(0.05, 1)), min_size=1, max_size=5))
def test_it_is_weighted_holm(tests: list[tuple[float, float]]) -> None:
    ps, weights = [p for p, _ in tests], [weight for _, weight in tests]
    divided = [p / series_share(1) for p in ps]  # this is the first audit of each question
    assert rejected(planned(weights), results(ps)) == closed_testing(divided, weights)


def test_the_p_of_a_later_audit_is_divided_by_its_share_of_the_level() -> None:
    asked = measurement(question="q")
    test = PlannedTest(id="t0", rule="r@1", weight=1.0, reads=(Reads(measurement=asked.id, scorer=asked.scorers[0]),))
    for number in (1, 2, 10):
        questions = {"q": Question(benchmark="b", subject="s", number=number)}
        table = plan(asked, tests=(test,), alpha=ALPHA, questions=questions)
        edge = ALPHA * series_share(number)
        assert rejected(table, results([edge * 0.999])) == {"t0"}
        assert rejected(table, results([edge * 1.001])) == set()


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 12), st.sampled_from(["independent", "equal", "opposed"]))
def test_a_smaller_p_never_takes_a_rejection_back(seed: int, size: int, how: str) -> None:
    source = random.Random(seed)
    ps = [source.random() ** 3 for _ in range(size)]
    before = rejected(planned([1.0] * size), results(ps))
    lower = [p * source.random() for p in ps]
    assert before <= rejected(planned([1.0] * size), results(lower))


@pytest.mark.parametrize("how", ["independent", "equal", "opposed", "blocks"])
@pytest.mark.parametrize("false", [0, 3])
def test_honest_tests_are_accused_in_at_most_alpha_of_tables(how: str, false: int) -> None:
    """Ten tests of unequal weight, of which three may be truly inconsistent, under four kinds of dependence."""
    source = np.random.default_rng(20261125)
    weights = [1.0, 1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 1.0, 0.2, 1.0]
    table, trials, accused = planned(weights), 4000, 0
    for _ in range(trials):
        ps = honest_ps(how, len(weights), source)
        ps[:false] = source.random(false) * 1e-6
        found = rejected(table, results([float(p) for p in ps]))
        accused += any(f"t{n}" in found for n in range(false, len(weights)))
    assert accused / trials <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / trials) ** 0.5


def honest_ps(how: str, size: int, source: np.random.Generator) -> Any:
    one = source.random()
    match how:
        case "equal":
            return np.full(size, one)
        case "opposed":
            return np.array([one if n % 2 else 1 - one for n in range(size)])
        case "blocks":
            return np.repeat(source.random(size), 3)[:size]
    return source.random(size)


def test_a_word_without_a_p_that_goes_with_it_accuses_nobody() -> None:
    """A detector of somebody's may say inconsistent as it likes: without a p at its share of the level it does not."""
    table = planned([1.0, 1.0])
    said = results([0.2, 0.02], VerdictWord.INCONSISTENT)
    assert rejected(table, said) == set()
    assert rejected(table, results([0.2, 0.025 * series_share(1)], VerdictWord.INCONSISTENT)) == {"t1"}


def test_a_test_that_decided_otherwise_is_not_rejected_by_a_small_p() -> None:
    assert rejected(planned([1.0]), results([1e-9], VerdictWord.CONSISTENT)) == set()
    assert rejected(planned([1.0]), results([1e-9], VerdictWord.NOT_TESTABLE)) == set()


def table_of(claims: int, population: int) -> Plan:
    """A table of equal claims of 80 %, each with a measurement of its own."""
    sheet = ClaimSheet(model="m", claims=tuple(Claim(task=f"t{n}", value="80", line=n) for n in range(claims)))
    tests = []
    asked = []
    for number in range(claims):
        one = claim_plan(id=f"{number:02d}-t", task=f"t{number}", population=population)
        test = one.tests[0]
        asked.append(measurement(id=f"{number:02d}-t", task=f"t{number}", population=population))
        sealed = test.sealed | {"claim": number}
        tests.append(msgspec.structs.replace(test, id=f"claim-{number:02d}", sealed=sealed))
    unsealed = plan(*asked, sheet=sheet, tests=share_out(tests), tolerance="2", alpha=ALPHA)
    retest = ClaimRetest()
    return msgspec.structs.replace(unsealed, tests=tuple(retest.seal(test, unsealed) for test in unsealed.tests))


def scores_of(table: Plan, right: int, source: random.Random) -> list[SampleScore]:
    found = []
    for each in table.measurements:
        values = [1.0] * right + [0.0] * (each.population - right)
        source.shuffle(values)
        found += [
            SampleScore(
                measurement=each.id, position=n, sample=f"{n}", repeat=0, status="scored", value=value,
                scorer="exact@5", seq=n,
            )
            for n, value in enumerate(values)
        ]  # fmt: skip
    return found


def test_an_honest_table_at_the_boundary_is_called_inconsistent_in_at_most_alpha_of_audits() -> None:
    """Five claims whose truth is just what still counts as the claim, from scores to the verdict."""
    table, trials, accused = table_of(5, 60), 100, 0
    least = int(table.tests[0].sealed["accuse"])
    source = random.Random(20261125)
    for _ in range(trials):
        accused += decide(table, scores_of(table, least, source), {}).verdict is VerdictWord.INCONSISTENT
    assert accused / trials <= ALPHA + 2.6 * (ALPHA * (1 - ALPHA) / trials) ** 0.5


def test_a_table_that_is_far_too_high_is_found() -> None:
    table = table_of(5, 60)
    found = decide(table, scores_of(table, 18, random.Random(1)), {})
    assert (found.verdict, found.exit) == (VerdictWord.INCONSISTENT, 1)
    assert all(claim.verdict is VerdictWord.INCONSISTENT for claim in found.claims)


def test_open_and_missing_scores_speak_for_nobody_and_only_missing_ones_fail_the_plan() -> None:
    table = table_of(1, 60)
    scores = scores_of(table, 60, random.Random(1))
    gone = [msgspec.structs.replace(each, status="missing", value=None) for each in scores[:30]] + scores[30:]
    unreadable = [msgspec.structs.replace(each, status="open", value=None) for each in scores[:30]] + scores[30:]
    assert decide(table, gone, {}).exit == 4
    found = decide(table, unreadable, {})
    assert (found.exit, found.claims[0].open, found.measurements[0].open) == (3, 30, 30)
    assert (found.measurements[0].measured, found.measurements[0].bounds) == (None, (0.5, 1.0))
