from __future__ import annotations

from steelyard.records import Claim, Protocol
from steelyard.tasks.requested import RequestedProtocol


def test_what_a_claim_states_is_taken_and_its_worked_examples_from_wherever_they_stand() -> None:
    claim = Claim(
        task="gsm8k",
        value="90",
        metric="exact_match",
        note="8-shot",
        protocol=Protocol(harness="lm-eval", prompt="CoT"),
    )
    requested = RequestedProtocol.of_claim(claim)
    assert (requested.task, requested.metric, requested.harness) == ("gsm8k", "exact_match", "lm-eval")
    assert requested.shots is None
    assert requested.stated_shots.number == 8
    assert RequestedProtocol(prompt="cot").task == ""
