"""Bets on alternatives: the size holds at every stop, also outside the formula; and the power is as computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard_forensics.stats.likelihood_bets import LikelihoodBets, share_interval

Factors = list[dict[str, float] | None]


def bets(names: tuple[str, ...] = ("far", "near"), far: tuple[str, ...] = ("far",)) -> LikelihoodBets:
    return LikelihoodBets(names, [far], 0.3)


def of_reference(n: int, kl: float, random: np.random.Generator) -> Factors:
    """Texts of the reference: log ratios N(−KL, 2KL), whose exponential has mean 1."""
    logs = random.normal(-kl, math.sqrt(2 * kl), n)
    return [{"far": math.exp(each), "near": math.exp(random.normal(-0.01, 0.1414))} for each in logs]


def of_alternative(n: int, kl: float, random: np.random.Generator) -> Factors:
    return [
        {"far": math.exp(each), "near": math.exp(random.normal(0.0, 0.1414))}
        for each in random.normal(kl, math.sqrt(2 * kl), n)
    ]


def share_found(draw: Callable[[np.random.Generator], Factors], level: float, runs: int) -> float:
    found = 0
    for run in range(runs):
        each = bets()
        for factors in draw(np.random.default_rng(run)):
            each.observe(factors, None if factors is None else [factors])
        found += each.p <= level
    return found / runs


@pytest.mark.parametrize("kl", [0.01, 0.3, 2.0, 5.0])
def test_texts_of_the_reference_are_accused_no_more_often_than_the_level_says(kl: float) -> None:
    found = share_found(lambda random: of_reference(60, kl, random), 0.05, 500)
    assert found <= 0.05 + 2.6 * (0.05 * 0.95 / 500) ** 0.5


def test_missing_texts_and_texts_that_hang_together_accuse_nobody() -> None:
    """Outside the formula: a quarter is missing, and the likelihood ratios of a stretch are of one kind."""

    def draw(random: np.random.Generator) -> Factors:
        texts: Factors = []
        for kl in random.choice([0.01, 0.5, 4.0], 6):
            texts += of_reference(10, float(kl), random)
        return [None if random.random() < 0.25 else text for text in texts]

    assert share_found(draw, 0.05, 500) <= 0.05 + 2.6 * (0.05 * 0.95 / 500) ** 0.5


def test_a_far_alternative_is_seen_in_a_few_texts_and_a_tenth_of_it_in_more() -> None:
    def until(part: float) -> float:
        took = []
        for run in range(200):
            random, each = np.random.default_rng(run), bets()
            served, own = of_alternative(200, 3.0, random), of_reference(200, 3.0, random)
            for number in range(200):
                text = served[number] if random.random() < part else own[number]
                each.observe(text, None if text is None else [text])
                if each.p <= 0.01:
                    break
            took.append(each.n)
        return float(np.median(took))

    assert until(1.0) <= 5
    assert until(0.3) <= 20
    assert 5 < until(0.1) <= 60


@given(
    p=st.lists(st.floats(0.05, 1), min_size=2, max_size=4),
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 3),
)
def test_the_expectation_under_the_reference_is_one(p: list[float], seed: int, length: int) -> None:
    """Exactly, by all texts of a small world: also where the alternative and the stopping follow what came before."""
    reference = np.array(p) / sum(p)
    other = np.random.default_rng(seed).dirichlet(np.ones(len(p)))
    total = 0.0
    for text in itertools.product(range(len(p)), repeat=length):
        each = bets(("far",))
        for token in text:
            factor = {"far": float(other[token] / reference[token])}
            each.observe(factor, [factor])
        chance = math.prod(float(reference[token]) for token in text)
        e = math.fsum(each._bets.values()) / len(each._bets)
        total += chance * e
    assert total == pytest.approx(1)


@given(share=st.floats(0.3, 1), seed=st.integers(0, 2**32 - 1))
def test_within_a_share_has_expectation_one_at_most_for_every_larger_share(share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    reference, other = random.dirichlet(np.ones(4)), random.dirichlet(np.ones(4))
    served = (1 - share) * reference + share * other
    total = 0.0
    for token in range(4):
        each = bets(("far",))
        each.observe({"far": 0.0}, [{"far": float(other[token] / reference[token])}])
        total += served[token] * each._less[0]["far"]
    assert total <= 1 + 1e-9


@given(seed=st.integers(0, 2**32 - 1), files=st.integers(1, 4))
def test_whichever_file_a_text_is_drawn_from_no_bet_wins(seed: int, files: int) -> None:
    random = np.random.default_rng(seed)
    chances, others = random.dirichlet(np.ones(4), files), random.dirichlet(np.ones(4), files)
    found = []
    for text in range(4):
        each = LikelihoodBets(("own",), [("own",)] * files, 0.3)
        own = [{"own": float(other[text] / file[text])} for other, file in zip(others, chances, strict=True)]
        each.observe({"own": min(f["own"] for f in own)}, own)
        found.append(each)
    for number, (served, other) in enumerate(zip(chances, others, strict=True)):
        for bet in found[0]._bets:
            assert sum(served[text] * each._bets[bet] for text, each in enumerate(found)) <= 1 + 1e-9
        diluted = 0.7 * served + 0.3 * other
        assert sum(diluted[text] * each._less[number]["own"] for text, each in enumerate(found)) <= 1 + 1e-9


def test_replicas_of_several_files_are_accused_no_more_often_than_the_level_says() -> None:
    """Each text from either of two files that are a nat apart, at random: held against one file they are accused."""
    accused = {"both": 0, "first": 0}
    for run in range(300):
        random = np.random.default_rng(run)
        both = LikelihoodBets(("k",), [("k",), ("k",)], 0.3)
        first = LikelihoodBets(("k",), [("k",)], 0.3)
        for _ in range(100):
            serves_first, other = random.random() < 0.5, math.exp(random.normal(-1.0, math.sqrt(2)))
            ratio = other if serves_first else 1 / other  # of the second file to the first
            f = math.exp(random.normal(-0.01, 0.1414))  # of k to the file that serves
            by_first = {"k": f if serves_first else f * ratio}
            by_second = {"k": by_first["k"] / ratio}
            first.observe(by_first, [by_first])
            both.observe({"k": min(by_first["k"], by_second["k"])}, [by_first, by_second])
        accused["both"] += both.p <= 0.05
        accused["first"] += first.p <= 0.05
    assert accused["both"] <= 300 * 0.05 + 2.6 * (300 * 0.05 * 0.95) ** 0.5
    assert accused["first"] >= 270


def test_one_file_is_enough_to_be_within_a_share_and_its_evidence_is_divided_by_the_files() -> None:
    one, three = bets(), LikelihoodBets(("far", "near"), [("far",)] * 3, 0.3)
    for _ in range(30):
        one.observe({"far": 1.0, "near": 1.0}, [{"far": 0.0}])
        three.observe({"far": 1.0, "near": 1.0}, [{"far": 9.0}, {"far": 0.0}, {"far": 1.0}])
    assert three.nearest_file == 1
    assert three.highest_within == pytest.approx(one.highest_within / 3)


def test_no_file_is_refused() -> None:
    with pytest.raises(ValueError, match="a share is between 0 and 1"):
        LikelihoodBets(("k",), [], 0.3)


def test_within_a_share_is_shown_for_the_reference_and_seldom_for_a_dilution() -> None:
    def shown(part: float) -> int:
        found = 0
        for run in range(200):
            random, each = np.random.default_rng(run), bets()
            served, own = of_alternative(60, 3.0, random), of_reference(60, 3.0, random)
            for number in range(60):
                text = served[number] if random.random() < part else own[number]
                each.observe(text, None if text is None else [text])
            found += each.highest_within >= 20
        return found

    assert shown(0.0) >= 190
    assert shown(0.3) <= 0.05 * 200 + 2.6 * (200 * 0.05 * 0.95) ** 0.5


def test_a_missing_text_helps_neither_side() -> None:
    each = bets()
    for _ in range(20):
        each.observe(None, None)
    assert (each.n, each.unread, each.p, each.highest_within) == (20, 20, 1.0, 1.0)


def test_the_nearest_alternative_is_the_one_that_won() -> None:
    each = bets(("a", "b"), ("a",))
    each.observe({"a": 1.0, "b": 30.0}, [{"a": 1.0, "b": 30.0}])
    assert each.nearest == "b"


def test_factors_without_end_do_not_overflow() -> None:
    each = bets()
    for _ in range(400):
        each.observe({"far": 1e9, "near": 1e9}, [{"far": 0.0, "near": 0.0}])
    assert 0 < each.p < 1e-200
    assert math.isfinite(each.highest_within)


@pytest.mark.parametrize("part", [0.0, 0.2, 1.0])
def test_the_interval_holds_the_share(part: float) -> None:
    missed = 0
    for run in range(200):
        random = np.random.default_rng(run)
        served, own = of_alternative(50, 2.0, random), of_reference(50, 2.0, random)
        texts = [served[number] if random.random() < part else own[number] for number in range(50)]
        low, high = share_interval([text["far"] for text in texts if text is not None])
        missed += not low <= part <= high
    assert missed <= 0.05 * 200 + 2.6 * (200 * 0.05 * 0.95) ** 0.5


def test_an_interval_of_impossible_texts_ends_below_one() -> None:
    low, high = share_interval([0.0] * 40)
    assert low == 0
    assert high < 0.2


@pytest.mark.parametrize(
    ("names", "far", "within"), [((), ("a",), 0.3), (("a",), (), 0.3), (("a",), ("a",), 0.0), (("a",), ("a",), 1.0)]
)
def test_bad_settings_are_refused(names: tuple[str, ...], far: tuple[str, ...], within: float) -> None:
    with pytest.raises(ValueError, match="share"):
        LikelihoodBets(names, far, within)
