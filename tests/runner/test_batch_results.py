"""Results come in any order and from somebody else: each line of ours counts once, whatever else comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.batches import BatchStatus, LineEnd, LineResult, custom_id
from steelyard.models.http_endpoint import Unreadable
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.runner.batch_results import MOST_FOREIGN, Ended, ResultReader

DIGEST = "ab" * 32
OTHER = "cd" * 32


class Lines:
    """Lines of results as a provider gave them."""

    def __init__(self, lines: list[LineResult]) -> None:
        self._lines = lines

    async def results(self, batch: str, status: BatchStatus) -> AsyncIterator[LineResult]:
        for line in self._lines:
            yield line

    def read(self, payload: Any, request: GenerateRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text=f"{payload} to {request.prompt}")


def reader(lines: list[LineResult], count: int) -> ResultReader:
    requests = {at: GenerateRequest(prompt=f"q{at}", chat=True) for at in range(count)}
    return ResultReader(Lines(lines), DIGEST, count, requests)  # type: ignore[arg-type]


def read(found: ResultReader, otherwise: LineEnd = "done") -> list[Ended]:
    async def all_of() -> list[Ended]:
        status = BatchStatus(ended=True, otherwise=otherwise)
        return [each async for each in found.read("b", status)]

    return asyncio.run(all_of())


def answered(index: int, payload: str = "x", digest: str = DIGEST) -> LineResult:
    return LineResult(custom_id(digest, index), "done", payload=payload)


@given(st.permutations(range(6)), st.lists(st.integers(0, 12), max_size=8))
def test_every_call_comes_back_once_in_any_order(order: list[int], more: list[int]) -> None:
    lines = [answered(index, str(index)) for index in order]
    lines += [answered(index, "again") for index in more] + [answered(0, digest=OTHER), LineResult("", "done")]
    found = reader(lines, 6)
    ended = read(found)
    assert [each.index for each in ended] == order
    assert all(each.output.text == f"{each.index} to q{each.index}" for each in ended)
    assert found.foreign == len(more) + 2


@pytest.mark.parametrize(
    ("otherwise", "outcome", "end"),
    [
        ("done", Outcome.DROPPED, "done"),
        ("expired", Outcome.TIMEOUT, "expired"),
        ("cancelled", Outcome.DROPPED, "cancelled"),
    ],
)
def test_what_the_results_do_not_name_has_the_end_of_its_batch(
    otherwise: LineEnd, outcome: Outcome, end: LineEnd
) -> None:
    first, second = read(reader([answered(1)], 2), otherwise)
    assert (first.index, first.output.outcome) == (1, Outcome.OK)
    assert (second.index, second.output.outcome, second.end) == (0, outcome, end)


def test_what_was_recorded_before_is_not_given_again() -> None:
    found = reader([answered(0), answered(1)], 2)
    del found.requests[0]
    assert [each.index for each in read(found)] == [1]
    assert found.foreign == 0


def test_the_fault_of_one_line_says_nothing_of_the_others() -> None:
    output = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="no", fatal=True, overloaded=True, retry_after=9.0)
    (ended,) = read(reader([LineResult(custom_id(DIGEST, 0), "done", output=output)], 1))
    assert (ended.output.fatal, ended.output.overloaded, ended.output.retry_after) == (False, False, None)


def test_too_many_foreign_lines_are_refused() -> None:
    with pytest.raises(Unreadable, match="1,000 lines"):
        read(reader([answered(0)] * (MOST_FOREIGN + 2), 1))
