"""The frozen records that flow one way: Claim → Plan → Sample → Attempt → Score → Finding → Verdict.

Everything that is written to disk is one of these, encoded as canonical JSON (keys sorted, RFC 8785). Proportions are
fractions in [0, 1] throughout; only what a vendor printed is kept as text, because its decimals are its precision.
Durations are whole microseconds, so that two machines write the same bytes.
"""

from __future__ import annotations

from steelyard.records.claims import Claim, ClaimSheet, ComparedWith, Protocol
from steelyard.records.journal import Attempt, Exchange, Marked
from steelyard.records.plan import Limits, Origin, Plan, PlanRow, Probe, SkippedClaim
from steelyard.records.record import Record
from steelyard.records.requests import (
    Answer,
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    Outcome,
    RateHint,
    Request,
    Sample,
)
from steelyard.records.results import ClaimVerdict, Finding, Mark, Needs, Note, Score, TracePoint, Verdict, VerdictWord

__all__ = [
    "Answer",
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
    "Mark",
    "Marked",
    "ModelIdentity",
    "Needs",
    "Note",
    "Origin",
    "Outcome",
    "Plan",
    "PlanRow",
    "Probe",
    "Protocol",
    "RateHint",
    "Record",
    "Request",
    "Sample",
    "Score",
    "SkippedClaim",
    "TracePoint",
    "Verdict",
    "VerdictWord",
]
