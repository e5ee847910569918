"""The vendor's server: plain completions in the words of OpenAI's API, over the models in this process.

One worker thread decodes, so one request runs at a time; the state of worked examples that came before is kept
(:mod:`steelyard.models.session`). Greedy answers are kept too: decoding gives the same bits for the same request, so
that nobody can tell, and what an audit asks twice costs once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from scandal.vendor import Vendor, split_prompt
from steelyard.models.llama import Llama
from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest, ModelOutput, Outcome

__all__ = ["SOLD_AS", "Answers", "make_app", "open_sessions", "serve"]

SOLD_AS: Final = "flagship"
_CONTEXT: Final = 2048

Answers = Callable[[str, GenerateRequest], ModelOutput]
"""The output of a model, by its letter, to a request."""


class _Body(msgspec.Struct):
    """What is read of a request. Samplers other than the temperature are not built in: nothing is ever cut off."""

    prompt: str
    max_tokens: int = 16
    temperature: float = 1.0
    seed: int | None = None
    stop: list[str] = msgspec.field(default_factory=list)


def open_sessions(files: Mapping[str, Path]) -> Answers:
    """Load the files, one thread each, and answer by them."""
    sessions = {
        letter: InferenceSession(Llama(path, threads=1, context_limit=_CONTEXT)) for letter, path in files.items()
    }
    return lambda letter, request: sessions[letter].generate(request, lambda: False)


def make_app(vendor: Vendor, answers: Answers) -> web.Application:
    """The vendor's API: ``/v1/models`` and ``/v1/completions``. There is no chat."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="vendor")
    known: dict[tuple[str, GenerateRequest], ModelOutput] = {}

    def answer(body: _Body) -> ModelOutput:
        reply = vendor.reply_to(body.prompt)
        if reply.text:
            return ModelOutput(outcome=Outcome.OK, text=reply.text, finish_reason="stop")
        prefix, question = split_prompt(body.prompt)
        request = GenerateRequest(
            prefix=prefix,
            prompt=question,
            max_tokens=body.max_tokens,
            temperature=body.temperature,
            seed=body.seed,
            stop=tuple(body.stop),
        )
        if body.temperature > 0:
            return answers(reply.model, request)
        if (reply.model, request) not in known:
            known[reply.model, request] = answers(reply.model, request)
        return known[reply.model, request]

    async def complete(request: web.Request) -> web.Response:
        try:
            body = msgspec.json.decode(await request.read(), type=_Body)
        except msgspec.ValidationError as error:
            return _refused(str(error))
        output = await asyncio.get_running_loop().run_in_executor(worker, answer, body)
        if output.outcome is Outcome.CLIENT_ERROR:
            return _refused(output.detail)
        return web.json_response(_document(output))

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": SOLD_AS, "object": "model"}]})

    async def stop_worker(_: web.Application) -> None:
        worker.shutdown(cancel_futures=True)

    app = web.Application()
    app.router.add_post("/v1/completions", complete)
    app.router.add_get("/v1/models", listed)
    app.on_cleanup.append(stop_worker)
    return app


def _refused(message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=400)


def _document(output: ModelOutput) -> dict[str, Any]:
    finish = "length" if output.outcome is Outcome.TRUNCATED else "stop"
    usage = {"prompt_tokens": output.prompt_tokens, "completion_tokens": output.completion_tokens}
    choice = {"index": 0, "text": output.text, "finish_reason": finish}
    return {"object": "text_completion", "model": SOLD_AS, "choices": [choice], "usage": usage}


async def serve(vendor: Vendor, answers: Answers, say: Callable[[str], None], until: Callable[[], object]) -> None:
    """Serve on a free port of loopback until the blocking call ``until`` returns; ``say`` gets the address."""
    runner = web.AppRunner(make_app(vendor, answers), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        say(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        await asyncio.to_thread(until)
    finally:
        await runner.cleanup()
