"""Whether a pass asks the same model the same questions as the first: looked at before its plan is sealed."""

from __future__ import annotations

from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.records import Plan
from steelyard.scorers.powers import name_of
from steelyard.storage.run_folder import RunFolder
from steelyard.watching.passes import measurement_of

__all__ = ["check_probe", "check_same", "differences"]

_ASKED: Final = ("task", "suite", "items", "population", "prompt", "shots", "kind", "chat", "scorers", "decoding",
                 "temperature", "reasoning_effort", "repeats", "limit")  # fmt: skip


def check_probe(plan: Plan) -> None:
    """Raise InputError for a task that no watch can read: one whose answers a judge scores, in another run."""
    measurement = measurement_of(plan)
    if name_of(measurement.scorers[0]) == "judged":
        raise InputError(f"{measurement.task}: its answers are scored by a judge, which no watch reads yet: give a "
                         "suite with another scorer")  # fmt: skip


def check_same(first: RunFolder, plan: Plan) -> None:
    """Raise InputError where a plan is about another model or other questions than the first pass."""
    if found := differences(first.plan, plan):
        raise InputError(
            f"would ask otherwise than the baseline ({', '.join(found)}), and nothing was sent: put it back, or begin "
            "another watch with a baseline of its own",
            where=first.path.parent.parent,
        )


def differences(one: Plan, other: Plan) -> list[str]:
    """What is otherwise in two passes of a watch, in words; raises VerificationError for a plan that is no pass.

    Where the endpoint begins to reason, answers get another budget, so that the samples' root changes too: then the
    items alone are compared.
    """
    before, now = measurement_of(one), measurement_of(other)
    found = [name for name in _ASKED if getattr(before, name) != getattr(now, name)]
    same_budget = before.output_budget == now.output_budget
    may_differ = one.subject.capabilities.reasons != other.subject.capabilities.reasons and bool(before.items)
    if not same_budget and not may_differ:
        found.append("output budget")
    if before.samples_root != now.samples_root and not (may_differ and not same_budget):
        found.append("samples")
    was, is_now = one.subject.identity, other.subject.identity
    if (was.name, was.sha256) != (is_now.name, is_now.sha256):
        found.append("model")
    elif not was.sha256 and was.uri != is_now.uri:
        found.append("address")
    if set(one.models) != set(other.models):
        raise VerificationError("a pass of a watch asks one model")
    return found
