"""``anthropic:NAME[@URL]``: Anthropic's Messages API (version 2023-06-01), and servers that speak it.

A URL gets ``/v1`` unless it ends in a version, as Anthropic's own libraries do it; without one it is that in
ANTHROPIC_BASE_URL, else ``https://api.anthropic.com/v1``. Read from the API's reference and from
anthropics/anthropic-sdk-python in November 2026: there is no seed and no log-probability, ``max_tokens`` must be sent
(it is the protocol's, 256 where that states none), models since Claude Opus 4.7 refuse a temperature, and one above 1
is refused by all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.anthropic_batches import AnthropicBatches
from steelyard.models.content_parts import of_kind, parts_of
from steelyard.models.error_replies import MOST_TOKENS, count_in, error_in_reply
from steelyard.models.finished_text import output_of_text
from steelyard.models.handshake import ids_in
from steelyard.models.hosted_chat import Fit, HostedChat, open_hosted
from steelyard.models.http_endpoint import HttpEndpoint
from steelyard.models.reasoning_check import BUDGETS
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["MessagesDialect", "open_anthropic"]

VERSION: Final = "2023-06-01"
# Why the model stopped, in OpenAI's words, which scoring and reports read. The safety classifiers' is a filter's.
FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
LEAST_BUDGET: Final = 1024  # tokens of thinking, as the API has it
_INPUT: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def open_anthropic(rest: str, settings: Settings) -> HostedChat:
    """Open ``NAME[@URL]``.

    Raises InputError for anything else, for a key that is none, and for a budget of thinking that no output has room
    for.
    """
    effort = settings.reasoning_effort
    if effort.isdecimal() and not LEAST_BUDGET <= int(effort) < BUDGETS[0]:
        raise InputError(
            f"--reasoning-effort {effort} is a budget of thinking: give {LEAST_BUDGET:,} to {BUDGETS[0] - 1:,} tokens"
        )
    return open_hosted("anthropic", rest, settings, MessagesDialect())


class MessagesDialect:
    """The Messages API as a :class:`steelyard.models.hosted_chat.ChatDialect`."""

    data_uris = False
    listing = "/models?limit=1000"

    def headers(self, key: str) -> dict[str, str]:
        """The version of the API, and the key."""
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def path(self, model: str) -> str:
        """Where messages are created."""
        return "/messages"

    def names_in(self, payload: Any) -> list[str]:
        """The models in a reply to ``listing``."""
        return ids_in(payload)

    def batches(
        self,
        http: HttpEndpoint,
        body: Callable[[GenerateRequest], Mapping[str, Any]],
        read: Callable[[Any, GenerateRequest], ModelOutput],
    ) -> AnthropicBatches:
        """Message Batches."""
        return AnthropicBatches(http, body, read)

    def body(self, model: str, request: GenerateRequest, fit: Fit, show: Callable[[Image], str]) -> dict[str, Any]:
        """The JSON body.

        A stop string of white space alone is refused there, so it is left to be cut here; a model that reasons gets
        none, since it could stop inside its reasoning. Raises ValueError for a temperature above 1, and where a budget
        of thinking leaves no token for the answer.
        """
        if request.temperature > 1 and fit.takes_temperature:
            raise ValueError("this API takes no temperature above 1")
        history = [{"role": turn.role, "content": turn.text} for turn in request.history]
        content = _content(request, show) if request.images else request.prefix + request.prompt
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": max(request.max_tokens, fit.least_tokens),
            "messages": [*history, {"role": "user", "content": content}],
        }
        if request.system:
            body["system"] = request.system
        if fit.takes_temperature:
            body["temperature"] = request.temperature
        stops = [stop for stop in request.stop if stop.strip()]
        if stops and not fit.reasons:
            body["stop_sequences"] = stops
        return body | _reasoning(request.reasoning_effort, body["max_tokens"])

    def read(self, payload: Any, request: GenerateRequest, fit: Fit) -> ModelOutput:
        """Parse a reply with status 200 into exactly one typed output."""
        if not isinstance(payload, Mapping):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not a JSON object")
        if payload.get("type") == "error" or (payload.get("error") and "content" not in payload):
            return error_in_reply(payload.get("error"))
        blocks = payload.get("content")
        if not isinstance(blocks, list):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply has no list of content blocks")
        about = _about(payload, blocks)
        texts = [block.get("text") for block in of_kind(blocks, "text")]
        if not all(isinstance(text, str) for text in texts):
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text is not a string", **about)
        text = "".join(map(str, texts)) if texts else None
        if payload.get("stop_reason") == "refusal":
            return ModelOutput(outcome=Outcome.REFUSED, text=text or "", **about)
        if payload.get("stop_reason") == "pause_turn":  # of tools that run there, and none was offered
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply pauses in the middle of a turn", **about)
        return output_of_text(text, request, about, reasons=fit.reasons)


def _content(request: GenerateRequest, show: Callable[[Image], str]) -> list[dict[str, Any]]:
    """Texts and images in order. What is white space alone between two images is left out: the API refuses it."""
    content: list[dict[str, Any]] = []
    for part in parts_of(request):
        if isinstance(part, Image):
            source = {"type": "base64", "media_type": part.media_type, "data": show(part)}
            content.append({"type": "image", "source": source})
        elif part.strip():
            content.append({"type": "text", "text": part})
    return content


def _reasoning(effort: str, limit: int) -> dict[str, Any]:
    """An effort thinks as the model chooses, within it (since Claude 4.6); ``none`` turns thinking off.

    A number is a budget in tokens, of models before that.
    """
    if not effort:
        return {}
    if effort.isdecimal():
        if limit <= int(effort):
            raise ValueError(f"a limit of {limit} tokens has no room for {effort} and an answer")
        return {"thinking": {"type": "enabled", "budget_tokens": int(effort)}}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": effort}}


def _about(payload: Mapping[str, Any], blocks: list[Any]) -> dict[str, Any]:
    usage: Any = payload.get("usage")
    model, stop = payload.get("model"), payload.get("stop_reason")
    thoughts = [block.get("thinking") for block in of_kind(blocks, "thinking")]
    return {
        "model": one_line(model) if isinstance(model, str) else "",
        "finish_reason": FINISH_REASONS.get(stop, one_line(stop)) if isinstance(stop, str) else "",
        "reasoning": "\n".join(thought for thought in thoughts if isinstance(thought, str) and thought),
        # The API counts what it read from its cache, and what it wrote there, apart from the other input.
        "prompt_tokens": min(sum(count_in(usage, name) for name in _INPUT), MOST_TOKENS),
        "cached_tokens": count_in(usage, "cache_read_input_tokens"),
        "completion_tokens": count_in(usage, "output_tokens"),
        "reasoning_tokens": count_in(
            usage.get("output_tokens_details") if isinstance(usage, Mapping) else None, "thinking_tokens"
        ),
    }
