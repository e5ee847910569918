"""A plan with one claim about a corpus score, and scores of its answers."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.detectors.claim_retest.corpus import CorpusTest
from steelyard.detectors.claim_retest.sealed import encode
from steelyard.records import Claim, ClaimSheet, Plan, PlannedTest, Protocol, Reads, RepeatCheck, SampleScore
from steelyard.scorers.chrf import counts_of
from steelyard.stats.chrf import corpus_score
from testkit.plans import measurement, plan

N = 20
RIGHT, WRONG = "he hunts pigs near the river", "zzzzzzzzzzzz"
ID = "00-t"


def sealed_plan(value: str = "50.0", sealed: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """``changes`` are of the measurement, ``sealed`` of the test."""
    asked = {"population": N, "scorers": ("chrf@2",), "repeat_check": RepeatCheck(samples=N, repeats=2, among=400)}
    claim = Claim(task="t", value=value, metric="chrf", protocol=Protocol(decoding="greedy"))
    test = CorpusTest(corpus="chrF2", claim=0, tolerance="2", another_run="2.0", alpha_inconsistent=0.05)
    planned = PlannedTest(
        id="claim-00-t",
        rule="claim_retest@5",
        weight=1.0,
        null="it is not lower",
        reads=(Reads(measurement=ID, scorer="chrf@2"),),
        sealed=encode(msgspec.structs.replace(test, **(sealed or {}))),
    )
    whole = plan(measurement(**({"id": ID} | asked | changes)))
    return msgspec.structs.replace(
        whole, sheet=ClaimSheet(model="M", claims=(claim,)), tests=(planned,), alpha=0.05, tolerance="2"
    )


def score(place: int, answer: str | None, *, again: bool = False) -> SampleScore:
    """The score of an answer to the n-th sample, whose right answer is RIGHT; None: it is missing."""
    counts = counts_of(answer or "", RIGHT)
    return SampleScore(
        measurement=ID,
        position=-1 if again else place,
        sample=f"t/row/{place}",
        repeat=1 if again else 0,
        status="missing" if answer is None else "scored",
        value=None if answer is None else float(corpus_score(counts)),
        scorer="chrf@2",
        seq=place,
        counts=counts,
    )


def corpus_of(answers: list[str]) -> float:
    """The score of all these together."""
    return float(corpus_score([sum(each) for each in zip(*(counts_of(one, RIGHT) for one in answers), strict=True)]))
