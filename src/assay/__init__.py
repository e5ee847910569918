"""Assay: re-test AI models in-house, from a vendor's claim sheet to a sealed verdict.

The names below are the public API; everything else may change without notice. They are imported when first used, so
that ``import assay`` costs nothing::

    import asyncio, assay

    sheet = assay.read_sheet("examples/embedded.yaml")
    model = assay.open_model("embedded:smollm2")
    planned = asyncio.run(assay.plan_audit(sheet, model, assay.Options(limit=50)))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "AssayError": "assay.errors",
    "ExitCode": "assay.errors",
    "Options": "assay.plan",
    "Settings": "assay.models",
    "load_task": "assay.tasks",
    "open_model": "assay.models",
    "open_scorer": "assay.scorers",
    "plan_audit": "assay.audit",
    "read_sheet": "assay.claims",
    "recompute": "assay.recompute",
    "resume_audit": "assay.audit",
    "screen": "assay.detectors.desk_screen",
    "start_audit": "assay.audit",
    "task_from_file": "assay.tasks",
    "verify_integrity": "assay.evidence.verify",
}

__all__ = [
    "AssayError",
    "ExitCode",
    "Options",
    "Settings",
    "__version__",
    "load_task",
    "open_model",
    "open_scorer",
    "plan_audit",
    "read_sheet",
    "recompute",
    "resume_audit",
    "screen",
    "start_audit",
    "task_from_file",
    "verify_integrity",
]

if TYPE_CHECKING:
    from assay.audit import plan_audit, resume_audit, start_audit
    from assay.claims import read_sheet
    from assay.detectors.desk_screen import screen
    from assay.errors import AssayError, ExitCode
    from assay.evidence.verify import verify_integrity
    from assay.models import Settings, open_model
    from assay.plan import Options
    from assay.recompute import recompute
    from assay.scorers import open_scorer
    from assay.tasks import load_task, task_from_file


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
