"""A task that is not here: what needs its file comes from the plan, for one request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.errors import VerificationError
from steelyard.planning.absent_task import AbsentTask, RefusedTask
from steelyard.planning.decoding import NO_CHAT
from steelyard.planning.testable import Skip
from steelyard.records import Capabilities, Claim, NotPlanned, Reads, Served
from testkit.plans import measurement

OWN = "An answer may have 4,096 tokens instead of the prompt format's 1,024, since the model reasons before it answers."


def served(*differences: str) -> Served:
    return Served(
        request="claim/0",
        reads=Reads(measurement="00-t", scorer="exact@5"),
        prompt="question",
        differences=differences,
    )


def test_what_the_plan_shows_of_a_task() -> None:
    task = AbsentTask(served(OWN, NO_CHAT), measurement(shots=3, chance=0.25, public=False), Capabilities(), "t")
    chosen = task.protocol_for(Claim(task="t", value="1"))
    assert (task.id, chosen.prompt, chosen.shots, task.chance, task.public) == ("t", "question", 3, 0.25, False)
    assert (task.prompt_format("question").max_tokens, task.prompt_format("question").chat) == (1024, True)
    assert task.protocol_of("other", 5).shots == 5
    assert task.scorer_identifier("question") == "exact@5"


@pytest.mark.parametrize(
    ("stated", "shown", "may"),
    [
        ({"shots": 3}, 3, True),
        ({}, 3, True),
        ({"shots": 8}, 3, True),  # the text of the prompt may have five
        ({"shots": 0}, 3, False),
        ({"shots": 2}, 3, False),
        ({"shots": 2, "metric": "8-shot"}, 3, False),
        ({"shots": 3, "metric": "8-shot"}, 3, True),
        ({"metric": "few-shot"}, 0, True),
        ({"metric": "zero-shot"}, 1, False),
    ],
)
def test_a_claim_about_fewer_worked_examples_than_are_shown_is_not_accused(
    stated: dict[str, Any], shown: int, may: bool
) -> None:
    claim = Claim(task="t", value="1", **stated)
    task = AbsentTask(served(), measurement(shots=shown), Capabilities(), "t")
    if may:
        assert task.protocol_for(claim).confirms_only == ""
    else:
        with pytest.raises(VerificationError, match="it may only be confirmed"):
            task.protocol_for(claim)
    confirming = msgspec.structs.replace(served(), confirms_only="the vendor shows others")
    task = AbsentTask(confirming, measurement(shots=shown), Capabilities(), "t")
    assert task.protocol_for(claim).confirms_only == "the vendor shows others"


def test_the_scorer_that_a_user_chose_is_not_the_tasks_own() -> None:
    said = "Scored by exact@5, which the user chose, not by the task's numeric@2."
    assert AbsentTask(served(said), measurement(), Capabilities()).scorer_identifier("") == "numeric@2"


def test_a_refusal_stands_as_sealed_but_for_what_the_plan_contradicts() -> None:
    refused = NotPlanned(request="claim/0/sampled", task="t", verdict="not_tested", reason="no data for t")
    with pytest.raises(Skip, match="no data for t"):
        RefusedTask("t", refused, ()).protocol_for(Claim(task="t", value="1"))
    with pytest.raises(VerificationError, match="another request asks the same samples"):
        RefusedTask("t", refused, [("question", 3)]).protocol_of("question", 3)
    by_name = NotPlanned(request="claim/0", task="t", verdict="not_testable", reason="…, add --accept-model")
    with pytest.raises(VerificationError, match="names that are not those of two models"):
        RefusedTask("t", by_name, ()).protocol_of()
