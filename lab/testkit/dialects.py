"""Servers of the tests in other dialects: what they get is put into OpenAI's chat, and their reply into the dialect.

Each refuses what the real API refuses, with its own words: a field that it does not know, a text of white space alone,
a limit that is too small, a key that is missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from testkit.fixtures import SumsServer
from testkit.reasoning_server import ReasoningServer
from testkit.vision_server import VisionServer

__all__ = ["KEY", "KINDS", "MessagesSums", "ResponsesSums", "reasoning", "seeing", "sums", "uri"]

KINDS = ("anthropic", "openai-responses", "gemini", "azure")
KEY = "sk-tests-0123456789abcdef"

MESSAGES_FIELDS = {
    "max_tokens", "messages", "metadata", "model", "output_config", "stop_sequences", "stream", "system",
    "temperature", "thinking", "top_k", "top_p",
}  # fmt: skip
RESPONSES_FIELDS = {
    "input", "instructions", "max_output_tokens", "model", "reasoning", "store", "stream", "temperature", "text",
    "top_p",
}  # fmt: skip
GEMINI_FIELDS = {"contents", "generationConfig", "systemInstruction"}
GENERATION_FIELDS = {
    "maxOutputTokens", "seed", "stopSequences", "temperature", "thinkingConfig", "topP",
}  # fmt: skip


@dataclass
class _Asked:
    """As much of a request as the servers' own handlers read."""

    body: dict[str, Any]

    async def text(self) -> str:
        return json.dumps(self.body)


