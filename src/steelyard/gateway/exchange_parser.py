"""Parses the bodies of one exchange into one typed output. Pure, and raises nothing whatever they contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from steelyard.models.error_replies import read_error
from steelyard.models.openai_wire import read_completion
from steelyard.models.reply_size import holds_too_much
from steelyard.records import Exchange, GenerateRequest, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["Kind", "assembled", "endpoint_kind", "is_stream", "prompt_of", "read_exchange", "read_reply"]

Kind = Literal["chat", "completion", "embedding", "other"]

_MAX_NUMBERS: Final = 8_000_000  # many embeddings in one reply
_CHAT: Final = GenerateRequest(prompt="", chat=True)
_COMPLETION: Final = GenerateRequest(prompt="")
_MAX_CHOICES: Final = 128  # per stream; a higher index is malformed


def endpoint_kind(path: str) -> Kind:
    """The kind of endpoint that a path belongs to."""
    for end, kind in _KINDS.items():
        if path.endswith(end):
            return kind
    return "other"


_KINDS: Final[Mapping[str, Kind]] = {
    "/chat/completions": "chat",
    "/completions": "completion",
    "/embeddings": "embedding",
}


def is_stream(content_type: str) -> bool:
    """Whether a reply is a stream of events."""
    return content_type.lower().startswith("text/event-stream")


def read_reply(kind: Kind, status: int, headers: Mapping[str, str], body: bytes | None) -> ModelOutput:
    """Parse a whole reply. ``body`` is decompressed; None where it was too large to keep, or unreadable.

    A tool call is an output without text.
    """
    stream = is_stream(headers.get("Content-Type", ""))
    if body is None:
        detail = "the reply is too large to keep, or in an unknown compression"
        return ModelOutput(outcome=Outcome.OK if status < 300 and kind == "other" else Outcome.MALFORMED, detail=detail)
    if status >= 300:
        return read_error(status, _json(body), headers)
    if stream:
        return _read_stream(kind, body)
    if not body and kind == "other":  # a HEAD, a 204
        return ModelOutput(outcome=Outcome.OK)
    payload = _json(body)
    if payload is None and (kind != "other" or "json" in headers.get("Content-Type", "").lower()):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not JSON" if body else "the reply is empty")
    return _read_payload(kind, payload)


def _read_payload(kind: Kind, payload: Any) -> ModelOutput:
    if kind in ("chat", "completion"):
        output = read_completion(payload, _CHAT if kind == "chat" else _COMPLETION)
        if not output.text and output.outcome in (Outcome.EMPTY, Outcome.OK) and _calls_tools(payload):
            return msgspec.structs.replace(output, outcome=Outcome.OK, detail="a call for tools")
        return output
    found = payload if isinstance(payload, Mapping) else {}
    model, usage = found.get("model"), found.get("usage")
    tokens = usage if isinstance(usage, Mapping) else {}
    about: dict[str, Any] = {
        "model": one_line(model) if isinstance(model, str) else "",
        "prompt_tokens": _count(tokens, "prompt_tokens", "input_tokens"),
        "completion_tokens": _count(tokens, "completion_tokens", "output_tokens"),
    }
    if kind == "embedding" and not isinstance(found.get("data"), list):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply has no list of embeddings", **about)
    if kind == "embedding" and not found["data"]:
        return ModelOutput(outcome=Outcome.EMPTY, detail="the reply has no embeddings", **about)
    return ModelOutput(outcome=Outcome.OK, **about)


def _calls_tools(payload: Any) -> bool:
    choices = payload.get("choices") if isinstance(payload, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    return isinstance(message, Mapping) and bool(message.get("tool_calls") or message.get("function_call"))


def _count(usage: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = usage.get(name)
        if type(value) is int and 0 <= value < 1 << 31:
            return value
    return 0


def _json(body: bytes) -> Any:
    if holds_too_much(body, _MAX_NUMBERS):
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_stream(kind: Kind, body: bytes) -> ModelOutput:
    if kind not in ("chat", "completion"):
        return ModelOutput(outcome=Outcome.OK)
    payload = assembled(kind, body)
    if isinstance(payload, str):
        return ModelOutput(outcome=Outcome.MALFORMED, detail=payload)
    return _read_payload(kind, payload)


def assembled(kind: Kind, body: bytes) -> dict[str, Any] | str:
    """Join a stream into the form of an unstreamed reply; returns the reason, as text, where it is malformed.

    A stream ends with ``[DONE]``, or at least with a finish reason for each choice; otherwise it was cut off.
    """
    texts: dict[int, list[str]] = {}
    choices: dict[int, dict[str, Any]] = {}
    whole: dict[str, Any] = {}
    done = False
    for data in _events(body):
        if data == b"[DONE]":
            done = True
            continue
        event = _json(data)
        if not isinstance(event, Mapping):
            return "an event of the stream is not a JSON object"
        if event.get("error") and not event.get("choices"):
            return {"error": event["error"]}
        for key in ("model", "usage"):
            whole[key] = event.get(key) or whole.get(key)
        parts = event.get("choices")
        for part in parts if isinstance(parts, list) else []:
            if not _take(kind, part, choices, texts):
                return "a choice of the stream is malformed"
    if not done and not (choices and all(choice.get("finish_reason") for choice in choices.values())):
        return "the stream was cut off: it ends without [DONE]"
    for index, choice in choices.items():
        text = "".join(texts[index]) if texts[index] else None
        if kind == "chat":
            choice["message"]["content"] = text
        else:
            choice["text"] = text
    return whole | {"choices": [choices[index] for index in sorted(choices)]}


def _events(body: bytes) -> list[bytes]:
    """The data of each server-sent event, as the WHATWG defines them; comments and other fields are skipped."""
    events: list[bytes] = []
    data: list[bytes] = []
    for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            events.append(b"\n".join(data))
            data = []
    return [*events, b"\n".join(data)] if data else events


def _take(kind: Kind, part: Any, choices: dict[int, dict[str, Any]], texts: dict[int, list[str]]) -> bool:
    """Add one event's part to its choice; False where it is malformed."""
    if not isinstance(part, Mapping):
        return False
    index = part.get("index", 0)
    if type(index) is not int or not 0 <= index < _MAX_CHOICES:
        return False
    choice = choices.setdefault(index, {"message": {}, "finish_reason": None})
    pieces = texts.setdefault(index, [])
    choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
    delta = part.get("delta") if kind == "chat" else part
    if delta is None:
        return True
    if not isinstance(delta, Mapping):
        return False
    piece = delta.get("content" if kind == "chat" else "text")
    if isinstance(piece, str):
        pieces.append(piece)
    elif piece is not None:
        return False
    if isinstance(delta.get("refusal"), str):
        choice["message"]["refusal"] = choice["message"].get("refusal", "") + delta["refusal"]
    if delta.get("tool_calls") or delta.get("function_call"):
        choice["message"]["tool_calls"] = True
    return True


# ── prompts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def prompt_of(kind: Kind, body: Any) -> str | None:
    """The prompt of a request: in a chat the user's last message, else the prompt field.

    None where there are several prompts, tokens instead of text, or none.
    """
    if not isinstance(body, Mapping):
        return None
    if kind == "completion":
        prompt = body.get("prompt")
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        return prompt if isinstance(prompt, str) else None
    messages = body.get("messages")
    for message in reversed(messages) if kind == "chat" and isinstance(messages, list) else []:
        if isinstance(message, Mapping) and message.get("role") == "user":
            return _content(message.get("content"))
    return None


def _content(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str)) if parts else None


def read_exchange(exchange: Exchange, reply: str) -> ModelOutput:
    """The output of a recorded call, parsed from the text of its reply; of a failed call, the recorded outcome."""
    if not exchange.outcome.answered:
        return ModelOutput(outcome=exchange.outcome, detail=exchange.detail)
    headers = {"Content-Type": "text/event-stream" if exchange.streamed else "application/json"}
    return read_reply(endpoint_kind(exchange.path), exchange.status, headers, reply.encode())
