"""A claim whose number is no mean: all is asked, and the score of the whole is held against the claim.

A corpus score has no sequential test. Where the answers that are asked twice show that they do not vary, what all of
the benchmark comes to is known, and is compared as it is: above v − u/2 − δ it is *consistent*, and *inconsistent*
where it is lower by more than another run of the same model may come to. Everything else is an estimate, by which
nobody is accused and nothing confirmed.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.claims.decoding import states_decoding
from steelyard.detectors.claim_retest.part import whole_of
from steelyard.detectors.claim_retest.sealed import decode_as, encode
from steelyard.plugins import Formats
from steelyard.records import Claim, Measurement, Plan, PlannedTest
from steelyard.records.record import Record
from steelyard.stats.series import series_share
from steelyard.util.bounded_fraction import bounded_fraction

if TYPE_CHECKING:
    from steelyard.plugins import Planner
    from steelyard.records import Served

__all__ = [
    "ANOTHER_RUN",
    "NULL",
    "CorpusTest",
    "corpus_test",
    "decode_corpus",
    "is_corpus_test",
    "least_of",
    "seal_corpus",
]

NULL: Final = "the served model's corpus score is not lower than the claim by more than the tolerance"
# Points. The card of Llama 4 Scout and two runs on one server that stand beside Meta's harness differ in eight pairs by
# up to 1.9 (root mean square 1.2): other machines choose other words in places, and 50 sentences average little.
ANOTHER_RUN: Final = "2.0"


class CorpusTest(Record, frozen=True, kw_only=True):
    """One claim about a corpus score, which ``corpus`` names. ``claim`` is its index in the sheet.

    ``whole``: the number of items that the claim is about, where it is not that of our samples. ``unstated`` is what
    the vendor does not say, so that another way of asking may reach the claim. ``one_answer``: the endpoint repeats its
    answers as a cache does, so that repeats show nothing. ``another_run``: by how many points another machine's run of
    the same model may be higher, which is no reason to accuse.
    """

    corpus: str
    claim: int
    tolerance: str
    whole: int | None = None
    unstated: tuple[str, ...] = ()
    one_answer: bool = False
    another_run: str = "0"
    alpha_inconsistent: float = 0.0


def is_corpus_test(test: PlannedTest) -> bool:
    """Whether a planned claim retest is about a corpus score."""
    return "corpus" in test.sealed


def corpus_test(
    planner: Planner, corpus: str, number: int, claim: Claim, served: Served, formats: Formats
) -> CorpusTest:
    """What is planned for a claim; its level is sealed later."""
    measurement = planner.measurement(served)
    whole = whole_of(claim, measurement) or claim.samples
    several = len(formats.to_ask) > 1 or bool(formats.not_asked)
    unstated = ("decoding",) * (not states_decoding(claim)) + ("prompt format",) * several
    return CorpusTest(
        corpus=corpus,
        claim=number,
        tolerance=planner.tolerance,
        whole=None if whole == measurement.population else whole,
        unstated=unstated,
        another_run=ANOTHER_RUN,
    )


def seal_corpus(test: PlannedTest, plan: Plan) -> PlannedTest:
    """Give a test its level, and whether repeats can show anything."""
    sealed, _, measurement = decode_corpus(test, plan)
    capabilities = plan.models[measurement.role].capabilities
    sealed = msgspec.structs.replace(
        sealed,
        one_answer=bool(capabilities.repeats_identical) and not capabilities.deterministic,
        alpha_inconsistent=plan.alpha * test.weight * series_share(plan.number_of(test)),
    )
    return msgspec.structs.replace(test, sealed=encode(sealed))


def decode_corpus(test: PlannedTest, plan: Plan) -> tuple[CorpusTest, Claim, Measurement]:
    """What a test seals, with its claim and its measurement; raises ValueError where the plan has not these."""
    sealed = decode_as(test, CorpusTest)
    if plan.sheet is None or not 0 <= sealed.claim < len(plan.sheet.claims):
        raise ValueError(f"test {test.id}: the sheet has no claim {sealed.claim}")
    read = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
    if len(read) != 1 or len(test.reads) != 1:
        raise ValueError(f"test {test.id}: a corpus score is read of one measurement of the plan")
    if not math.isfinite(sealed.alpha_inconsistent):
        raise ValueError(f"test {test.id}: its level is no number")
    return sealed, plan.sheet.claims[sealed.claim], read[0]


def least_of(sealed: CorpusTest, claim: Claim) -> Fraction:
    """Give v − u/2 − δ, from 0 to 1: from here on a score is consistent with the claim, and below it is not."""
    return (claim.number - claim.printed_unit / 2) / claim.scale - bounded_fraction(sealed.tolerance) / 100
