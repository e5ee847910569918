"""The scorer ``exact`` where a number with a full stop may be the number of an item."""

from __future__ import annotations

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.exact import Exact


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        ("The answer is 8. I hope that helps.", "8", None),
        ("So the answer is **8**. It is plausible.", "8", 1.0),
        ("Answer: 12) Then we are done.", "12", None),
        ("The answer is 1. Paris", "Paris", 1.0),
        ("The answer is 8.", "8", 1.0),
        ("The answer is 1984. Have fun!", "1984", 1.0),
        ("The answer is 9. I hope that helps.", "8", 0.0),
        ("8. is wrong. The answer is 9. I hope that helps.", "8", None),
    ],
)
def test_a_sentence_behind_a_number_never_makes_it_wrong(text: str, target: str, value: float | None) -> None:
    sample = Sample(id="a/1", request=GenerateRequest(prompt="?", max_tokens=9), target=target)
    assert Exact().score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value == value
