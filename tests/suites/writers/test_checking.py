"""What writers share: results in order, scores by our own scorer, and why a call gave no answer."""

from __future__ import annotations

import asyncio

import pytest

from steelyard.errors import ModelUnavailable
from steelyard.records import ModelOutput, Outcome, SuiteItem
from steelyard.suites.writers.checking import all_of, dropped, failure, score_of

ITEM = SuiteItem(id="a", question="What is 1 + 1?", answer="2")


def test_results_come_in_order_and_an_error_cancels_the_others() -> None:
    ended: list[int] = []

    async def one(number: int) -> int:
        if number < 0:
            raise ModelUnavailable("gone")
        for _ in range(5 - number):
            await asyncio.sleep(0)
        ended.append(number)
        return number

    async def never() -> int:
        await asyncio.Event().wait()
        raise AssertionError("it was cancelled")

    assert asyncio.run(all_of(one(number) for number in range(5))) == [0, 1, 2, 3, 4]
    with pytest.raises(ModelUnavailable, match="gone"):
        asyncio.run(all_of([never(), one(-1)]))


@pytest.mark.parametrize(("text", "score"), [("2", 1.0), ("It is 3.", 0.0), ("Answer: 2", 1.0)])
def test_an_output_is_scored_against_the_items_answer(text: str, score: float) -> None:
    assert score_of(ITEM, ModelOutput(outcome=Outcome.OK, text=text)) == score


def test_a_reason_is_one_line() -> None:
    said = failure(ModelOutput(outcome=Outcome.SERVER_ERROR, text="", detail="it\nbroke"))
    assert said.startswith("The model gave no answer (server_error: it")
    assert "\n" not in said
    assert dropped("x", said, ITEM).item == ITEM
