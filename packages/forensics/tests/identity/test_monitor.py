"""Shares of likelihood in any order of arrival: bets in the committed one, and words."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from packages.forensics.tests.identity.test_detector import OTHER_WEIGHTS, planned
from steelyard.records import PlannedTest, SampleScore, VerdictWord
from steelyard_forensics.identity.detector import Identity
from steelyard_forensics.identity.monitor import IdentityMonitor

PLAN = planned()
TEST: PlannedTest = next(each for each in PLAN.tests if each.rule == "identity@2")
MEASUREMENT = PLAN.measurements[-1].id


def monitor() -> IdentityMonitor:
    return Identity().open(TEST, PLAN)


def scores(position: int, f: float | None, alternative: str = "Q2_K", others: float = 1.0) -> list[SampleScore]:
    found = []
    for reads in TEST.reads:
        is_display = reads.scorer.startswith("surprise[")
        of = f if f is None or f"{alternative}]" in reads.scorer else 1.0 if is_display else others
        found.append(
            SampleScore(
                measurement=MEASUREMENT,
                position=position,
                sample=str(position),
                repeat=0,
                status="missing" if of is None else "scored",
                value=None if of is None else of / (1 + of),
                scorer=reads.scorer,
                seq=position,
            )
        )
    return found


def read(texts: Sequence[float | None], shuffled: bool = False, others: float = 1.0) -> IdentityMonitor:
    found = monitor()
    every = [score for place, f in enumerate(texts) for score in scores(place, f, others=others)]
    if shuffled:
        random.Random(7).shuffle(every)
    for score in every:
        found.observe(score)
    return found


def test_another_model_is_inconsistent_and_the_finding_names_what_explains_it_best() -> None:
    found = read([20.0] * 10)
    result = found.find({})
    assert found.decision is VerdictWord.INCONSISTENT
    assert result.word is VerdictWord.INCONSISTENT
    (finding,) = result.findings
    assert "its requantisation to Q2_K explains them best" in finding.message
    assert (finding.n or 99) < 10
    assert finding.ci is not None
    assert finding.ci[0] > 0.1
    assert found.closed == {MEASUREMENT}
    assert found.progress().decision == "inconsistent"


def test_texts_of_the_reference_come_to_less_than_a_share_of_any_far_alternative() -> None:
    found = read([0.0] * 60, others=0.0)
    result = found.find({})
    assert result.word is VerdictWord.CONSISTENT
    assert "less than 30 % of the texts come from any of these" in result.reason
    assert "Q8_0" not in result.reason
    assert "temperature 0.7" in result.reason


def test_texts_that_say_nothing_stay_undecided() -> None:
    found = read([1.0] * 200)
    result = found.find({})
    assert found.decision is None
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert result.p == 1
    assert "200 texts were read; between" in result.reason
    assert found.closed == {MEASUREMENT}


def test_the_order_of_arrival_changes_nothing() -> None:
    texts = [1.5 if place % 3 else 0.4 for place in range(30)]
    one, other = read(texts), read(texts, shuffled=True)
    assert one.find({}) == other.find({})
    assert one.bets.n == 30


def test_only_the_contiguous_prefix_is_read() -> None:
    found = monitor()
    for score in [*scores(0, 1.0), *scores(2, 1e6), *scores(3, 1e6)]:
        found.observe(score)
    assert (found.bets.n, found.heads) == (1, {MEASUREMENT: 1})
    assert found.progress().remaining == 199


def test_a_missing_text_and_half_a_text_accuse_nobody() -> None:
    found = read([None] * 20)
    assert (found.bets.n, found.bets.unread, found.decision) == (20, 20, None)
    assert "20 of them could not be held against it" in found.find({}).reason
    half = monitor()
    for score in scores(0, 1e6)[:-1]:
        half.observe(score)
    assert half.bets.n == 0


def test_scores_of_another_rule_are_not_read() -> None:
    found = monitor()
    for score in scores(0, 1e6):
        found.observe(
            SampleScore(**{name: getattr(score, name) for name in score.__struct_fields__} | {"scorer": "x@1"})
        )
    assert found.bets.n == 0


def test_nothing_read_is_said() -> None:
    assert monitor().find({}).reason == "no text was read"


@pytest.mark.parametrize("value", [1.0, None])
def test_a_share_of_one_is_no_ratio(value: float | None) -> None:
    found = monitor()
    for score in scores(0, 1.0):
        found.observe(
            SampleScore(**{name: getattr(score, name) for name in score.__struct_fields__} | {"value": value})
        )
    assert found.bets.unread == 1


# ── several files ───────────────────────────────────────────────────────────────────────────────────────────────────

SEVERAL = planned(further={"reference-2": OTHER_WEIGHTS})


def read_by_two(texts: Sequence[tuple[float, float]], others: float = 1.0) -> IdentityMonitor:
    """Of each text: f of Q2_K by either file; f of all other alternatives."""
    (test,) = [each for each in SEVERAL.tests if each.rule == "identity@2"]
    found = Identity().open(test, SEVERAL)
    for position, by_file in enumerate(texts):
        for reads in test.reads:
            f = 1.0 if reads.scorer.startswith("surprise[") else others
            if reads.scorer.endswith("Q2_K]@1"):
                f = by_file["reference-2," in reads.scorer]
            found.observe(
                SampleScore(
                    measurement=SEVERAL.measurements[-1].id,
                    position=position,
                    sample=str(position),
                    repeat=0,
                    status="scored",
                    value=f / (1 + f),
                    scorer=reads.scorer,
                    seq=position,
                )
            )
    return found


def test_texts_that_no_file_explains_are_inconsistent_and_both_files_are_named() -> None:
    result = read_by_two([(20.0, 30.0)] * 12).find({})
    assert result.word is VerdictWord.INCONSISTENT
    assert (
        "the weights of any of the 2 files (SHA-256 aaaaaaaaaaaaaaaa…, bbbbbbbbbbbbbbbb…)" in result.findings[0].message
    )


@pytest.mark.parametrize("texts", [[(20.0, 0.5)] * 60, [(20.0, 0.5), (0.5, 20.0)] * 30])
def test_texts_of_one_file_or_of_either_in_turn_accuse_nobody(texts: Sequence[tuple[float, float]]) -> None:
    found = read_by_two(texts)
    assert found.bets.n == 60
    assert found.find({}).word is VerdictWord.INSUFFICIENT_POWER
    assert found.bets.p == 1


def test_the_file_that_is_confirmed_is_named_with_what_holds() -> None:
    result = read_by_two([(9.0, 0.02)] * 60, others=0.02).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert "come from any of these, if the rest comes from the reference-2: its requantisation to Q2_K" in result.reason
    assert result.reason.endswith("by each file (no test reads it): 0.00 nat a text, z = 0.0; 0.00 nat a text, z = 0.0")


def test_the_surplus_of_surprise_is_printed_and_no_word_follows_from_it() -> None:
    found = monitor()
    for position in range(4):
        for score in scores(position, 1.0):
            if score.scorer.startswith("surprise["):
                number = 3.0 if "surplus" in score.scorer else 2.0
                score = replace(score, value=1 / (1 + math.exp(-number / 10)))
            found.observe(score)
    result = found.find({})
    assert "surplus of surprise (no test reads it): +3.00 nat a text, z = +4.0" in result.reason
    assert (result.word, result.p) == (VerdictWord.INSUFFICIENT_POWER, 1)
