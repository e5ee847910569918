"""An OpenAI-compatible endpoint of one handler, and one question to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.models import Settings, open_model
from steelyard.models.openai import OpenAIModel
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    ModelIdentity,
    ModelOutput,
)

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SUM = GenerateRequest(prompt="What is 2 + 3?", chat=True, max_tokens=8)
KEY = "sk-test-0123456789abcdef"


@asynccontextmanager
async def model_at(base: str, name: str = "m", **settings: Any) -> AsyncIterator[OpenAIModel]:
    model = open_model(f"openai:{name}@{base}", Settings(**{"timeout_seconds": 10.0} | settings))
    assert isinstance(model, OpenAIModel)
    try:
        yield model
    finally:
        await model.close()
        await model.close()


def at_handler(handler: Handler, use: Callable[[OpenAIModel], Awaitable[T]], **settings: Any) -> T:
    """Serve every path with one handler and ask it."""

    async def run() -> T:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server, model_at(str(server.make_url("/v1")), **settings) as model:
            return await use(model)

    return asyncio.run(run())


def at_url(base: str, use: Callable[[OpenAIModel], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        async with model_at(base, **settings) as model:
            return await use(model)

    return asyncio.run(run())


def ask(model: OpenAIModel) -> Awaitable[ModelOutput]:
    return model.generate(SUM)


def identify(model: OpenAIModel) -> Awaitable[tuple[ModelIdentity, Capabilities]]:
    return model.identify()


def chat_reply(text: str, **more: Any) -> web.Response:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return web.json_response({"model": "m-2026", "choices": [choice]} | more)
