"""Plans of format 2 for tests: as small as the records allow, each field to be changed by name."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.detectors.claim_retest.sealed import ClaimTest, encode
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Claim,
    ClaimSheet,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    Served,
)
from steelyard.stats.series import series_share

__all__ = ["claim_plan", "measurement", "plan", "planned_model"]

EXACT = "exact@5"
_BACKENDS = {"openai": "OpenAI-compatible HTTP"}
LEVEL = 0.05  # of the test of a claim, in this first audit of it


def measurement(**changes: Any) -> Measurement:
    """Greedy text, one scorer, 50 samples."""
    fields: dict[str, Any] = {
        "id": "00-t", "task": "t", "prompt": "question", "kind": "generate", "scorers": (EXACT,), "population": 50,
        "samples_root": "0" * 64, "order_seed": "seed",
    }  # fmt: skip
    return Measurement(**fields | changes)


def planned_model(
    uri: str = "openai:m@http://127.0.0.1/v1", *, in_process: bool = False, **identity: Any
) -> PlannedModel:
    """An endpoint that nobody asked."""
    return PlannedModel(
        identity=ModelIdentity(uri=uri, **{"backend": _BACKENDS.get(uri.partition(":")[0], ""), **identity}),
        capabilities=Capabilities(deterministic=in_process),
    )


def plan(*measurements: Measurement, **changes: Any) -> Plan:
    """A plan that measures, and tests nothing."""
    fields: dict[str, Any] = {
        "format": PLAN_FORMAT, "software": "0", "created": "2026-11-24T00:00:00+00:00",
        "models": {SUBJECT: planned_model()}, "measurements": measurements, "alpha": 0.05,
    }  # fmt: skip
    return Plan(**fields | changes)


def claim_plan(
    claim: Claim | None = None,
    sealed: dict[str, Any] | None = None,
    *,
    in_process: bool = True,
    sampling_check: Measurement | None = None,
    backend: str = "",
    **changes: Any,
) -> Plan:
    """A plan of one claim on one measurement, its test sealed at LEVEL; ``changes`` are the measurement's."""
    claim = claim or Claim(task="t", value="80")
    asked = measurement(**changes)
    reads = Reads(measurement=asked.id, scorer=asked.scorers[0])
    beside = () if sampling_check is None else (Reads(measurement=sampling_check.id, scorer=asked.scorers[0]),)
    fields: dict[str, Any] = {"claim": 0, "tolerance": "2"} | (sealed or {})
    test = PlannedTest(
        id="claim-00-t", rule="claim_retest@4", weight=1.0, null="the claim holds", reads=(reads, *beside),
        sealed=encode(ClaimTest(**fields)),
    )  # fmt: skip
    sheet = ClaimSheet(model="t", claims=(claim,), digest="0" * 64)
    served = (Served(request="claim/0", reads=reads, prompt=asked.prompt),)
    unsealed = plan(
        *((asked,) if sampling_check is None else (asked, sampling_check)),
        models={SUBJECT: planned_model(in_process=in_process, backend=backend)},
        sheet=sheet,
        tests=(test,),
        detectors=("claim_retest@4",),
        served=served,
        tolerance="2",
        alpha=LEVEL / series_share(1),
    )
    return msgspec.structs.replace(unsealed, tests=(seal(test, unsealed),))
