"""``openai-responses:NAME[@URL]``: OpenAI's Responses API, and servers that speak it.

A URL without a path gets ``/v1``; without one it is that in OPENAI_BASE_URL, else ``https://api.openai.com/v1``. Read
from the API's reference and from openai/openai-python in November 2026: it has no seed, no stop strings (a text is cut
at them here, and costs the tokens after them) and no log-probabilities of a given text. ``store`` is false, so that
the vendor keeps no response for later retrieval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from steelyard.models import Settings
from steelyard.models.content_parts import of_kind, parts_of
from steelyard.models.error_replies import count_in, read_error
from steelyard.models.finished_text import output_of_text
from steelyard.models.handshake import ids_in
from steelyard.models.hosted_chat import Fit, HostedChat, open_hosted
from steelyard.models.openai_wire import texts_in
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["ResponsesDialect", "open_openai_responses"]

# The statuses that an error in a reply stands for; any other code is about the request.
_STATUS_OF: Final = {"server_error": 500, "rate_limit_exceeded": 429}
_FINISH_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_UNFINISHED: Final = ("queued", "in_progress", "cancelled")


def open_openai_responses(rest: str, settings: Settings) -> HostedChat:
    """Open ``NAME[@URL]``; raises InputError for anything else, and for a key that is none."""
    return open_hosted("openai-responses", rest, settings, ResponsesDialect())


class ResponsesDialect:
    """The Responses API as a :class:`steelyard.models.hosted_chat.ChatDialect`."""

    data_uris = True
    listing = "/models"

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def path(self, model: str) -> str:
        """Where responses are created."""
        return "/responses"

    def names_in(self, payload: Any) -> list[str]:
        """The models in a reply to ``listing``."""
        return ids_in(payload)

    def body(self, model: str, request: GenerateRequest, fit: Fit, show: Callable[[Image], str]) -> dict[str, Any]:
        """The JSON body; fields that are not set are omitted."""
        history = [{"role": turn.role, "content": turn.text} for turn in request.history]
        content = _content(request, show) if request.images else request.prefix + request.prompt
        body: dict[str, Any] = {
            "model": model,
            "max_output_tokens": max(request.max_tokens, fit.least_tokens),
            "input": [*history, {"role": "user", "content": content}],
            "store": False,
        }
        if request.system:
            body["instructions"] = request.system
        if fit.takes_temperature:
            body["temperature"] = request.temperature
            if request.untruncated:
                body["top_p"] = 1.0
        if request.reasoning_effort:
            body["reasoning"] = {"effort": request.reasoning_effort}
        return body

    def read(self, payload: Any, request: GenerateRequest, fit: Fit) -> ModelOutput:
        """Parse a reply with status 200 into exactly one typed output."""
        if not isinstance(payload, Mapping):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not a JSON object")
        if payload.get("error"):
            return _error_of(payload["error"])
        items = payload.get("output")
        if not isinstance(items, list):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply has no list of output items")
        parts = [part for item in of_kind(items, "message") if not _is_commentary(item) for part in _parts_of(item)]
        texts = [part.get("text") for part in of_kind(parts, "output_text")]
        refusals = [part.get("refusal") for part in of_kind(parts, "refusal")]
        about = _about(payload, items)
        if payload.get("status") in _UNFINISHED:
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not finished", **about)
        if not all(isinstance(text, str) for text in [*texts, *refusals]):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text is not a string", **about)
        text = "".join(map(str, texts)) if texts else None
        if refusals or about["finish_reason"] == "content_filter":
            refused = "".join(map(str, refusals)) or text or ""
            return ModelOutput(outcome=Outcome.REFUSED, text=refused, **about)
        return output_of_text(text, request, about, reasons=fit.reasons)


def _content(request: GenerateRequest, show: Callable[[Image], str]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in parts_of(request):
        if isinstance(part, Image):
            content.append({"type": "input_image", "image_url": show(part), "detail": part.detail or "auto"})
        else:
            content.append({"type": "input_text", "text": part})
    return content


def _error_of(error: Any) -> ModelOutput:
    """A response that failed, by its error's code; one without a code failed at the server."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return read_error(_STATUS_OF.get(code, 400) if isinstance(code, str) else 500, {"error": error}, {})


def _about(payload: Mapping[str, Any], items: list[Any]) -> dict[str, Any]:
    usage: Any = payload["usage"] if isinstance(payload.get("usage"), Mapping) else {}
    model = payload.get("model")
    return {
        "model": one_line(model) if isinstance(model, str) else "",
        "finish_reason": _finish_reason(payload, items),
        "reasoning": texts_in([item for item in items if _is_commentary(item) or _is_reasoning(item)]),
        "prompt_tokens": count_in(usage, "input_tokens"),
        "cached_tokens": count_in(usage.get("input_tokens_details"), "cached_tokens"),
        "completion_tokens": count_in(usage, "output_tokens"),
        "reasoning_tokens": count_in(usage.get("output_tokens_details"), "reasoning_tokens"),
    }


def _finish_reason(payload: Mapping[str, Any], items: list[Any]) -> str:
    """Why it ended, in OpenAI's older words, which scoring and reports read."""
    details = payload.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    if isinstance(reason, str):
        return _FINISH_REASONS.get(reason, one_line(reason))
    kinds = [str(item.get("type")) for item in items if isinstance(item, Mapping)]
    if "message" not in kinds and any(kind.endswith("_call") for kind in kinds):
        return "tool_calls"
    return "stop" if payload.get("status") == "completed" else ""


def _is_reasoning(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("type") == "reasoning"


def _is_commentary(item: Any) -> bool:
    """Whether a message is what a model says while it works (``phase``), before its final answer."""
    return isinstance(item, Mapping) and item.get("type") == "message" and item.get("phase") == "commentary"


def _parts_of(item: Mapping[str, Any]) -> list[Any]:
    content = item.get("content")
    return content if isinstance(content, list) else []
