"""Identity as a detector: texts that an endpoint samples, against the weights that it is said to serve.

Several files may be given of which any may be served (the roles ``reference``, ``reference-2``, …). The same texts are
read by each, against its own alternatives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.requested import most_asked
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import REFERENCE, Measurement, Plan, PlannedModel, PlannedTest, Reads, references_of
from steelyard_forensics.identity.monitor import IdentityMonitor
from steelyard_forensics.identity.scores import FileScores
from steelyard_forensics.references import sealed_files

__all__ = ["Identity"]

TASK: Final = "neutral_prompts"
PROMPTS: Final = "prompts"  # the arm, and how its samples are drawn
MOST_TEXTS: Final = 200
WITHIN: Final = "0.3"  # of the texts: a share that is shown to be below it is *consistent*
# Nearer to the reference than what 200 texts can tell apart: no test of "within a share" is about these.
NEAR: Final = ("Q8_0",)


class Identity:
    """D5: holds texts that the endpoint draws against the reference's weights (docs/detectors/identity.md)."""

    name = "identity"
    version = 2
    access = ("sampled text", "weights of the reference")
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test of the model, whatever is claimed, where the reference is weights on this machine."""
        limit = most_asked(planner.requested, self.name, TASK, MOST_TEXTS)
        scorers = [scorer for each in _files(planner.models) for scorer in each.scorers]
        reads = []
        for scorer in scorers or [""]:
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
        several = len(references_of(planner.models)) > 1
        return (
            PlannedTest(
                id=self.name,
                rule=f"{self.name}@{self.version}",
                weight=1.0,
                null="each text is drawn at temperature 1 from the weights of one of the files, whichever"
                if several
                else "each text is drawn from the reference's weights at temperature 1",
                reads=tuple(reads),
            ),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the references by their files' digests, and the share below which a model is *consistent*."""
        return msgspec.structs.replace(test, sealed=_sealed(plan))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All texts: how soon another model shows depends on which it is."""
        return plan.by_id[test.reads[0].measurement].planned

    def open(self, test: PlannedTest, plan: Plan) -> IdentityMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        measurement, files = _measurement(test.reads, plan), tuple(_files(plan.models))
        read = [scorer for each in files for scorer in each.scorers]
        if measurement is None or test.sealed != _sealed(plan) or [each.scorer for each in test.reads] != read:
            raise ValueError("it reads texts of neutral prompts by their likelihoods, against a reference")
        return IdentityMonitor(test, plan, measurement, files)


def _files(models: Mapping[str, PlannedModel]) -> Iterator[FileScores]:
    """What is read of each file; nothing where the first gives no likelihoods."""
    roles = references_of(models)
    files = {models[role].identity.sha256 for role in roles}
    known = models[REFERENCE].capabilities.likelihood_of if REFERENCE in models else ()
    for role in roles if known else ():
        made = models[role].identity.details  # an alternative that is one of the files is no other model
        yield FileScores(role, known, tuple(name for name in known if name not in NEAR and made.get(name) not in files))


def _sealed(plan: Plan) -> Mapping[str, Any]:
    return sealed_files(plan) | {"within": WITHIN}


def _measurement(reads: Sequence[Reads], plan: Plan) -> Measurement | None:
    asked = {each.measurement for each in reads}
    found = plan.by_id.get(asked.pop()) if len(asked) == 1 else None
    return found if found is not None and found.drawn == PROMPTS and found.temperature == 1 else None
