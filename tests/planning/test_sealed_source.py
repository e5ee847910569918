"""What a verifier takes from the plan: the rest of its behaviour is tested by tests/verification/test_derived.py."""

from __future__ import annotations

import pytest

from steelyard.errors import VerificationError
from steelyard.planning.sealed_source import SealedSource
from steelyard.planning.testable import Skip
from steelyard.plugins import MeasurementRequest
from steelyard.records import NotPlanned, Part, Plan, Reads, Served
from steelyard.tasks import load_task
from testkit.plans import measurement, plan

REVISION = f"The rows are the hub's at revision {'a' * 40}."


def source(*, part: Part | None = None, population: int = 1319, refused: str = "", items: str = "") -> SealedSource:
    asked = measurement(task="gsm8k", population=population, part=part, items=items)
    served = Served(
        request="claim/0", reads=Reads(measurement="00-t", scorer="exact@5"), prompt="cot", differences=("x", REVISION)
    )
    not_planned = (
        (NotPlanned(request="claim/1", task="gsm8k", verdict="not_tested", reason=refused),) if refused else ()
    )
    sealed: Plan = plan(asked, tasks={"gsm8k": "steelyard 0.1.0", "sums": "file"}, not_planned=not_planned)
    return SealedSource(sealed, {} if refused else {"claim/0": served})


def test_facts_of_the_data_are_the_plans() -> None:
    task = load_task("gsm8k")
    assert task.definition.items is not None
    rows = source(items=task.definition.items.sha256).rows(
        MeasurementRequest(name="claim/0", task="gsm8k"), task, task.protocol_of()
    )
    assert (rows.population, rows.part, rows.remarks) == (1319, None, (REVISION,))
    assert rows.asked(measurement()).root == "0" * 64


def test_facts_that_no_data_give() -> None:
    task = load_task("gsm8k")
    with pytest.raises(VerificationError, match="00-t: population and part: 50 samples cannot be the whole"):
        source(population=50).rows(MeasurementRequest(name="claim/0", task="gsm8k"), task, task.protocol_of())


def test_missing_data_are_believed_and_other_reasons_are_not() -> None:
    task = load_task("gsm8k")
    request = MeasurementRequest(name="claim/1", task="gsm8k")
    with pytest.raises(Skip, match="no data for"):
        source(refused="no data for gsm8k").rows(request, task, task.protocol_of())
    with pytest.raises(VerificationError, match="claim/1 is not_tested, and it can be asked"):
        source(refused="nobody felt like it").rows(request, task, task.protocol_of())


def test_tasks_that_the_plan_knows() -> None:
    assert source().find("claim/0", "GSM8K") is not None
    assert source().find("claim/0", "nothing of this name") is None
    assert "did you mean 'sums'?" in source().near("summs")
    with pytest.raises(VerificationError, match="nothing is planned for claim/7, and no reason is given"):
        source().find("claim/7", "sums")
    with pytest.raises(VerificationError, match="claim/0 is served by 00-t, which asks something else"):
        _twice(source())


def _twice(found: SealedSource) -> None:
    for _ in range(2):
        found.name("claim/0", 0, "gsm8k")
