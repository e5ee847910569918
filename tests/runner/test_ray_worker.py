"""A worker's half of ``--ray``, without Ray: it asks what it is sent, gives answers as they come, says what failed."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    Image,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)
from steelyard.runner import ray_worker
from steelyard.runner.ray_worker import ANSWERS, OPENED, Worker, encode


class Model:
    """Answers with the prompt; to ``slow`` never, to ``broken`` with a bug."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.closed = False

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        return ModelIdentity(uri="test:it", name="it"), Capabilities(concurrency=3)

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        if request.prompt == "broken":
            raise RuntimeError("a secret")
        try:
            await asyncio.sleep(3600 if request.prompt == "slow" else 0)
        except asyncio.CancelledError:
            self.cancelled.append(request.prompt)
            raise
        return ModelOutput(outcome=Outcome.OK, text=request.prompt)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, logprobs=(-1.5, float("-inf")))

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text='[" a"]', logprobs=(-0.5,))

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    found = Model()
    monkeypatch.setattr(ray_worker, "open_model", lambda uri, settings: found)
    return found


async def opened() -> Worker:
    worker = Worker()
    await worker.open("test:it", Settings(), {})
    return worker


async def answers(worker: Worker, count: int) -> dict[int, ModelOutput]:
    found: dict[int, ModelOutput] = {}
    while len(found) < count:
        found |= dict(ANSWERS.decode(await worker.collect()))
    return found


def ask(prompt: str) -> GenerateRequest:
    return GenerateRequest(prompt=prompt)


def test_outputs_come_by_number_as_they_finish(model: Model) -> None:
    async def main() -> None:
        worker = await opened()
        likelihood = LoglikelihoodRequest(context="a", continuations=("b", "c"))
        await worker.submit(encode([(1, ask("slow")), (2, ask("two")), (3, likelihood), (4, ask("broken"))]), [])
        await worker.submit(encode([(5, ask("\n ü 😀")), (6, NextTokenRequest(context="a"))]), [])
        found = await answers(worker, 5)
        assert found[2] == ModelOutput(outcome=Outcome.OK, text="two")
        assert found[3].logprobs == (-1.5, float("-inf"))
        assert found[4] == ModelOutput(outcome=Outcome.MALFORMED, detail="the model's own code failed: RuntimeError")
        assert found[5].text == "\n ü 😀"
        assert (found[6].text, found[6].logprobs) == ('[" a"]', (-0.5,))
        await worker.submit(encode([]), [1, 2])
        await asyncio.sleep(0)
        assert model.cancelled == ["slow"], "what nobody waits for is not asked on"
        await worker.close()
        assert model.closed

    asyncio.run(main())


def test_a_text_that_no_wire_takes_is_what_the_runner_makes_of_it(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async def generate(_: Any) -> ModelOutput:
            return ModelOutput(outcome=Outcome.OK, text="a\ud800b")

        monkeypatch.setattr(model, "generate", generate)
        worker = await opened()
        await worker.submit(encode([(1, ask("x"))]), [])
        assert (await answers(worker, 1))[1].text == "a?b"

    asyncio.run(main())


def test_it_reports_what_it_opened_or_why_not(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setenv("SOME_KEY", "before")
        said = OPENED.decode(await Worker().open("test:it", Settings(), {"SOME_KEY": "k"}))
        assert os.environ["SOME_KEY"] == "k"
        assert said.identity == ModelIdentity(uri="test:it", name="it")
        assert said.process == os.getpid()

        def refuse(uri: str, settings: Settings) -> Model:
            raise InputError("no file is here", where="x.gguf")

        monkeypatch.setattr(ray_worker, "open_model", refuse)
        said = OPENED.decode(await Worker().open("gguf:x.gguf", Settings(), {}))
        assert said.error == ("InputError", "x.gguf: no file is here")

    asyncio.run(main())


def test_requests_carry_the_bytes_of_their_images() -> None:
    shown = Image(sha256="ab" * 32, media_type="image/png", at=1, data=bytes(range(256)) * 100)
    request = GenerateRequest(prompt="?", chat=True, images=(shown, shown))
    assert ray_worker.REQUESTS.decode(encode([(7, request)])) == [(7, request)]


def test_a_worker_says_whether_its_model_takes_images(model: Model) -> None:
    opened = OPENED.decode(asyncio.run(Worker().open("test:it", Settings(), {})))
    assert not opened.takes_images
    model.takes_images = True  # type: ignore[attr-defined]
    opened = OPENED.decode(asyncio.run(Worker().open("test:it", Settings(), {})))
    assert opened.takes_images
