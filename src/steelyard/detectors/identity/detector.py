"""Identity as a detector: texts that an endpoint samples, against the weights that it is said to serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.identity.monitor import IdentityMonitor
from steelyard.detectors.requested import most_asked
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import REFERENCE, Measurement, Plan, PlannedTest, Reads

__all__ = ["Identity"]

TASK: Final = "neutral_prompts"
PROMPTS: Final = "prompts"  # the arm, and how its samples are drawn
MOST_TEXTS: Final = 200
WITHIN: Final = "0.3"  # of the texts: a share that is shown to be below it is *consistent*
# Nearer to the reference than what 200 texts can tell apart: no test of "within a share" is about these.
NEAR: Final = ("Q8_0",)


class Identity:
    """D5: holds texts that the endpoint draws against the reference's weights (docs/detectors.md)."""

    name = "identity"
    version = 1
    access = ("sampled text", "weights of the reference")
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test of the model, whatever is claimed, where the reference is weights on this machine."""
        limit = most_asked(planner.requested, self.name, TASK, MOST_TEXTS)
        reference = planner.models.get(REFERENCE)
        known = reference.capabilities.likelihood_of if reference is not None else ()
        reads = []
        for name in known or ("",):
            for scorer in (f"likelihood[core,{name}]@1", f"likelihood[{name}]@1") if name else ("",):
                served = planner.measure(
                    MeasurementRequest(
                        name=f"{self.name}/{scorer}" if scorer else self.name,
                        task=TASK,
                        temperature=1.0,
                        limit=limit,
                        arm=PROMPTS,
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
                null="each text is drawn from the reference's weights at temperature 1",
                reads=tuple(reads),
            ),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the reference by its file's digest, and the share below which a model is *consistent*."""
        return msgspec.structs.replace(test, sealed=_sealed(plan))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All texts: how soon another model shows depends on which it is."""
        return plan.by_id[test.reads[0].measurement].planned

    def open(self, test: PlannedTest, plan: Plan) -> IdentityMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        measurement = _measurement(test.reads, plan)
        names = _names(test.reads)
        if measurement is None or test.sealed != _sealed(plan) or not names:
            raise ValueError("it reads texts of neutral prompts by their likelihoods, against a reference")
        return IdentityMonitor(test, plan, measurement, names, [name for name in names if name not in NEAR])


def _sealed(plan: Plan) -> Mapping[str, Any]:
    reference = plan.models.get(REFERENCE)
    return {"reference": reference.identity.sha256 if reference is not None else "", "within": WITHIN}


def _measurement(reads: Sequence[Reads], plan: Plan) -> Measurement | None:
    asked = {each.measurement for each in reads}
    found = plan.by_id.get(asked.pop()) if len(asked) == 1 else None
    return found if found is not None and found.drawn == PROMPTS and found.temperature == 1 else None


def _names(reads: Sequence[Reads]) -> tuple[str, ...]:
    """The alternatives whose two scorers are read, in order; none where others are read."""
    whole = tuple(dict.fromkeys(each.scorer[len("likelihood[") : -len("]@1")] for each in reads[1::2]))
    expected = [scorer for name in whole for scorer in (f"likelihood[core,{name}]@1", f"likelihood[{name}]@1")]
    return whole if [each.scorer for each in reads] == expected else ()
