"""The key of a question to a judge: which answer it is about, bound to the model that gave it."""

from __future__ import annotations

import msgspec

from steelyard.evidence.canonical import canonical
from steelyard.records import JudgedKey, Judging


def test_answers_of_two_models_are_two_answers() -> None:
    one = JudgedKey(sample="t/row/1", criterion="a", repeat=2)
    other = msgspec.structs.replace(one, role="candidate-2", criterion="b")
    assert (one.answer, other.answer) == (("t/row/1", 2, ""), ("t/row/1", 2, "candidate-2"))
    assert b"role" not in canonical(one)  # a key of a run of one model is what it was


def test_the_score_of_each_model_is_read_back() -> None:
    found = Judging(models=(Judging(role="subject", answers=3), Judging(role="candidate-2", answers=4)))
    assert msgspec.convert(msgspec.to_builtins(found), Judging) == found
