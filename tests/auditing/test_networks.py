"""What answered a measurement, as a verdict says it."""

from __future__ import annotations

from steelyard.auditing.networks import answered_by
from steelyard.records import Capabilities, Checkpoint, PlannedModel
from testkit.plans import measurement, plan, planned_model


def test_every_need_names_its_networks_the_claimed_one_first() -> None:
    ours = tuple(Checkpoint(sha256=digit * 64, kind="jepa", parameters=10) for digit in "12")
    theirs = tuple(Checkpoint(sha256=digit * 64, kind="pixel", parameters=11) for digit in "34")
    model = PlannedModel(
        identity=planned_model().identity, capabilities=Capabilities(checkpoints={"few": ours, "few by pixel": theirs})
    )
    whole = plan(measurement(needs=("few", "few by pixel")), models={"subject": model})
    first, second = answered_by(whole, "00-t")
    assert (first.need, first.kind, first.parameters, first.sha256) == ("few", "jepa", 10, ("1" * 64, "2" * 64))
    assert (second.need, second.kind) == ("few by pixel", "pixel")


def test_a_language_model_names_none() -> None:
    assert answered_by(plan(measurement()), "00-t") == ()
    assert answered_by(plan(measurement()), "unknown") == ()
