"""Steelyard: re-test AI models in-house, from a vendor's claim sheet to a sealed verdict.

The names below are the public API; everything else may change without notice. They are imported when first used, so
that ``import steelyard`` costs nothing::

    import steelyard

    with steelyard.open_model("embedded:smollm2") as model:
        result = steelyard.audit("examples/embedded.yaml", model=model, limit=50)
    print(result.verdict.verdict, result.folder)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

_NAMES = {
    "steelyard.api.calls": [
        "aaudit",
        "aresume",
        "arun",
        "audit",
        "report",
        "resume",
        "run",
        "screen",
        "show",
        "verify",
    ],
    "steelyard.api.choosing": ["choose"],
    "steelyard.api.compare": ["cascade", "compare", "portfolio"],
    "steelyard.api.gates": ["gate"],
    "steelyard.api.judge_calls": ["calibrate", "draw_labels", "judge"],
    "steelyard.api.models": ["OpenedModel", "open_model"],
    "steelyard.api.results": ["RunResult", "ScreenResult", "VerifyResult"],
    "steelyard.api.sealed_results": ["verify_result"],
    "steelyard.auditing.answers": ["Answer"],
    "steelyard.auditing.conductor": ["plan_audit", "resume_audit", "start_audit"],
    "steelyard.claims.sheet": ["read_sheet"],
    "steelyard.comparison.portfolio_record": ["Portfolio"],
    "steelyard.comparison.record": ["Comparison"],
    "steelyard.errors": [
        "DeadlineExceeded",
        "ExitCode",
        "InputError",
        "Interrupted",
        "MissingDependency",
        "ModelUnavailable",
        "SteelyardError",
        "StorageError",
        "TimestampUnavailable",
        "VerificationError",
    ],
    "steelyard.evidence.verify": ["verify_integrity"],
    "steelyard.judging.calibration": ["Calibration"],
    "steelyard.models": ["Settings"],
    "steelyard.planning.options": ["Options"],
    "steelyard.plugins": ["Detector", "Generator", "Model", "ResultVerified", "Scorer"],
    "steelyard.records": [
        "Capabilities",
        "Claim",
        "ClaimSheet",
        "ClaimVerdict",
        "Finding",
        "GenerateRequest",
        "LoglikelihoodRequest",
        "MeasurementResult",
        "ModelIdentity",
        "ModelOutput",
        "Note",
        "Outcome",
        "Sample",
        "Score",
        "Verdict",
        "VerdictWord",
    ],
    "steelyard.scorers": ["open_scorer"],
    "steelyard.tasks": ["load_task"],
    "steelyard.tasks.from_file": ["task_from_file"],
    "steelyard.verification.recompute": ["recompute"],
}
# They come with steelyard-forensics, as its plugins of the kind ``api``.
_OF_FORENSICS = [
    "Assembly",
    "PublishedOutputs",
    "PublishedTexts",
    "TextIdentity",
    "assemble",
    "published_outputs",
    "published_texts",
    "text_identity",
]
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "Answer",
    "Calibration",
    "Capabilities",
    "Claim",
    "ClaimSheet",
    "ClaimVerdict",
    "Comparison",
    "DeadlineExceeded",
    "Detector",
    "ExitCode",
    "Finding",
    "GenerateRequest",
    "Generator",
    "InputError",
    "Interrupted",
    "LoglikelihoodRequest",
    "MeasurementResult",
    "MissingDependency",
    "Model",
    "ModelIdentity",
    "ModelOutput",
    "ModelUnavailable",
    "Note",
    "OpenedModel",
    "Options",
    "Outcome",
    "Portfolio",
    "ResultVerified",
    "RunResult",
    "Sample",
    "Score",
    "Scorer",
    "ScreenResult",
    "Settings",
    "SteelyardError",
    "StorageError",
    "TimestampUnavailable",
    "Verdict",
    "VerdictWord",
    "VerificationError",
    "VerifyResult",
    "__version__",
    "aaudit",
    "aresume",
    "arun",
    "audit",
    "calibrate",
    "cascade",
    "choose",
    "compare",
    "draw_labels",
    "gate",
    "judge",
    "load_task",
    "open_model",
    "open_scorer",
    "plan_audit",
    "portfolio",
    "read_sheet",
    "recompute",
    "report",
    "resume",
    "resume_audit",
    "run",
    "screen",
    "show",
    "start_audit",
    "task_from_file",
    "verify",
    "verify_integrity",
    "verify_result",
]

if TYPE_CHECKING:
    from steelyard.api.calls import aaudit, aresume, arun, audit, report, resume, run, screen, show, verify
    from steelyard.api.choosing import choose
    from steelyard.api.compare import cascade, compare, portfolio
    from steelyard.api.gates import gate
    from steelyard.api.judge_calls import calibrate, draw_labels, judge
    from steelyard.api.models import OpenedModel, open_model
    from steelyard.api.results import RunResult, ScreenResult, VerifyResult
    from steelyard.api.sealed_results import verify_result
    from steelyard.auditing.answers import Answer
    from steelyard.auditing.conductor import plan_audit, resume_audit, start_audit
    from steelyard.claims.sheet import read_sheet
    from steelyard.comparison.portfolio_record import Portfolio
    from steelyard.comparison.record import Comparison
    from steelyard.errors import (
        DeadlineExceeded,
        ExitCode,
        InputError,
        Interrupted,
        MissingDependency,
        ModelUnavailable,
        SteelyardError,
        StorageError,
        TimestampUnavailable,
        VerificationError,
    )
    from steelyard.evidence.verify import verify_integrity
    from steelyard.judging.calibration import Calibration
    from steelyard.models import Settings
    from steelyard.planning.options import Options
    from steelyard.plugins import Detector, Generator, Model, ResultVerified, Scorer
    from steelyard.records import (
        Capabilities,
        Claim,
        ClaimSheet,
        ClaimVerdict,
        Finding,
        GenerateRequest,
        LoglikelihoodRequest,
        MeasurementResult,
        ModelIdentity,
        ModelOutput,
        Note,
        Outcome,
        Sample,
        Score,
        Verdict,
        VerdictWord,
    )
    from steelyard.scorers import open_scorer
    from steelyard.tasks import load_task
    from steelyard.tasks.from_file import task_from_file
    from steelyard.verification.recompute import recompute


def __getattr__(name: str) -> Any:
    if name in _OF_FORENSICS:
        from steelyard.plugins import find

        return find("api", name)
    if name not in _HOMES:
        raise AttributeError(f"module 'steelyard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    from steelyard.plugins import names

    return sorted({*__all__, *names("api")})
