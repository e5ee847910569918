"""The scorer ``judged``: whatever comes is open, and its rubric is a file of the suite."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.judged import WAITS, Judged

SAMPLE = Sample(id="t/row/1", request=GenerateRequest(prompt="?"), target="")


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED])
def test_every_answer_is_open(outcome: Outcome) -> None:
    found = Judged("graders/a.yaml").score(SAMPLE, ModelOutput(outcome=outcome, text="VERDICT: yes"))
    assert (found.value, found.note) == (None, WAITS)


def test_a_sealed_plan_opens_it_again() -> None:
    for specification in ({"name": "judged"}, {"name": "judged", "rubric": "graders/helpful.yaml"}):
        scorer = open_scorer(specification)
        assert open_identifier(scorer.identifier) == scorer
    assert Judged().identifier == "judged@1"
    assert Judged("graders/helpful.yaml").identifier == "judged[graders/helpful.yaml]@1"


@pytest.mark.parametrize("rubric", ["../secret.yaml", "/etc/passwd", "graders/../../x", "a b.yaml", "graders//x", ".x"])
def test_a_rubric_is_a_file_of_the_suite(rubric: str) -> None:
    with pytest.raises(InputError, match=r"is no file of the suite, such as graders/helpful.yaml"):
        Judged(rubric)
