"""Stubs of the servers that people run: their routes and replies as their documentation and sources show them.

Behind all of them stands one small "model" that is honest about itself: the value of a token depends on the token and
on what stands before it, so that an echo of it passes every check. What differs is the dialect.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from steelyard.models.echo_check import EXPECTED

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WORD = re.compile(r"\s*\S+|\s+")
NAME = "org/model-7b"
SEEN: web.AppKey[list[tuple[str, str]]] = web.AppKey("seen", list)


def tokens_of(prompt: str) -> tuple[list[str], list[float]]:
    """The tokens of a text and their values (nats)."""
    tokens, values, place = WORD.findall(prompt), [], 0
    for token in tokens:
        surprise = 14.0 if token == " purple" else 0.4 if token in EXPECTED else 3.0
        values.append(-surprise - place / 100)
        place += len(token)
    return tokens, values


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One server: its entry in the list of models, its own routes, and what its completions know."""

    entry: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gets: Mapping[str, Any] = field(default_factory=dict)
    posts: Mapping[str, Any] = field(default_factory=dict)
    echoes: bool = False
    begins: bool = False  # its tokeniser puts a sign before every text
    prompt_logprobs: bool = False
    generates: bool = False  # SGLang's /generate
    next_tokens: int = 0
    sees: bool = False
    seeds: bool = True
    reasons: bool = False
    around: int = 20  # tokens that its chat template puts around a message


DIALECTS: dict[str, Dialect] = {
    "vLLM": Dialect(
        entry={"object": "model", "created": 1, "owned_by": "vllm", "root": "/models/org", "max_model_len": 32768},
        gets={"/version": {"version": "0.20.2"}},
        echoes=True,
        begins=True,
        prompt_logprobs=True,
        next_tokens=20,
        sees=True,
    ),
    "SGLang": Dialect(
        entry={"object": "model", "owned_by": "sglang", "root": NAME, "max_model_len": 131072},
        gets={
            "/get_model_info": {
                "model_path": "org/model-7b", "tokenizer_path": "org/model-7b", "is_generation": True,
                "preferred_sampling_params": None, "weight_version": "default", "has_image_understanding": False,
            },
            "/get_server_info": {"version": "0.5.6", "api_key": "sk-of-the-server", "internal_states": [{}]},
        },
        begins=True,
        generates=True,
        next_tokens=20,
        seeds=False,
    ),
    "llama.cpp": Dialect(
        entry={"object": "model", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}},
        gets={
            "/props": {
                "default_generation_settings": {"n_ctx": 8192, "params": {"top_k": 40}},
                "total_slots": 4, "model_path": "../models/Model-7B-Q4_K_M.gguf", "chat_template": "...",
                "modalities": {"vision": False}, "build_info": "b6792-00dc8057",
            }
        },
        next_tokens=20,
    ),
    "Ollama": Dialect(
        entry={"object": "model", "created": 1, "owned_by": "library"},
        gets={"/api/version": {"version": "0.40.12"}},
        posts={
            "/api/show": {
                "modelfile": "# Modelfile", "template": "{{ .Prompt }}",
                "details": {"format": "gguf", "parameter_size": "7.2B", "quantization_level": "Q4_K_M"},
                "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
                "capabilities": ["completion", "thinking"],
            }
        },
        reasons=True,
    ),
    "LM Studio": Dialect(
        entry={"object": "model", "owned_by": "organization_owner"},
        gets={
            "/api/v0/models": {
                "object": "list",
                "data": [{
                    "id": NAME, "object": "model", "type": "llm", "publisher": "lmstudio-community", "arch": "llama",
                    "compatibility_type": "gguf", "quantization": "Q4_K_M", "state": "loaded",
                    "max_context_length": 131072, "loaded_context_length": 4096,
                }],
            }
        },
    ),
    "TGI": Dialect(
        entry={"object": "model", "created": 0, "owned_by": NAME},
        gets={
            "/info": {
                "model_id": NAME, "model_sha": "0f1e2d", "model_pipeline_tag": "text-generation",
                "max_concurrent_requests": 128, "max_best_of": 2, "max_stop_sequences": 4, "max_input_tokens": 4095,
                "max_total_tokens": 4096, "validation_workers": 2, "max_client_batch_size": 4,
                "router": "text-generation-router", "version": "3.3.6", "sha": None, "docker_label": None,
            }
        },
    ),
    "LiteLLM": Dialect(
        entry={"object": "model", "created": 1, "owned_by": "openai"},
        headers={"x-litellm-version": "1.94.1"},
        gets={"/health/readiness": {"status": "healthy", "db": "Not connected"}},
        seeds=False,
    ),
    "OpenRouter": Dialect(
        entry={
            "canonical_slug": NAME, "context_length": 131072,
            "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
            "top_provider": {"context_length": 131072, "max_completion_tokens": 16384, "is_moderated": False},
            "supported_parameters": ["max_tokens", "temperature", "seed", "top_p"],
        },
        sees=True,
    ),
}  # fmt: skip


def application(dialect: Dialect, faults: Mapping[str, Handler] | None = None) -> web.Application:
    """A server of this dialect; a path of ``faults`` is answered by its handler. Keeps what was asked in ``SEEN``."""
    faults, made = faults or {}, web.Application(client_max_size=64 << 20)
    made[SEEN] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        made[SEEN].append((request.method, request.path))
        if request.path in faults:
            return await faults[request.path](request)
        if request.method == "GET":
            return _got(dialect, request.path)
        body = await request.json()
        if request.path in dialect.posts:
            return web.json_response(dialect.posts[request.path])
        return _posted(dialect, request.path, body)

    made.router.add_route("*", "/{path:.*}", serve)
    return made


