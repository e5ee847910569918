"""Runs for the tests of the summary: each verdict, each reason, and a sheet of fourteen claims."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from steelyard.records import ClaimVerdict, Plan, Verdict, VerdictWord
from steelyard.reports import summary
from steelyard.reports.provenance import Provenance
from tests.reports import report_fixtures as make

# Each kind of reason: the sentence as the record has it, and where it is made.
REASONS = {
    "decoding_unmeasured": (
        "the vendor does not state its decoding, and how much sampled answers vary was not measured to the end",
        "detectors/claim_retest/result.py",
    ),
    "limit": ("stopped at the limit of 1000 samples", "detectors/claim_retest/result.py"),
    "repeat_check": ("the repeat check was not finished", "detectors/claim_retest/result.py"),
    "budget": ("the budget was spent", "detectors/claim_retest/result.py"),
    "stopped": ("the run stopped before a decision", "detectors/claim_retest/result.py"),
    "unread": (
        "31 of 1,319 answers can be read two ways or were cut off: neither verdict can be reached any more "
        "(in the run's folder, steelyard show . --open lists them)",
        "detectors/claim_retest/result.py",
    ),
    "missing": (
        "1,031 of 9,000 answers are missing: neither verdict can be reached any more "
        "(in the run's folder, steelyard show . --missing lists them)",
        "detectors/claim_retest/result.py",
    ),
    "unread_and_missing": (
        "31 of 1,319 answers are missing, were cut off or can be read two ways: neither verdict can be reached any "
        "more (in the run's folder, steelyard show . --open --missing lists them)",
        "detectors/claim_retest/result.py",
    ),
    "few": (
        "12 of 12 right: enough to say at least 69 %, not enough for 91 %; about 260 questions are needed",
        "detectors/claim_retest/reach.py",
    ),
    "not_served": (
        "some items are not served (see the finding), which confirms no claim",
        "auditing/verdict.py",
    ),
    "few_items": (
        "90 of 1,319 items are so few that the tolerance would be 8.4 points",
        "detectors/claim_retest/result.py",
    ),
    "too_noisy": (
        "answers vary so much between repeats that the tolerance would be 40.2 points, which guessing would reach",
        "detectors/claim_retest/result.py",
    ),
    "estimate": (
        "3 of 50 answers that were asked twice differ: this is an estimate with a bootstrap interval, and decides "
        "nothing",
        "detectors/claim_retest/corpus_result.py",
    ),
    "unstated": (
        "the score is below the claim, and the vendor does not state its decoding: another one may reach it",
        "detectors/claim_retest/corpus_result.py",
    ),
    "format_unstated": (
        "the vendor states none of the task's prompt formats, and choice needs log-likelihoods, which this model does "
        "not give; state the format that it means, such as protocol: {prompt: chat}",
        "detectors/claim_retest/formats.py",
    ),
    "other_model": (
        "the claim is about Acme-70B, and the endpoint serves Acme-8B: two models by their names; if they are one, "
        "add --accept-model",
        "claims/served_model.py",
    ),
    "metric": (
        "the metric maj@8 needs several answers to a sample; an audit takes one",
        "planning/testable.py",
    ),
    "unit": ("a value in elo is not a share of right answers", "planning/testable.py"),
    "outside": ("101.5 is outside 0 to 100, so it is no share of right answers", "planning/testable.py"),
    "chance": (
        "the claim minus a tolerance of 2 points is not above the chance score (25 %), so guessing would reach it; "
        "testable with --tolerance 0.7",
        "planning/testable.py",
    ),
    "part": (
        "the data here hold 1,000 of the 1,319 items of gsm8k and 3 that differ: give the whole of it, or --allow-part",
        "planning/part.py",
    ),
    "scored_more": (
        "the vendor scored 1,319 items, the data here hold 100: give the whole of it, or --allow-part",
        "planning/part.py",
    ),
    "no_task": ("no task has this name: steelyard tasks lists those that there are", "planning/testable.py"),
    "known": ("AIME 2024 is known, but has no task here (steelyard tasks lists those that do)", "planning/testable.py"),
    "subset": ("the claim is about a part of the benchmark ('STEM'), and the whole is asked here", "tasks/protocol.py"),
    "no_samples": ("the task has no samples", "planning/planner.py"),
    "no_data": (
        "no data for openai/gsm8k: give a mirror with --data DIR, or pip install 'steelyard[data]' for the hub",
        "tasks/loaders.py",
    ),
    "loglikelihoods": (
        "this endpoint cannot give log-likelihoods: it has no /completions; ask for text with protocol: {prompt: chat}",
        "models/openai.py",
    ),
    "sandbox": (
        "no sandbox for model-written code: it needs Linux (control groups, namespaces)",
        "scorers/sandbox/box.py",
    ),
    "imported": (
        "these scores come with another harness's log: import it by steelyard import",
        "scorers/imported.py",
    ),
    "world": (
        "the task asks for text, which a world model does not write: audit a language model",
        "planning/testable.py",
    ),
    "role": ("no model has the role judge: give one with --model judge=URI", "planning/planner.py"),
    "screened": ("a screen runs no model", "auditing/desk.py"),
    "other": ("only the share of the scenes that somebody liked can be tested", ""),
}


def provenance(*, sealed: bool = True, signed: bool = True) -> Provenance:
    """Where a run comes from."""
    if not sealed:
        return Provenance("22055196fdc7e41c", "acme")
    return Provenance(
        run="22055196fdc7e41c",
        folder="acme",
        root="9d5ac24291e739c8",
        signed_by="06157e8656a10dd3" if signed else "",
        sealed_at=datetime(2026, 11, 26, 10, 36, tzinfo=UTC),
    )


def page(verdict: Verdict, language: str = "en", plan: Plan | None = None, of: Provenance | None = None) -> str:
    """The summary of a verdict."""
    return summary.render(verdict, plan or make.plan(), of or provenance(), language)


def with_claims(*claims: ClaimVerdict, word: VerdictWord) -> Verdict:
    """A verdict on these claims alone."""
    measurements = tuple(make.measured_for(claim) for claim in claims if claim.asked)
    return msgspec.structs.replace(
        make.verdict(), verdict=word, claims=claims, findings=(), notes=(), measurements=measurements
    )


def of_reason(reason: str, word: VerdictWord = VerdictWord.NOT_TESTABLE) -> Verdict:
    """A verdict on one claim that has this reason."""
    if word is VerdictWord.INSUFFICIENT_POWER:
        claim = make.decided("GSM8K", "57.0", 0.56, 900, 1319, word, reason=reason)
    else:
        claim = msgspec.structs.replace(make.verdict().claims[3], task="GSM8K", verdict=word, reason=reason)
    return with_claims(claim, word=word)


def of_word(word: VerdictWord) -> Verdict:
    """A verdict on one claim that has this word."""
    stands_for = VerdictWord.INSUFFICIENT_POWER if word is VerdictWord.UNVERIFIABLE else word
    claim = next(each for each in make.verdict().claims if each.verdict is stands_for)
    claim = msgspec.structs.replace(claim, verdict=word, standard=claim.ci if stands_for is not word else None)
    return with_claims(claim, word=word)


def fourteen() -> Verdict:
    """A sheet of fourteen claims, of every word and with long reasons."""
    claims = make.verdict().claims
    undecided, none = VerdictWord.INSUFFICIENT_POWER, claims[3]
    more = (
        make.decided("ARC-Challenge", "62.3", 0.55, 500, 1172, VerdictWord.INCONSISTENT, tolerance=0.0425),
        make.decided("MMLU-Pro", "48.3", 0.47, 9000, 12032, undecided, reason=REASONS["unread"][0], open=31),
        make.decided("DROP", "71", 0.70, 9000, 9536, undecided, reason=REASONS["missing"][0], missing=1031),
        make.decided("GPQA", "41.0", 0.39, 198, 198, undecided, reason=REASONS["few"][0]),
        make.decided("WinoGrande", "55.1", 0.56, 500, 1267, VerdictWord.CONSISTENT, better=True),
        make.decided("TriviaQA", "40.1", 0.40, 500, 1767, VerdictWord.CONSISTENT),
        msgspec.structs.replace(none, task="HumanEval", reason=REASONS["sandbox"][0]),
    )
    return msgspec.structs.replace(make.verdict(), claims=(*claims, *more))