class _Dialect(SumsServer):
    """``key``: what a client must send. ``bodies`` are what came, ``headers`` those of the last."""

    key = ""
    bodies_got: list[dict[str, Any]]
    headers_got: dict[str, str]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.bodies_got = []
        self.headers_got = {}

    async def _translated(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        self.headers_got = dict(request.headers)
        refused = self._refused(request, body)
        if refused:
            return self._error(*refused)
        self.bodies_got.append(body)
        answer = await self._chat(_Asked(self._asked_in(body)))  # type: ignore[arg-type]
        said = json.loads(answer.body or b"{}")  # type: ignore[arg-type]
        if answer.status != 200:
            return self._error(answer.status, said["error"]["message"])
        return web.json_response(self._said(body, said), headers=self._limits())

    def _refused(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str] | None:
        raise NotImplementedError

    def _asked_in(self, body: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _said(self, body: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _error(self, status: int, message: str) -> web.Response:
        raise NotImplementedError

    def _limits(self) -> dict[str, str]:
        return {}


class SpeaksMessages(_Dialect):
    """Anthropic's Messages API at ``/v1/messages``."""

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/messages", self._translated)

    def _refused(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str] | None:
        if self.key and request.headers.get("x-api-key") != self.key:
            return 401, "invalid x-api-key"
        if request.headers.get("anthropic-version") != "2023-06-01":
            return 400, "anthropic-version: header is required"
        for name in body.keys() - MESSAGES_FIELDS:
            return 400, f"{name}: Extra inputs are not permitted"
        if not isinstance(body.get("max_tokens"), int):
            return 400, "max_tokens: Field required"
        if not 0 <= body.get("temperature", 1.0) <= 1:
            return 400, "temperature: range: 0..1"
        if not all(stop.strip() for stop in body.get("stop_sequences", ())):
            return 400, "stop_sequences: each stop sequence must contain non-whitespace"
        for message in body["messages"]:
            if message["role"] not in ("user", "assistant"):
                return 400, "messages: Unexpected role"
            for text in _texts_of(message["content"], "text"):
                if not text.strip():
                    return 400, "messages: text content blocks must contain non-whitespace text"
        return None

    def _asked_in(self, body: dict[str, Any]) -> dict[str, Any]:
        system = [{"role": "system", "content": body["system"]}] if "system" in body else []
        turns = [{"role": each["role"], "content": self._parts(each["content"])} for each in body["messages"]]
        return {"max_tokens": body["max_tokens"], "messages": [*system, *turns]} | _kept(body)

    @staticmethod
    def _parts(content: Any) -> Any:
        if isinstance(content, str):
            return content
        return [
            part if part["type"] == "text" else {
                "type": "image_url",
                "image_url": {"url": f"data:{part['source']['media_type']};base64,{part['source']['data']}"},
            }
            for part in content
        ]  # fmt: skip

    def _said(self, body: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        choice, usage = said["choices"][0], said["usage"]
        message = choice["message"]
        thought = message.get("reasoning_content") or message.get("reasoning") or ""
        details = usage.get("completion_tokens_details") or {}
        blocks = [{"type": "thinking", "thinking": thought, "signature": "c2ln"}] if thought else []
        blocks += [{"type": "text", "text": message["content"]}] if message.get("content") else []
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": said.get("model", "m"), "content": blocks,
            "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[choice["finish_reason"]],
            "stop_sequence": None,
            "usage": {
                "input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"],
                "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
                "output_tokens_details": {"thinking_tokens": details.get("reasoning_tokens", 0)},
            },
        }  # fmt: skip

    def _error(self, status: int, message: str) -> web.Response:
        kind = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(
            status, "api_error" if status >= 500 else "invalid_request_error"
        )
        error = {"type": kind, "message": message}
        return web.json_response({"type": "error", "error": error, "request_id": "req_1"}, status=status)


class SpeaksResponses(_Dialect):
    """OpenAI's Responses API at ``/v1/responses``."""

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/responses", self._translated)

    def _refused(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str] | None:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return 401, "Incorrect API key provided"
        for name in body.keys() - RESPONSES_FIELDS:
            return 400, f"Unknown parameter: '{name}'."
        least = body["max_output_tokens"]
        if least < 16:
            return 400, (
                f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {least} "
                "instead."
            )
        return None

    def _asked_in(self, body: dict[str, Any]) -> dict[str, Any]:
        system = [{"role": "system", "content": body["instructions"]}] if "instructions" in body else []
        turns = [{"role": each["role"], "content": self._parts(each["content"])} for each in body["input"]]
        return {"max_tokens": body["max_output_tokens"], "messages": [*system, *turns]} | _kept(body)

    @staticmethod
    def _parts(content: Any) -> Any:
        if isinstance(content, str):
            return content
        return [
            {"type": "text", "text": part["text"]} if part["type"] == "input_text" else {
                "type": "image_url", "image_url": {"url": part["image_url"], "detail": part["detail"]},
            }
            for part in content
        ]  # fmt: skip

    def _said(self, body: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        choice, usage = said["choices"][0], said["usage"]
        message = choice["message"]
        thought = message.get("reasoning_content") or message.get("reasoning") or ""
        details = usage.get("completion_tokens_details") or {}
        items: list[dict[str, Any]] = []
        if thought:
            items.append({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": thought}]})
        if message.get("content"):
            part = {"type": "output_text", "text": message["content"], "annotations": []}
            items.append({"type": "message", "id": "msg_1", "role": "assistant", "content": [part]})
        cut = choice["finish_reason"] == "length"
        return {
            "id": "resp_1", "object": "response", "model": said.get("model", "m"), "error": None, "output": items,
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "usage": {
                "input_tokens": usage["prompt_tokens"], "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": details.get("reasoning_tokens", 0)},
            },
        }  # fmt: skip

    def _error(self, status: int, message: str) -> web.Response:
        error = {"message": message, "type": "invalid_request_error", "code": None, "param": None}
        return web.json_response({"error": error}, status=status)


class SpeaksGemini(_Dialect):
    """Gemini's ``generateContent`` at ``/v1beta``; the server's own paths, for the list of models, are there too."""

    def __enter__(self) -> Any:
        super().__enter__()
        self.url = self.url.replace("/v1", "/v1beta")
        return self

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_get("/v1beta/models", self._listed)
        app.router.add_post("/v1beta/models/{model}:generateContent", self._translated)

    async def _listed(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": f"models/{self.name}"}]})

    def _refused(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str] | None:
        if self.key and request.headers.get("x-goog-api-key") != self.key:
            return 403, "Method doesn't allow unregistered callers"
        for name in body.keys() - GEMINI_FIELDS:
            return 400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
        for name in body["generationConfig"].keys() - GENERATION_FIELDS:
            return 400, f'Invalid JSON payload received. Unknown name "{name}" at generation_config: Cannot find field.'
        for message in body["contents"]:
            if message["role"] not in ("user", "model"):
                return 400, "Please use a valid role: user, model."
        return None

    def _asked_in(self, body: dict[str, Any]) -> dict[str, Any]:
        settings = body["generationConfig"]
        system = [
            {"role": "system", "content": part["text"]} for part in body.get("systemInstruction", {}).get("parts", ())
        ]
        roles = {"user": "user", "model": "assistant"}
        turns = [{"role": roles[each["role"]], "content": self._parts(each["parts"])} for each in body["contents"]]
        return {"max_tokens": settings["maxOutputTokens"], "messages": [*system, *turns]} | _kept(settings)

    @staticmethod
    def _parts(parts: list[dict[str, Any]]) -> Any:
        if len(parts) == 1 and "text" in parts[0]:
            return parts[0]["text"]
        return [
            {"type": "text", "text": part["text"]} if "text" in part else {
                "type": "image_url",
                "image_url": {"url": f"data:{part['inlineData']['mimeType']};base64,{part['inlineData']['data']}"},
            }
            for part in parts
        ]  # fmt: skip

    def _said(self, body: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        choice, usage = said["choices"][0], said["usage"]
        message = choice["message"]
        thought = message.get("reasoning_content") or message.get("reasoning") or ""
        thoughts = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens", 0)
        parts: list[dict[str, Any]] = [{"text": thought, "thought": True}] if thought else []
        parts += [{"text": message["content"]}] if message.get("content") else []
        return {
            "candidates": [{
                "content": {"role": "model", "parts": parts}, "index": 0,
                "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}[choice["finish_reason"]],
            }],
            "usageMetadata": {
                "promptTokenCount": usage["prompt_tokens"], "thoughtsTokenCount": thoughts,
                "candidatesTokenCount": usage["completion_tokens"] - thoughts,
                "totalTokenCount": usage["prompt_tokens"] + usage["completion_tokens"],
            },
            "modelVersion": said.get("model", "m"), "responseId": "x",
        }  # fmt: skip

    def _error(self, status: int, message: str) -> web.Response:
        return web.json_response({"error": {"code": status, "message": message, "status": "X"}}, status=status)


class SpeaksAzure(_Dialect):
    """Azure's v1 at ``/openai/v1``: OpenAI's own chat, with the key in another header, and no plain completions."""

    def __enter__(self) -> Any:
        super().__enter__()
        self.url = self.url.replace("/v1", "/openai/v1")
        return self

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/openai/v1/chat/completions", self._translated)

    def _refused(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str] | None:
        if self.key and (request.headers.get("api-key"), "Authorization" in request.headers) != (self.key, False):
            return 401, "Access denied due to invalid subscription key"
        return None

    def _asked_in(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def _said(self, body: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        return said | {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}

    def _error(self, status: int, message: str) -> web.Response:
        return web.json_response({"error": {"code": str(status), "message": message}}, status=status)


def _kept(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("temperature",) if name in body}


def _texts_of(content: Any, kind: str) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == kind]


class MessagesSums(SpeaksMessages, SumsServer):
    """Adds, in Anthropic's dialect."""


class ResponsesSums(SpeaksResponses, SumsServer):
    """Adds, in the dialect of OpenAI's Responses."""


class _MessagesSees(SpeaksMessages, VisionServer):
    pass


class _ResponsesSees(SpeaksResponses, VisionServer):
    pass


class _MessagesReasons(SpeaksMessages, ReasoningServer):
    pass


class _ResponsesReasons(SpeaksResponses, ReasoningServer):
    pass


class _GeminiSums(SpeaksGemini, SumsServer):
    pass


class _GeminiSees(SpeaksGemini, VisionServer):
    pass


class _GeminiReasons(SpeaksGemini, ReasoningServer):
    pass


class _AzureSums(SpeaksAzure, SumsServer):
    pass


class _AzureSees(SpeaksAzure, VisionServer):
    pass


class _AzureReasons(SpeaksAzure, ReasoningServer):
    pass


def sums(kind: str) -> Any:
    """A server that adds, in the dialect of this kind."""
    servers = {
        "anthropic": MessagesSums,
        "openai-responses": ResponsesSums,
        "gemini": _GeminiSums,
        "azure": _AzureSums,
    }
    return servers[kind]()


def seeing(kind: str) -> Any:
    """A server that sees."""
    servers = {
        "anthropic": _MessagesSees,
        "openai-responses": _ResponsesSees,
        "gemini": _GeminiSees,
        "azure": _AzureSees,
    }
    return servers[kind]()


def reasoning(kind: str, *args: Any, **more: Any) -> Any:
    """A server that reasons before it answers."""
    servers = {
        "anthropic": _MessagesReasons,
        "openai-responses": _ResponsesReasons,
        "gemini": _GeminiReasons,
        "azure": _AzureReasons,
    }
    return servers[kind](*args, **more)


def uri(kind: str, server: Any) -> str:
    """The URI of a server's model."""
    return f"{kind}:{server.name}@{server.url}"
