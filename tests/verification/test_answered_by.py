"""The turns of trainings in a plan: those of its order, or refused. (By the command: test_turns_of_trainings.py.)"""

from __future__ import annotations

import msgspec
import pytest

from steelyard.errors import VerificationError
from steelyard.planning.samples import Prepared
from steelyard.planning.turns import with_turns
from steelyard.records import Capabilities, Checkpoint, GenerateRequest, Measurement, Plan, PlannedModel, Sample
from steelyard.verification.answered_by import check_turns
from testkit.plans import measurement, plan, planned_model

SAMPLES = [Sample(id=str(n), request=GenerateRequest(prompt=f'{{"seed":{n // 2}}}'), target="") for n in range(12)]


def answered(trainings: int = 3, backend: str = "", **changes: object) -> tuple[Plan, Prepared]:
    several = tuple(Checkpoint(sha256=f"{number:064x}") for number in range(trainings))
    model = PlannedModel(
        identity=planned_model(backend=backend).identity, capabilities=Capabilities(checkpoints={"w": several})
    )
    asked = with_turns(measurement(population=12, needs=("w",), **changes), SAMPLES, model)
    return plan(asked, models={"subject": model}), Prepared(asked, SAMPLES, ())


def changed(whole: Plan, **changes: object) -> Plan:
    found: Measurement = msgspec.structs.replace(whole.measurements[0], **changes)
    return msgspec.structs.replace(whole, measurements=(found,))


def test_turns_that_follow_from_the_order_pass_with_the_samples_and_without() -> None:
    whole, draft = answered()
    assert len(whole.measurements[0].turns) == 12
    check_turns(whole, [draft])
    check_turns(whole, [])


@pytest.mark.parametrize("turns", [(), (0,) * 12, (0, 1, 2) * 5, (0, 1, 7) * 4])
def test_other_turns_are_refused(turns: tuple[int, ...]) -> None:
    whole, draft = answered()
    with pytest.raises(VerificationError, match="00-t: turns do not follow from its order"):
        check_turns(changed(whole, turns=turns), [draft])


@pytest.mark.parametrize("turns", [(), (0, 1, 2) * 5, (0, 1, 7) * 4, (0, 1, -1) * 4])
def test_without_the_samples_their_form_is_still_checked(turns: tuple[int, ...]) -> None:
    whole, _ = answered()
    with pytest.raises(VerificationError, match="turns do not follow"):
        check_turns(changed(whole, turns=turns), [])


def test_one_training_and_recorded_answers_have_no_turns() -> None:
    for whole, draft in (answered(trainings=1), answered(backend="recording")):
        check_turns(whole, [draft])
        with pytest.raises(VerificationError, match="turns do not follow"):
            check_turns(changed(whole, turns=(0,) * 12), [draft])
