"""What a user asked for is what is requested, and nothing else."""

from __future__ import annotations

from steelyard.detectors.requested import request_of
from steelyard.plugins import MeasurementRequest
from steelyard.records import RequestedTest


def test_the_users_choices_are_passed_on() -> None:
    asked = RequestedTest(detector="gate", task="t", prompt="chat", shots=2, temperature=0.7)
    assert request_of(asked, "gate/0") == MeasurementRequest(
        name="gate/0", task="t", prompt="chat", shots=2, temperature=0.7
    )
    other = request_of(asked, "leak/0/kept", task="t#check-1", arm="kept", role="candidate-2")
    assert (other.task, other.arm, other.role) == ("t#check-1", "kept", "candidate-2")


def test_no_temperature_is_that_of_the_task() -> None:
    assert request_of(RequestedTest(detector="gate", task="t"), "n").temperature is None
