"""A run that is asked by its provider's batches: its runner, and what goes on at the provider when it stops."""

from __future__ import annotations

import shlex
from pathlib import Path

from steelyard.errors import InputError, ModelUnavailable
from steelyard.evidence import layout
from steelyard.models.batches import BatchApi, BatchModel
from steelyard.plugins import Model
from steelyard.records import ModelIdentity, PlannedModel
from steelyard.runner.batch_loop import BatchRunner
from steelyard.runner.loop import RunnerParts
from steelyard.storage.journal.batches import BatchesSoFar, batches_so_far
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.util.batch_ends import growth_of

__all__ = ["at_provider_sentence", "batch_runner", "cancel_open_batch", "check_has_batches"]


def batch_runner(
    planned: PlannedModel,
    run: RunFolder,
    so_far: BatchesSoFar,
    shared: RunnerParts,
    patience_seconds: float,
) -> BatchRunner:
    """The runner of a model that the plan asks by batches; ``shared`` is what every runner gets.

    Raises InputError where the model that was opened has none.
    """
    batches = _batches_of(shared["model"])
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


async def check_has_batches(model: Model, identity: ModelIdentity) -> None:
    """Raise InputError where a model has no batches; the endpoint is asked for its list of them."""
    batches = _batches_of(model)
    if batches is None:
        raise InputError(f"--batch is for openai: and anthropic: endpoints, not {identity.uri}: leave it out")
    if reason := await batches.unavailable_reason():
        raise InputError(f"{identity.uri} has no batches ({reason}): leave --batch out")


def at_provider_sentence(batch: tuple[str, int] | None, run: Path) -> str:
    """What a user is told of a batch that goes on at its provider, as the end of a message; empty where none does."""
    if batch is None:
        return ""
    name, calls = batch
    called = f"the batch {name}" if name else "a batch"
    return (
        f". At the provider {called} of {calls:,} calls goes on, and is paid for: a resume reads it, and "
        f"steelyard resume {shlex.quote(str(run))} --cancel-batch cancels what is not answered yet"
    )


async def cancel_open_batch(run: RunFolder, model: Model) -> str:
    """Cancel the batch that a run left at its provider; a line for the user.

    Its journal stays as it is: the next resume reads what was answered. Raises InputError where the plan asks by no
    batches or none is open, ModelUnavailable where the provider does not take it.
    """
    batches = _batches_of(model)
    if not run.plan.subject.batch_growth or batches is None:
        raise InputError("this run asks by no batches, so there is none to cancel", where=run.path)
    left = batches_so_far((record for record, _ in read_lines(run.path)), _digests_of(run)).open
    if left is None:
        raise InputError("no batch of this run is open: there is nothing to cancel", where=run.path)
    if not left.id:
        found = await batches.find(left.intent.digest, len(left.intent.calls), left.intent.at_us / 1e6)
        if not isinstance(found, str) or not found:
            raise ModelUnavailable(
                "whether the batch was created is not known yet: resume the run, which looks for it, then cancel"
            )
        left.id = found
    if (refused := await batches.cancel(left.id)) is not None:
        raise ModelUnavailable(f"the provider does not cancel the batch {left.id}: {refused.detail}")
    return (
        f"the batch {left.id} is being cancelled. What was answered until then is paid for: "
        f"steelyard resume {shlex.quote(str(run.path))} reads it, and asks the rest again"
    )


def _batches_of(model: Model) -> BatchApi | None:
    return model.batches if isinstance(model, BatchModel) else None


def _digests_of(run: RunFolder) -> dict[str, list[str]]:
    """The digests of the samples of each measurement, as its folder lists them."""
    found: dict[str, list[str]] = {}
    for each in run.plan.measurements:
        if each.again:
            found[each.id] = found[each.beside]
            continue
        name = layout.samples_of(each.id)
        with layout.open_regular(run.path, name) as file:
            found[each.id] = [line[:-1].decode("ascii", "replace") for line in layout.lines(file, name)]
    return found
