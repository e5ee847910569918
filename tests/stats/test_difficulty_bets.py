"""Bets with known difficulties: no gain over all orders whatever the difficulties are, and the same whole numbers."""

from __future__ import annotations

import hashlib
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.stats.difficulty_bets import EVEN, HARDEST, Bins, DifficultyTracker, HitBet, bins_of
from steelyard.stats.sequential import CONSISTENT_DISTANCES, INCONSISTENT_DISTANCES, Tracker, stop_table

DISTANCES = (INCONSISTENT_DISTANCES, CONSISTENT_DISTANCES)
WIDE = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))  # at so few samples the bets that audits use hardly move
ALPHA, ORDERS = 0.2, 80
ERRORS = 29  # of 80 orders, where at most 20 % may err: more has a probability of .0003


def counts_of(bins: Bins) -> list[int]:
    return [bins.of.count(place) for place in range(len(bins.odds))]


def gains(difficulties: list[int], hits: list[int], boundary: int) -> None:
    """Over all orders: E has a mean of at most 1 after each answer, and reaches 1/α in at most α of them."""
    bins = bins_of(difficulties)
    size, totals, wins = len(hits), [Fraction(0)] * len(hits), {0.5: 0, 0.2: 0, 0.05: 0}
    orders = list(itertools.permutations(range(size)))
    for order in orders:
        bet, won = HitBet(bins.odds, counts_of(bins), boundary, WIDE), set[float]()
        for step, sample in enumerate(order):
            bet.step(bool(hits[sample]), bins.of[sample])
            totals[step] += bet.e
            won |= {alpha for alpha in wins if bet.wins(alpha)}
        assert not bet.impossible
        for alpha in won:
            wins[alpha] += 1
    assert all(total <= len(orders) for total in totals)
    assert all(number <= alpha * len(orders) for alpha, number in wins.items())


