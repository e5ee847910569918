"""The OpenAI-compatible wire format as pure functions: requests to bodies, replies to typed outputs. No sockets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from steelyard.models.rate_headers import read_rate_headers
from steelyard.models.stops import cut_at_stop
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["echo_body", "generate_body", "path_of", "read_completion", "read_error", "read_retry_after"]

STOPS_ON_THE_WIRE = 4
MAX_DETAIL = 300
OVERLOADED = (429, 503, 529)  # 529: "overloaded", as Anthropic says it


def path_of(request: GenerateRequest) -> str:
    """The path of a request."""
    return "/chat/completions" if request.chat else "/completions"


def generate_body(model: str, request: GenerateRequest, limit_name: str = "max_tokens") -> dict[str, Any]:
    """Make the JSON body of a generation. Unset fields are omitted; the API takes four stop strings at most."""
    text = request.prefix + request.prompt
    body: dict[str, Any] = {"model": model, limit_name: request.max_tokens, "temperature": request.temperature}
    if request.chat:
        system = [{"role": "system", "content": request.system}] if request.system else []
        body["messages"] = [*system, {"role": "user", "content": text}]
    else:
        body["prompt"] = text
    if request.stop:
        body["stop"] = list(request.stop[:STOPS_ON_THE_WIRE])
    if request.seed is not None:
        body["seed"] = request.seed
    return body


def echo_body(model: str, prompt: str, max_tokens: int) -> dict[str, Any]:
    """Make the JSON body that requests the log-probabilities of the prompt's own tokens."""
    return {
        "model": model,
        "prompt": prompt,
        "max_tokens": max_tokens,
        "temperature": 0.0,
        "echo": True,
        "logprobs": 1,
    }


def read_completion(payload: Any, request: GenerateRequest) -> ModelOutput:
    """Parse the reply to a generation (status 200) into exactly one typed output."""
    if not isinstance(payload, Mapping):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not a JSON object")
    if payload.get("error") and not payload.get("choices"):
        return _error_in_reply(payload["error"])
    choices = payload.get("choices")
    if not isinstance(choices, list):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply has no list of choices")
    usage = payload.get("usage") if isinstance(payload.get("usage"), Mapping) else {}
    model = payload.get("model")
    about: dict[str, Any] = {
        "model": one_line(model) if isinstance(model, str) else "",
        "prompt_tokens": _count(usage, "prompt_tokens"),
        "completion_tokens": _count(usage, "completion_tokens"),
    }
    if not choices:
        return ModelOutput(outcome=Outcome.EMPTY, detail="the reply has no choices", **about)
    return _read_choice(choices[0], request, about)


def _read_choice(choice: Any, request: GenerateRequest, about: dict[str, Any]) -> ModelOutput:
    message = choice.get("message") if isinstance(choice, Mapping) and request.chat else choice
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's choice has no message", **about)
    finish = choice.get("finish_reason")
    about["finish_reason"] = one_line(finish) if isinstance(finish, str) else ""
    text = message.get("content" if request.chat else "text")
    refusal = message.get("refusal")
    if (isinstance(refusal, str) and refusal) or finish == "content_filter":
        refused_text = refusal if isinstance(refusal, str) and refusal else text
        return ModelOutput(outcome=Outcome.REFUSED, text=refused_text if isinstance(refused_text, str) else "", **about)
    if text is None:
        outcome = Outcome.TRUNCATED if finish == "length" else Outcome.EMPTY
        return ModelOutput(outcome=outcome, detail="the reply has no text", **about)
    if not isinstance(text, str):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text is not a string", **about)
    text, stopped = cut_at_stop(text, request.stop)
    if stopped:
        about["finish_reason"] = "stop"
    return ModelOutput(
        outcome=Outcome.TRUNCATED if finish == "length" and not stopped else Outcome.OK, text=text, **about
    )


def _error_in_reply(error: Any) -> ModelOutput:
    """Parse an error with status 200, as some proxies send it: by its own code where it has one."""
    code = error.get("code") if isinstance(error, Mapping) else None
    known = isinstance(code, int) and 400 <= code < 600
    return read_error(code if isinstance(code, int) and known else 500, {"error": error}, {})


def read_error(status: int, payload: Any, headers: Mapping[str, str], *, now: datetime | None = None) -> ModelOutput:
    """Parse a reply whose status is not 200. ``payload`` is its JSON, or None where it is not JSON."""
    detail = f"HTTP {status}"
    message = _message(payload)
    if message:
        detail += f": {message}"
    if status in (401, 403):
        detail += (
            " (is the API key right? it is read from STEELYARD_API_KEY or OPENAI_API_KEY, or where --api-key-env says)"
        )
    if 300 <= status < 400:
        detail += f" redirect to {one_line(headers.get('Location', 'nowhere'))}: not followed, give that URL instead"
    outcome = {429: Outcome.RATE_LIMITED, 408: Outcome.TIMEOUT}.get(
        status, Outcome.SERVER_ERROR if status >= 500 else Outcome.CLIENT_ERROR
    )
    return ModelOutput(
        outcome=outcome,
        detail=one_line(detail, MAX_DETAIL),
        retry_after=read_retry_after(headers, now=now),
        rate=read_rate_headers(headers, now=now),
        overloaded=status in OVERLOADED,
        fatal=status in (401, 402, 403),
    )


def _message(payload: Any) -> str:
    error = (
        payload.get("error", payload.get("detail", payload.get("message"))) if isinstance(payload, Mapping) else None
    )
    found = error.get("message") if isinstance(error, Mapping) else error
    return one_line(found) if isinstance(found, str) else ""


def read_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Read ``Retry-After`` (seconds or a date, RFC 9110 §10.2.3) as seconds from now; None where it is absent."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            seconds = (until - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _count(usage: Any, key: str) -> int:
    value = usage.get(key)
    return value if type(value) is int and 0 <= value < 1 << 31 else 0
