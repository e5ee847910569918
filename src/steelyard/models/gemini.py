"""``gemini:NAME[@URL]``: Google's Gemini API, ``models.generateContent`` (v1beta), and servers that speak it.

A URL gets ``/v1beta`` unless it ends in a version; without one it is that in GOOGLE_GEMINI_BASE_URL, else
``https://generativelanguage.googleapis.com/v1beta``. Read from the API's reference and from Google's own client
libraries in November 2026. There are no log-probabilities of a prompt and no plain completions; the limit of tokens
holds for thoughts too; top-k cannot be switched off, so a text is never a draw from the whole distribution. An effort
is a level of thinking, or a number of tokens for it; ``none`` is no thinking, which some models refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from steelyard.models import Settings
from steelyard.models.content_parts import parts_of
from steelyard.models.error_replies import count_in, error_in_reply
from steelyard.models.finished_text import output_of_text
from steelyard.models.hosted_chat import Fit, HostedChat, open_hosted
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["GeminiDialect", "open_gemini"]

STOPS_ON_THE_WIRE: Final = 5
FILTER: Final = "content_filter"
# Why the model stopped, in OpenAI's words, which scoring and reports read.
FINISH_REASONS: Final = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "tool_calls",
    "UNEXPECTED_TOOL_CALL": "tool_calls",
    "TOO_MANY_TOOL_CALLS": "tool_calls",
} | dict.fromkeys(
    ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"),
    FILTER,
)


def open_gemini(rest: str, settings: Settings) -> HostedChat:
    """Open ``NAME[@URL]``; raises InputError for anything else, and for a key that is none."""
    return open_hosted("gemini", rest, settings, GeminiDialect())


class GeminiDialect:
    """``generateContent`` as a :class:`steelyard.models.hosted_chat.ChatDialect`."""

    data_uris = False
    listing = "/models?pageSize=1000"

    def headers(self, key: str) -> dict[str, str]:
        """The key, which this API also takes in a URL, where it would be logged."""
        return {"x-goog-api-key": key} if key else {}

    def path(self, model: str) -> str:
        """Where content is generated; a name with a collection of its own, such as tunedModels/…, keeps it."""
        return f"/{quote(model if '/' in model else f'models/{model}', safe='/')}:generateContent"

    def names_in(self, payload: Any) -> list[str]:
        """The models in a reply to ``listing``; none where that is only the first part of the list."""
        listed = payload.get("models") if isinstance(payload, Mapping) else None
        if not isinstance(listed, list) or payload.get("nextPageToken"):
            return []
        names = [entry.get("name") for entry in listed if isinstance(entry, Mapping)]
        return [name.removeprefix("models/") for name in names if isinstance(name, str)]

    def body(self, model: str, request: GenerateRequest, fit: Fit, show: Callable[[Image], str]) -> dict[str, Any]:
        """The JSON body. A model that reasons gets no stop strings, since it could stop inside its reasoning."""
        history = [
            {"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.text}]}
            for turn in request.history
        ]
        settings: dict[str, Any] = {"maxOutputTokens": max(request.max_tokens, fit.least_tokens)}
        if fit.takes_temperature:
            settings["temperature"] = request.temperature
        if request.untruncated:
            settings["topP"] = 1.0
        if request.seed is not None:
            settings["seed"] = request.seed
        if (stops := [stop for stop in request.stop if stop][:STOPS_ON_THE_WIRE]) and not fit.reasons:
            settings["stopSequences"] = stops
        if request.reasoning_effort:
            settings["thinkingConfig"] = _thinking(request.reasoning_effort)
        body: dict[str, Any] = {
            "contents": [*history, {"role": "user", "parts": _parts(request, show)}],
            "generationConfig": settings,
        }
        return body | ({"systemInstruction": {"parts": [{"text": request.system}]}} if request.system else {})

    def read(self, payload: Any, request: GenerateRequest, fit: Fit) -> ModelOutput:
        """Parse a reply with status 200 into exactly one typed output."""
        if not isinstance(payload, Mapping):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not a JSON object")
        candidates = payload.get("candidates")
        if payload.get("error") and not candidates:
            return error_in_reply(payload["error"])
        about = _about(payload)
        if not candidates:
            return _without_candidate(payload, about)
        candidate = candidates[0] if isinstance(candidates, list) else None
        if not isinstance(candidate, Mapping):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's candidate is no JSON object", **about)
        return _read_candidate(candidate, request, about, fit)


def _thinking(effort: str) -> dict[str, Any]:
    if effort == "none":
        return {"thinkingBudget": 0}
    amount: dict[str, Any] = {"thinkingBudget": int(effort)} if effort.isdigit() else {"thinkingLevel": effort}
    return {"includeThoughts": True} | amount


def _parts(request: GenerateRequest, show: Callable[[Image], str]) -> list[dict[str, Any]]:
    return [
        {"text": part} if isinstance(part, str) else {"inlineData": {"mimeType": part.media_type, "data": show(part)}}
        for part in (parts_of(request) if request.images else [request.prefix + request.prompt])
    ]


def _about(payload: Mapping[str, Any]) -> dict[str, Any]:
    usage, model = payload.get("usageMetadata"), payload.get("modelVersion")
    thoughts = count_in(usage, "thoughtsTokenCount")
    return {
        "model": one_line(model) if isinstance(model, str) else "",
        "finish_reason": "",
        "reasoning": "",
        "prompt_tokens": count_in(usage, "promptTokenCount"),
        "cached_tokens": count_in(usage, "cachedContentTokenCount"),
        # The API counts thoughts apart from the rest of what was written.
        "completion_tokens": count_in(usage, "candidatesTokenCount") + thoughts,
        "reasoning_tokens": thoughts,
    }


def _without_candidate(payload: Mapping[str, Any], about: dict[str, Any]) -> ModelOutput:
    """A reply without a candidate: the model never saw a prompt that was blocked, so that is no answer of its own."""
    feedback = payload.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, Mapping) else None
    if not isinstance(reason, str) or reason == "BLOCK_REASON_UNSPECIFIED":
        return ModelOutput(outcome=Outcome.EMPTY, detail="the reply has no candidates", **about)
    detail = f"the prompt was blocked before the model saw it: {one_line(reason, 60)}"
    return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=detail, **about | {"finish_reason": FILTER})


def _read_candidate(
    candidate: Mapping[str, Any], request: GenerateRequest, about: dict[str, Any], fit: Fit
) -> ModelOutput:
    finish = candidate.get("finishReason")
    about["finish_reason"] = FINISH_REASONS.get(finish, one_line(finish, 60)) if isinstance(finish, str) else ""
    content = candidate.get("content")
    parts = content.get("parts", []) if isinstance(content, Mapping) else []
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's parts are no list of objects", **about)
    written = [part for part in parts if "text" in part]
    if not all(isinstance(part["text"], str) for part in written):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text is not a string", **about)
    about["reasoning"] = "\n".join(part["text"] for part in written if part.get("thought") and part["text"])
    answers = [part["text"] for part in written if not part.get("thought")]
    text = "".join(answers) if answers else None
    if about["finish_reason"] == FILTER:
        said = candidate.get("finishMessage")
        detail = f"{finish}: {one_line(said, 200)}" if isinstance(said, str) and said else str(finish)
        return ModelOutput(outcome=Outcome.REFUSED, text=text or "", detail=detail, **about)
    if text is None and about["finish_reason"] == "stop":
        # Without any part it may be a fault of the service as well, and an answer that is asked again harms nobody.
        return ModelOutput(outcome=Outcome.EMPTY, detail="the reply has no text, though the model stopped", **about)
    return output_of_text(text, request, about, reasons=fit.reasons)