@given(st.lists(st.tuples(st.integers(0, HARDEST), st.integers(0, 1)), min_size=4, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_over_all_orders_the_bet_gains_nothing_whatever_the_difficulties_are(
    samples: list[tuple[int, int]], data: st.DataObject
) -> None:
    hits = [hit for _, hit in samples]
    if sum(hits):
        gains([difficulty for difficulty, _ in samples], hits, data.draw(st.integers(1, sum(hits))))


@pytest.mark.parametrize("boundary", [2, 3])
@pytest.mark.parametrize("wrong", [False, True], ids=["known beforehand", "the opposite"])
def test_difficulties_made_from_the_answers_themselves_gain_nothing(boundary: int, wrong: bool) -> None:
    hits = [1, 1, 0, 1, 0]
    gains([1 if hit != wrong else HARDEST for hit in hits], hits, boundary)


@st.composite
def audits(draw: st.DrawFn) -> tuple[list[int], list[int | None], int, int]:
    size = draw(st.integers(1, 40))
    difficulties = draw(st.lists(st.integers(0, HARDEST), min_size=size, max_size=size))
    scores = draw(st.lists(st.sampled_from([0, 1, 1, None]), min_size=size, max_size=size))
    accuse = draw(st.integers(1, size))
    return difficulties, scores, accuse, draw(st.integers(accuse, size + 1))


@given(audits())
@settings(max_examples=25, deadline=None)
def test_it_is_never_less_than_half_of_the_plain_bet(audit: tuple[list[int], list[int | None], int, int]) -> None:
    difficulties, scores, accuse, confirm = audit
    size = len(scores)
    plain = Tracker(size, accuse, stop_table(size, accuse, 1e-9, 1e-9, confirm))
    known = DifficultyTracker(bins_of(difficulties), accuse, confirm, 1e-9, 1e-9)
    before = 1.0
    for score in scores:
        plain.observe(score)
        known.observe(score)
        assert known.p <= min(1.0, 2 * plain.p) * (1 + 1e-9)
        assert 0 <= known.p <= before
        before = known.p
        if plain.decision is not None:
            return
    assert known.n == size


@given(audits())
@settings(max_examples=25, deadline=None)
def test_when_all_is_asked_it_says_what_is_so(audit: tuple[list[int], list[int | None], int, int]) -> None:
    difficulties, scores, accuse, _ = audit
    known = DifficultyTracker(bins_of(difficulties), accuse, accuse, 1e-12, 1e-12)
    for score in scores:
        known.observe(score)
    right, missing = scores.count(1), scores.count(None)
    if right + missing < accuse:
        assert known.decision == "inconsistent"
    elif right >= accuse:
        assert known.decision == "consistent"


def test_what_is_missing_accuses_nobody_and_confirms_nobody() -> None:
    tracker = DifficultyTracker(bins_of([*range(1, 201)]), 130, 130, 0.05, 0.05)
    for _ in range(200):
        assert tracker.observe(None) is None
    assert tracker.p == 1.0


def drawn(seed: int, size: int) -> tuple[list[int], list[int]]:
    """Difficulties, and answers that follow them."""
    rng = np.random.default_rng(seed)
    logs = rng.normal(0, 2, size)
    answers = rng.random(size) < 1 / (1 + np.exp(logs - 1.5))
    return [max(1, round(EVEN * float(np.exp(each)))) for each in logs], [int(each) for each in answers]


@pytest.mark.parametrize("side", [0, 1], ids=["accusing", "confirming"])
@pytest.mark.parametrize("kind", ["known", "shuffled", "the answers", "the opposite"])
def test_at_the_edge_errors_keep_their_level(side: int, kind: str) -> None:
    rng = np.random.default_rng(7)
    size = 40
    difficulties, answers = drawn(3, size)
    if kind == "shuffled":
        difficulties = [difficulties[place] for place in rng.permutation(size)]
    elif kind != "known":
        difficulties = [(HARDEST if bool(answer) != (kind == "the answers") else 1) for answer in answers]
    hits = [answer != side for answer in answers]
    bins = bins_of(difficulties)
    odds = [HARDEST // each for each in bins.odds] if side else bins.odds
    errors = 0
    for _ in range(ORDERS):
        bet = HitBet(odds, counts_of(bins), sum(hits), DISTANCES[side])
        for place in rng.permutation(size):
            bet.step(bool(hits[place]), bins.of[place])
            if bet.wins(ALPHA):
                errors += 1
                break
    assert errors <= ERRORS


def test_good_difficulties_need_fewer_answers() -> None:
    rng = np.random.default_rng(11)
    asked = {"known": 0, "plain": 0}
    for seed in range(6):
        difficulties, answers = drawn(seed, 300)
        accuse = sum(answers) + 24
        order = rng.permutation(300)
        known = DifficultyTracker(bins_of([difficulties[place] for place in order]), accuse, accuse, 0.05, 0.05)
        plain = Tracker(300, accuse, stop_table(300, accuse, 0.05, 0.05))
        for place in order:
            known.observe(answers[place])
            plain.observe(answers[place])
        asked["known"] += known.decided_at or 300
        asked["plain"] += plain.decided_at or 300
    assert asked["known"] < 0.9 * asked["plain"]


def test_bets_are_the_same_whole_numbers_everywhere() -> None:
    difficulties, answers = drawn(5, 400)
    bins = bins_of(difficulties)
    trace = hashlib.sha256()
    for distances, odds in zip(DISTANCES, (bins.odds, [HARDEST // each for each in bins.odds]), strict=True):
        bet = HitBet(odds, counts_of(bins), 300, distances)
        for answer, place in zip(answers, bins.of, strict=True):
            bet.step(bool(answer), place)
            trace.update(b"%d/%d\n" % (bet.e.numerator, bet.e.denominator))
    assert trace.hexdigest() == "e884200921558fa655eb8f488da379e4ae1cf813c1e7a540965383f98f17aa68"


def test_bins_are_of_one_size_and_what_is_unknown_is_in_the_middle() -> None:
    bins = bins_of([*range(1, 1201), 0, 0])
    assert len(bins.odds) == 8
    assert max(counts_of(bins)) - min(counts_of(bins)) <= 3
    assert list(bins.odds) == sorted(bins.odds)
    assert bins.of[-1] == bins.of[-2] == bins.of[600]
    assert bins_of([0] * 9) == Bins(bytes(9), (EVEN,))
    assert bins_of([5] * 9).of == bytes(9) or len(set(bins_of([5] * 9).of)) == 1


@pytest.mark.parametrize("difficulties", [[-1], [HARDEST + 1]])
def test_difficulties_beyond_their_range_are_refused(difficulties: list[int]) -> None:
    with pytest.raises(ValueError, match="a difficulty is within"):
        bins_of(difficulties)


def test_thresholds_and_levels_that_are_none_are_refused() -> None:
    bins = bins_of([1, 2, 3])
    for accuse, confirm, alpha in ((0, 1, 0.05), (4, 4, 0.05), (2, 1, 0.05), (1, 1, 0.0), (1, 1, 1.0)):
        with pytest.raises(ValueError, match=", not "):
            DifficultyTracker(bins, accuse, confirm, alpha, alpha)
    tracker = DifficultyTracker(bins, 2, 4, 1e-9, 1e-9)
    with pytest.raises(ValueError, match="0, 1 or None"):
        tracker.observe(2)
    for _ in range(3):
        tracker.observe(1)
    with pytest.raises(ValueError, match="observed already"):
        tracker.observe(1)


def test_a_bet_begins_at_one() -> None:
    bet = HitBet((EVEN,), [10], 5, INCONSISTENT_DISTANCES)
    assert bet.e == Fraction(1)
    assert bet.p == 1.0


def test_difficulties_that_know_the_order_would_accuse_anybody() -> None:
    """Why an order depends on them (steelyard.planning.orders): nothing here could notice."""
    rng = np.random.default_rng(2)
    answers = rng.random(200) < 0.8
    tracker = DifficultyTracker(bins_of([1] * 100 + [HARDEST] * 100), int(answers.sum()), 200, 0.05, 0.05)
    for answer in answers:
        if tracker.observe(int(answer)) is not None:
            break
    assert tracker.decision == "inconsistent"
