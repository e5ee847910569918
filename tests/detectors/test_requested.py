"""What a user asked for is what is requested, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.detectors.requested import most_asked, request_of
from steelyard.errors import InputError
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


def test_fewer_prompts_are_the_users_choice_and_more_are_not() -> None:
    asked = RequestedTest(detector="identity", task="t", options={"limit": 7})
    assert most_asked((asked,), "identity", "t", 200) == 7
    assert most_asked((asked,), "next_token", "t", 100) == 100
    assert most_asked((), "identity", "t", 200) == 200


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 201}, {"limit": True}, {"limit": 2.0}, {"most": 3}])
def test_any_other_option_is_refused(options: dict[str, Any]) -> None:
    asked = RequestedTest(detector="identity", task="t", options=options)
    with pytest.raises(InputError, match="one option, limit: from 1 to 200 prompts of t"):
        most_asked((asked,), "identity", "t", 200)
