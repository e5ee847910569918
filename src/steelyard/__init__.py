"""Steelyard: re-test AI models in-house, from a vendor's claim sheet to a sealed verdict.

The names below are the public API; everything else may change without notice. They are imported when first used, so
that ``import steelyard`` costs nothing::

    import asyncio, steelyard

    sheet = steelyard.read_sheet("examples/embedded.yaml")
    model = steelyard.open_model("embedded:smollm2")
    planned = asyncio.run(steelyard.plan_audit(sheet, model, steelyard.Options(limit=50)))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "SteelyardError": "steelyard.errors",
    "ExitCode": "steelyard.errors",
    "Options": "steelyard.planning.options",
    "Settings": "steelyard.models",
    "load_task": "steelyard.tasks",
    "open_model": "steelyard.models",
    "open_scorer": "steelyard.scorers",
    "plan_audit": "steelyard.auditing.conductor",
    "read_sheet": "steelyard.claims.sheet",
    "recompute": "steelyard.verification.recompute",
    "resume_audit": "steelyard.auditing.conductor",
    "screen_sheet": "steelyard.auditing.desk",
    "start_audit": "steelyard.auditing.conductor",
    "task_from_file": "steelyard.tasks.from_file",
    "verify_integrity": "steelyard.evidence.verify",
}

__all__ = [
    "ExitCode",
    "Options",
    "Settings",
    "SteelyardError",
    "__version__",
    "load_task",
    "open_model",
    "open_scorer",
    "plan_audit",
    "read_sheet",
    "recompute",
    "resume_audit",
    "screen_sheet",
    "start_audit",
    "task_from_file",
    "verify_integrity",
]

if TYPE_CHECKING:
    from steelyard.auditing.conductor import plan_audit, resume_audit, start_audit
    from steelyard.auditing.desk import screen_sheet
    from steelyard.claims.sheet import read_sheet
    from steelyard.errors import ExitCode, SteelyardError
    from steelyard.evidence.verify import verify_integrity
    from steelyard.models import Settings, open_model
    from steelyard.planning.options import Options
    from steelyard.scorers import open_scorer
    from steelyard.tasks import load_task
    from steelyard.tasks.from_file import task_from_file
    from steelyard.verification.recompute import recompute


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'steelyard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