def _got(dialect: Dialect, path: str) -> web.Response:
    if path == "/v1/models":
        listed = {"object": "list", "data": [{"id": NAME} | dict(dialect.entry)]}
        return web.json_response(listed, headers=dict(dialect.headers))
    if path in dialect.gets:
        return web.json_response(dialect.gets[path])
    return web.json_response({"detail": "Not Found"}, status=404)


def _posted(dialect: Dialect, path: str, body: dict[str, Any]) -> web.Response:
    if path == "/generate" and dialect.generates:
        return web.json_response(_generated(dialect, body))
    if path not in ("/v1/completions", "/v1/chat/completions"):
        return web.json_response({"detail": "Not Found"}, status=404)
    if path.endswith("chat/completions"):
        return _chatted(dialect, body)
    choice: dict[str, Any] = {"index": 0, "text": _text(dialect, body), "finish_reason": "length"}
    if body.get("echo") and dialect.echoes:
        choice["logprobs"] = _echoed(dialect, body)
    elif "logprobs" in body:
        choice["logprobs"] = {"top_logprobs": [_likeliest(body["prompt"], min(body["logprobs"], dialect.next_tokens))]}
    if "prompt_logprobs" in body and dialect.prompt_logprobs:
        tokens, values = tokens_of(body["prompt"])
        places = [
            {str(100 + index): {"logprob": value, "rank": 1, "decoded_token": token}}
            for index, (token, value) in enumerate(zip(tokens, values, strict=True))
        ]
        choice["prompt_logprobs"] = [None, *(places if dialect.begins else places[1:])]
    return web.json_response({"model": NAME, "choices": [choice], "usage": {"prompt_tokens": 4}})


def _chatted(dialect: Dialect, body: dict[str, Any]) -> web.Response:
    content = body["messages"][-1]["content"]
    shows = isinstance(content, list)
    if shows and not dialect.sees:
        return web.json_response({"error": {"message": "this model takes no images"}}, status=400)
    message = {"role": "assistant", "content": _text(dialect, body)}
    if dialect.reasons:
        message["reasoning"] = "The user asks something."
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return web.json_response(
        {"model": NAME, "choices": [choice], "usage": {"prompt_tokens": 4 + dialect.around + 60 * shows}}
    )


def _text(dialect: Dialect, body: dict[str, Any]) -> str:
    if "How many days" in str(body):
        return "7"
    seed = body.get("seed") if dialect.seeds else None
    return f"a town called {random.Random(seed).getrandbits(64)}"


def _echoed(dialect: Dialect, body: dict[str, Any]) -> dict[str, Any]:
    tokens, values = tokens_of(body["prompt"])
    named = ["<s>", *tokens] if dialect.begins else tokens
    given = [None, *values] if dialect.begins else [None, *values[1:]]
    offsets = [sum(map(len, named[:index])) for index in range(len(named))]
    return {"tokens": named, "token_logprobs": given, "text_offset": offsets}


def _generated(dialect: Dialect, body: dict[str, Any]) -> dict[str, Any]:
    assert (body["return_logprob"], body["return_text_in_logprobs"], body["logprob_start_len"]) == (True, True, 0)
    tokens, values = tokens_of(body["text"])
    places: list[list[Any]] = [[value, 100, token] for token, value in zip(tokens, values, strict=True)]
    places = [[None, 1, "<s>"], *places] if dialect.begins else [[None, *places[0][1:]], *places[1:]]
    return {"text": "", "meta_info": {"prompt_tokens": len(places), "input_token_logprobs": places}}


def _likeliest(prompt: str, count: int) -> dict[str, float]:
    """Other words with other values after each text; together less likely than everything."""
    drawn = random.Random(hashlib.sha256(prompt.encode()).digest())
    return {f" w{drawn.getrandbits(32)}": -3.5 - index / 10 - drawn.random() for index in range(count)}


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def answers(status: int, text: str = "{}", kind: str = "application/json") -> Handler:
    """A handler that always answers so."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type=kind)

    return handler


async def hangs(request: web.Request) -> web.Response:
    """A handler that never answers."""
    await asyncio.sleep(60)
    return web.Response()


FAULTS: dict[str, Handler] = {
    "404": answers(404),
    "401": answers(401, '{"error": {"message": "no key"}}'),
    "500": answers(500, "boom", "text/plain"),
    "page": answers(200, "<!doctype html><html>log in</html>", "text/html"),
    "no JSON": answers(200, "version 1"),
    "list": answers(200, "[1, 2]"),
    "wrong types": answers(
        200, '{"version": 3, "data": {"id": []}, "total_slots": "many", "modalities": [], "router": {}}'
    ),
    "nested": answers(200, '{"a":' * 900 + "1" + "}" * 900),
    "huge": answers(200, '{"version": "' + "9" * (17 << 20) + '"}'),
    "many": answers(200, "[" + "1," * 1_200_000 + "1]"),
    "escapes": answers(
        200, '{"version": "1\\u001b[31m", "model_path": "\\u001b]0;x\\u0007\\u202e", "is_generation": 1}'
    ),
    "hang": hangs,
}  # fmt: skip
