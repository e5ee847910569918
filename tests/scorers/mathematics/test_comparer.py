"""The process that compares: a text that hangs ends it, and the next one gets another."""

from __future__ import annotations

import pytest

from steelyard.scorers.halt import Halt
from steelyard.scorers.mathematics.comparer import Comparer

pytest.importorskip("math_verify")


def test_an_answer_that_hangs_is_open_and_the_next_is_scored() -> None:
    slow = Comparer(seconds=1.0)
    assert slow.equal("1", "1", Halt()) is True
    assert slow.equal("7", "9^{9^{9^{9}}}!", Halt()) is not True
    assert slow.equal("\\frac{2}{4}", "0.5", Halt()) is True
    slow.close()
