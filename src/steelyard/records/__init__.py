"""The frozen records that flow one way: Claim → Plan → Sample → Attempt → Score → Finding → Verdict.

Everything that is written to disk is one of these, encoded as canonical JSON (keys sorted, RFC 8785). Proportions are
fractions in [0, 1] throughout; only what a vendor printed is kept as text, because its decimals are its precision.
Durations are whole microseconds, so that two machines write the same bytes.
"""

from __future__ import annotations

from steelyard.records.claims import Claim, ClaimSheet, ComparedWith, Protocol
from steelyard.records.journal import Attempt, Exchange, RecordedScore
from steelyard.records.plan import Limits, Origin, Plan, PlanRow, RepeatCheck, SkippedClaim
from steelyard.records.record import Record
from steelyard.records.requests import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
    RateHint,
    Request,
    Sample,
)
from steelyard.records.results import (
    ClaimVerdict,
    Finding,
    Needs,
    Note,
    SampleScore,
    Score,
    TracePoint,
    Verdict,
    VerdictWord,
)

__all__ = [
    "Attempt",
    "Capabilities",
    "Claim",
    "ClaimSheet",
    "ClaimVerdict",
    "ComparedWith",
    "Exchange",
    "Finding",
    "GenerateRequest",
    "Limits",
    "LoglikelihoodRequest",
    "ModelIdentity",
    "ModelOutput",
    "Needs",
    "Note",
    "Origin",
    "Outcome",
    "Plan",
    "PlanRow",
    "Protocol",
    "RateHint",
    "Record",
    "RecordedScore",
    "RepeatCheck",
    "Request",
    "Sample",
    "SampleScore",
    "Score",
    "SkippedClaim",
    "TracePoint",
    "Verdict",
    "VerdictWord",
]
