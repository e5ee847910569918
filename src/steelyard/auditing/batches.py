"""A run that is asked by its provider's batches: its runner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.errors import InputError
from steelyard.models.batches import BatchModel
from steelyard.records import PlannedModel
from steelyard.runner.batch_loop import BatchRunner
from steelyard.storage.journal.batches import BatchesSoFar
from steelyard.storage.run_folder import RunFolder
from steelyard.util.batch_ends import growth_of

__all__ = ["batch_runner"]


def batch_runner(
    planned: PlannedModel,
    run: RunFolder,
    so_far: BatchesSoFar,
    shared: Mapping[str, Any],
    patience_seconds: float,
) -> BatchRunner:
    """The runner of a model that the plan asks by batches; ``shared`` is what every runner gets.

    Raises InputError where the model that was opened has none.
    """
    model = shared["model"]
    batches = model.batches if isinstance(model, BatchModel) else None
    if batches is None:
        raise InputError(f"the plan asks by batches, and {planned.identity.uri} has none", where=run.path)
    return BatchRunner(
        **shared,
        batches=batches,
        plan_sha256=run.plan_sha256,
        growth=growth_of(planned.batch_growth),
        so_far=so_far,
        patience_seconds=patience_seconds,
    )
