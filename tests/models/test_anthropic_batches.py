"""Message Batches: what a line of the results comes to, how one is found again, and where results may not be."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from steelyard.models import Settings, open_model
from steelyard.models.anthropic_batches import AnthropicBatches, _result
from steelyard.models.batches import BatchLine, BatchModel, custom_id
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from testkit.batch_server import MessageBatches

QUESTION = GenerateRequest(prompt="What is 1 + 2?", chat=True, max_tokens=9)
DIGEST = "ab" * 32


def _errored(kind: Any) -> dict[str, Any]:
    return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "so"}}}


@pytest.mark.parametrize(
    ("result", "end", "outcome"),
    [
        (_errored("invalid_request_error"), "done", Outcome.CLIENT_ERROR),
        (_errored("overloaded_error"), "done", Outcome.SERVER_ERROR),
        (_errored("rate_limit_error"), "done", Outcome.RATE_LIMITED),
        (_errored("timeout_error"), "done", Outcome.TIMEOUT),
        (_errored(["?"]), "done", Outcome.SERVER_ERROR),
        ({"type": "expired"}, "expired", None),
        ({"type": "canceled"}, "cancelled", None),
        ({"type": "new"}, "done", Outcome.SERVER_ERROR),
        (None, "done", Outcome.SERVER_ERROR),
    ],
)
def test_a_line_without_an_answer_has_one_outcome(result: Any, end: str, outcome: Outcome | None) -> None:
    found = _result({"custom_id": "x", "result": result})
    assert (found.id, found.end, found.payload) == ("x", end, None)
    assert (None if found.output is None else found.output.outcome) == outcome


@pytest.mark.parametrize("line", [None, [], 7, {}, {"custom_id": 7}])
def test_a_line_without_an_id_is_nobodys(line: Any) -> None:
    assert _result(line).id == ""


async def _with(server: MessageBatches, work: Any) -> Any:
    model = open_model(f"anthropic:sums@{server.url}", Settings())
    assert isinstance(model, BatchModel)
    try:
        assert isinstance(model.batches, AnthropicBatches)
        return await work(model.batches)
    finally:
        await model.close()


def test_a_batch_is_found_again_when_it_has_ended_and_not_before() -> None:
    async def work(batches: AnthropicBatches) -> list[Any]:
        lines = [BatchLine(custom_id(DIGEST, 0), batches.body(QUESTION))]
        began = time.time()
        batch = await batches.create(await batches.upload(lines), lines, DIGEST)  # type: ignore[arg-type]
        assert isinstance(batch, str)
        before = await batches.find(DIGEST, 1, began)
        server.is_stalled = False
        while not (await batches.status(batch)).ended:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        other = "cd" * 32
        return [
            before,
            await batches.find(DIGEST, 1, began) == batch,
            await batches.find(DIGEST, 2, began),
            await batches.find(other, 1, began),
            await batches.find(DIGEST, 1, began + 86_400.0),
        ]

    with MessageBatches() as server:
        server.is_stalled = True
        assert asyncio.run(_with(server, work)) == [None, True, "", "", ""]


@pytest.mark.parametrize("where", ["https://elsewhere.example/x", "http://127.0.0.1:1/x", "http://[", "file:///x", 7])
def test_results_are_read_at_the_named_address_alone(where: Any) -> None:
    async def work(batches: AnthropicBatches) -> Any:
        lines = [BatchLine(custom_id(DIGEST, 0), batches.body(QUESTION))]
        batch = await batches.create("", lines, DIGEST)
        assert isinstance(batch, str)
        await asyncio.sleep(0.1)
        return await batches.status(batch)

    with MessageBatches() as server:
        server.elsewhere = where
        status = asyncio.run(_with(server, work))
    assert isinstance(status, ModelOutput)
    assert status.fatal
    assert "which is not the address that was named" in status.detail


def test_a_cancelled_batch_says_so() -> None:
    async def work(batches: AnthropicBatches) -> Any:
        lines = [BatchLine(custom_id(DIGEST, at), batches.body(QUESTION)) for at in range(2)]
        batch = await batches.create("", lines, DIGEST)
        assert isinstance(batch, str)
        assert await batches.cancel(batch) is None
        assert isinstance(await batches.unavailable_reason(), str)
        while not (status := await batches.status(batch)).ended:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        return status.otherwise, sorted([each.end async for each in batches.results(batch, status)])  # type: ignore[union-attr,arg-type]

    with MessageBatches() as server:
        server.is_stalled = True
        assert asyncio.run(_with(server, work)) == ("cancelled", ["cancelled", "done"])
