"""What a user may ask by a provider's batches, said before any model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.api.models import uri_of
from steelyard.errors import InputError
from steelyard.records import is_candidate
from steelyard.util.batch_ends import growth_of

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments

__all__ = ["KINDS", "USUAL_GROWTH", "check_batch"]

KINDS: Final = ("openai", "anthropic")
USUAL_GROWTH: Final = "2"
# What is about single calls, or about the time that they take.
_NOT_WITH: Final = {
    "budget_seconds": "--budget ends a run by the clock, and a batch may take a day: leave it out; --max-cost goes",
    "rpm": "--rpm limits single calls, and a batch has none: leave it out",
    "tpm": "--tpm limits single calls, and a batch has none: leave it out",
    "ray": "--ray sends single calls from many machines, and a batch has none: leave it out",
}


def check_batch(args: RunArguments) -> None:
    """Raise InputError for options that do not go together with ``--batch``, or want it."""
    if not args.batch:
        if args.batch_growth is not None:
            raise InputError("--batch-growth is about batches: add --batch, or leave it out")
        return
    growth_of(args.batch_growth or USUAL_GROWTH)
    for name, why in _NOT_WITH.items():
        if getattr(args, name) is not None:
            raise InputError(f"--batch: {why}")
    asked = [model for role, model in args.models.items() if is_candidate(role)]
    if len(asked) > 1:
        raise InputError("--batch asks one endpoint: give one --model, and begin a run for each of the others")
    for model in asked:
        if (uri := uri_of(model)) and uri.partition(":")[0] not in KINDS:
            raise InputError(f"--batch is for openai: and anthropic: endpoints, not {uri[:80]!r}: leave it out")
