"""Next tokens as a detector: what an endpoint expects after a text, against the weights that it is said to serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.requested import most_asked
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import REFERENCE, Measurement, Plan, PlannedTest, Reads, references_of
from steelyard_forensics.next_token.monitor import NextTokenMonitor
from steelyard_forensics.references import sealed_files

__all__ = ["NextToken"]

TASK: Final = "neutral_prompts"
FORMAT: Final = "next_token"
PROMPTS: Final = "prompts"  # how the samples are drawn
ARM: Final = "next_token"
MOST_PROMPTS: Final = 100
# Nats: no server of the reference's weights was as far after any prompt (docs/detectors/next-tokens.md).
FAR: Final = "0.25"
TOLERANCE: Final = "0.05"  # the chance that any server may be farther after a prompt, whatever came before it
WITHIN: Final = "0.2"  # of the prompts: a share that is shown to be below it is *consistent*
SCORERS: Final = ("next_token_distance[least]@1", "next_token_distance[most]@1")


class NextToken:
    """D5 by log-probabilities: holds an endpoint's next tokens against the weights (docs/detectors/next-tokens.md)."""

    name = "next_token"
    version = 1
    access = ("next-token log-probs", "weights of the reference")
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test of the model, whatever is claimed, where the reference is weights on this machine."""
        limit = most_asked(planner.requested, self.name, TASK, MOST_PROMPTS)
        reads = []
        roles = references_of(planner.models)
        for scorer in _scorers(roles) or SCORERS:
            served = planner.measure(
                MeasurementRequest(
                    name=f"{self.name}/{scorer}",
                    task=TASK,
                    prompt=FORMAT,
                    limit=limit,
                    arm=ARM,
                    drawn=PROMPTS,
                    scorer=scorer,
                )
            )
            if served is None:
                return ()
            reads.append(served.reads)
        return (
            PlannedTest(
                id=self.name,
                rule=f"{self.name}@{self.version}",
                weight=1.0,
                null=(
                    "after each prompt, whatever came before it, the log-probabilities of next tokens differ from the "
                    f"{'reference' if len(roles) < 2 else 'nearest file'}'s by more than {FAR} nat with a chance of at "
                    f"most {float(TOLERANCE) * 100:g} %"
                ),
                reads=tuple(reads),
            ),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the reference by its file's digest, what is far, and the shares that may and may no longer be far."""
        return msgspec.structs.replace(test, sealed=_sealed(plan))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All prompts: how soon another model shows depends on which it is."""
        return plan.by_id[test.reads[0].measurement].planned

    def open(self, test: PlannedTest, plan: Plan) -> NextTokenMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        measurement = _measurement(test.reads, plan)
        if measurement is None or test.sealed != _sealed(plan):
            raise ValueError("it reads next tokens of neutral prompts by their distances from a reference")
        return NextTokenMonitor(test, plan, measurement)


def _sealed(plan: Plan) -> Mapping[str, Any]:
    return sealed_files(plan) | {"far": FAR, "tolerance": TOLERANCE, "within": WITHIN}


def _scorers(roles: Iterable[str]) -> tuple[str, ...]:
    """The scorers of each file, at least and at most."""
    return tuple(
        scorer if role == REFERENCE else scorer.replace("[", f"[{role},", 1) for role in roles for scorer in SCORERS
    )


def _measurement(reads: Sequence[Reads], plan: Plan) -> Measurement | None:
    asked = {each.measurement for each in reads}
    found = plan.by_id.get(asked.pop()) if len(asked) == 1 else None
    is_ours = found is not None and (found.drawn, found.kind) == (PROMPTS, "next_token")
    return found if is_ours and tuple(each.scorer for each in reads) == _scorers(references_of(plan.models)) else None
