"""OpenAI's Batch API: what a line of its files comes to, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from steelyard.models import Settings, open_model
from steelyard.models.batches import BatchLine, BatchModel, BatchStatus
from steelyard.models.openai_batches import OpenAIBatches, _result
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from testkit.batch_server import OpenAIBatchServer

QUESTION = GenerateRequest(prompt="What is 1 + 2?", chat=True)


@pytest.mark.parametrize(
    ("line", "end", "outcome"),
    [
        ({"response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}, "done", Outcome.RATE_LIMITED),
        ({"response": {"status_code": 400, "body": {"error": {"message": "no"}}}}, "done", Outcome.CLIENT_ERROR),
        ({"response": {"status_code": "?", "body": 3}}, "done", Outcome.SERVER_ERROR),
        ({"error": {"code": "batch_expired", "message": "late"}}, "expired", None),
        ({"error": {"code": "batch_cancelled", "message": "off"}}, "cancelled", None),
        ({"error": {"code": "request_timeout", "message": "slow"}}, "done", Outcome.TIMEOUT),
        ({"error": {"code": ["x"]}}, "done", Outcome.SERVER_ERROR),
        ({}, "done", Outcome.SERVER_ERROR),
    ],
)
def test_a_line_without_an_answer_has_one_outcome(line: Any, end: str, outcome: Outcome | None) -> None:
    found = _result({"custom_id": "x"} | line)
    assert (found.id, found.end, found.payload) == ("x", end, None)
    assert (None if found.output is None else found.output.outcome) == outcome


@pytest.mark.parametrize("line", [None, [], 7, {}, {"custom_id": 7}])
def test_a_line_without_an_id_is_nobodys(line: Any) -> None:
    assert _result(line).id == ""


async def _with(server: OpenAIBatchServer, work: Any) -> Any:
    model = open_model(f"openai:sums@{server.url}", Settings())
    assert isinstance(model, BatchModel)
    try:
        assert isinstance(model.batches, OpenAIBatches)
        return await work(model.batches)
    finally:
        await model.close()


def test_a_batch_from_its_file_to_its_results() -> None:
    async def work(batches: OpenAIBatches) -> list[Any]:
        assert await batches.unavailable_reason() == ""
        lines = [BatchLine("a-0", batches.body(QUESTION))]
        uploaded = await batches.upload(lines)
        assert isinstance(uploaded, str)
        batch = await batches.create(uploaded, lines, "d" * 64)
        assert isinstance(batch, str)
        assert await batches.find("d" * 64, 1, 0.0) == batch
        assert await batches.find("e" * 64, 1, 0.0) == ""
        while not (status := await batches.status(batch)).ended:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        assert isinstance(status, BatchStatus)
        return [(each.id, batches.read(each.payload, QUESTION)) async for each in batches.results(batch, status)]

    with OpenAIBatchServer() as server:
        ((name, output),) = asyncio.run(_with(server, work))
    assert (name, output.outcome, output.text, output.prompt_tokens) == ("a-0", Outcome.OK, "3", 9)


def test_what_has_no_batches_says_so() -> None:
    async def work(batches: OpenAIBatches) -> tuple[str, Any]:
        return await batches.unavailable_reason(), await batches.status("batch_9")

    with OpenAIBatchServer() as server:
        server.has_batches = False
        reason, status = asyncio.run(_with(server, work))
    assert reason.startswith("HTTP 404")
    assert isinstance(status, ModelOutput)
