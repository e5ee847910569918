"""The Ray worker: opens a model, runs the requests that it is sent, and returns outputs as they come.

Schedule, retries and files belong to the driver (:mod:`steelyard.runner.ray`). Requests and outputs travel as
MessagePack, many at a time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import SteelyardError
from steelyard.models import Settings, open_model
from steelyard.models.asking import output_of
from steelyard.records import (
    Capabilities,
    ModelIdentity,
    ModelOutput,
    Outcome,
    Record,
    Request,
)
from steelyard.runner.recordable import without_surrogates
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.plugins import Model

__all__ = ["ANSWERS", "OPENED", "REQUESTS", "Opened", "Worker", "encode"]


class Opened(Record, frozen=True, kw_only=True):
    """A worker's report on the model that it opened, or, in ``error``, why it could not: the error's class and text."""

    software: str
    process: int
    identity: ModelIdentity | None = None
    capabilities: Capabilities | None = None
    error: tuple[str, str] | None = None
    takes_images: bool = False


encode: Final = msgspec.msgpack.encode
REQUESTS: Final = msgspec.msgpack.Decoder(list[tuple[int, Request]])
ANSWERS: Final = msgspec.msgpack.Decoder(list[tuple[int, ModelOutput]])
OPENED: Final = msgspec.msgpack.Decoder(Opened)


class Worker:
    """The actor. Its calls run side by side on one event loop, as the model's own do."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._finished: list[tuple[int, ModelOutput]] = []
        self._some = asyncio.Event()

    async def open(self, uri: str, settings: Settings, environment: Mapping[str, str]) -> bytes:
        """Open the model and report on it (:class:`Opened`). ``environment`` holds the API key, if any."""
        os.environ.update(environment)
        report = Opened(software=software(), process=os.getpid())
        try:
            if self._model is None:
                self._model = open_model(uri, settings)
            identity, capabilities = await self._model.identify()
        except SteelyardError as error:
            return encode(msgspec.structs.replace(report, error=(type(error).__name__, str(error))))
        takes_images = bool(getattr(self._model, "takes_images", False))
        return encode(
            msgspec.structs.replace(report, identity=identity, capabilities=capabilities, takes_images=takes_images)
        )

    async def submit(self, requests: bytes, given_up: list[int]) -> None:
        """Start ``requests``, and cancel those numbered in ``given_up``."""
        for number in given_up:
            if task := self._tasks.get(number):
                task.cancel()
        for number, request in REQUESTS.decode(requests):
            self._tasks[number] = asyncio.create_task(self._carry_out(number, request))

    async def collect(self) -> bytes:
        """Wait for the first output, and return all that are finished."""
        await self._some.wait()
        self._some.clear()
        finished, self._finished = self._finished, []
        return encode(finished)

    async def close(self) -> None:
        """Free what the model holds."""
        for task in self._tasks.values():
            task.cancel()
        if self._model is not None:
            await self._model.close()

    async def _carry_out(self, number: int, request: Request) -> None:
        try:
            output = await self._ask(request)
        finally:
            del self._tasks[number]
        self._finished.append((number, output))
        self._some.set()

    async def _ask(self, request: Request) -> ModelOutput:
        assert self._model is not None
        try:
            return without_surrogates(await output_of(self._model, request))
        except Exception as error:
            # As the runner reports it for a local model; the error's text may hold private data.
            return ModelOutput(outcome=Outcome.MALFORMED, detail=f"the model's own code failed: {type(error).__name__}")
