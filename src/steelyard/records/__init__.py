"""The frozen records that flow one way: Claim → Plan → Sample → Attempt → Score → Finding → Verdict.

Everything that is written to disk is one of these, encoded as canonical JSON (keys sorted, RFC 8785). Proportions are
fractions in [0, 1] throughout; only a vendor's printed value is kept as text, for its precision.
Durations are whole microseconds, so that two machines write the same bytes.
"""

from __future__ import annotations

from steelyard.records.claims import Claim, ClaimSheet, ComparedWith, Protocol
from steelyard.records.journal import Attempt, Exchange, RecordedScore
from steelyard.records.plan import (
    PLAN_FORMAT,
    SUBJECT,
    LedgerPlace,
    Limits,
    Measurement,
    NotPlanned,
    Origin,
    Part,
    Plan,
    PlanInput,
    PlannedModel,
    PlannedTest,
    Question,
    Reads,
    RepeatCheck,
    Served,
)
from steelyard.records.record import Record
from steelyard.records.requests import (
    Capabilities,
    Checkpoint,
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
    AnsweredBy,
    ClaimVerdict,
    DetectorResult,
    Finding,
    MeasurementResult,
    Needs,
    Note,
    PassAtK,
    SampleScore,
    Score,
    Service,
    TracePoint,
    Verdict,
    VerdictWord,
)

__all__ = [
    "PLAN_FORMAT",
    "SUBJECT",
    "AnsweredBy",
    "Attempt",
    "Capabilities",
    "Checkpoint",
    "Claim",
    "ClaimSheet",
    "ClaimVerdict",
    "ComparedWith",
    "DetectorResult",
    "Exchange",
    "Finding",
    "GenerateRequest",
    "LedgerPlace",
    "Limits",
    "LoglikelihoodRequest",
    "Measurement",
    "MeasurementResult",
    "ModelIdentity",
    "ModelOutput",
    "Needs",
    "NotPlanned",
    "Note",
    "Origin",
    "Outcome",
    "Part",
    "PassAtK",
    "Plan",
    "PlanInput",
    "PlannedModel",
    "PlannedTest",
    "Protocol",
    "Question",
    "RateHint",
    "Reads",
    "Record",
    "RecordedScore",
    "RepeatCheck",
    "Request",
    "Sample",
    "SampleScore",
    "Score",
    "Served",
    "Service",
    "TracePoint",
    "Verdict",
    "VerdictWord",
]
