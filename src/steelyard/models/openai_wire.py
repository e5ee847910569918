"""The OpenAI-compatible wire format as pure functions: requests to bodies, replies to typed outputs. No sockets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from steelyard.models.content_parts import parts_of
from steelyard.models.error_replies import count_in, error_in_reply
from steelyard.models.finished_text import output_of_text
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = [
    "SWITCHES",
    "Dialect",
    "echo_body",
    "generate_body",
    "owner_in",
    "path_of",
    "read_completion",
    "read_models",
    "refuses_stops",
    "texts_in",
]

STOPS_ON_THE_WIRE = 4
OPENAIS_LOGPROBS = 5
# The fields of a message that hold reasoning; the first that has text counts, since some repeat one another.
REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
SWITCHES = "chat_template_kwargs"  # an extension of vLLM, SGLang and llama.cpp: what a chat template may ask for
ANSWER_PARTS = ("text", "output_text")
REASONING_PARTS = ("reasoning", "reasoning_text", "thinking", "summary", "summary_text")
_TEXT_KEYS = ("summary", "thinking", "reasoning", "content", "text")

# "Unsupported parameter: 'stop' is not supported with this model."
_STOP = re.compile(r"(?<![\w.])['\"`]?stop['\"`]?(?![\w])", re.IGNORECASE)

# Draws from the whole distribution, in the words of vLLM, llama.cpp and SGLang; and in those that every endpoint knows.
_UNTRUNCATED = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "repeat_penalty": 1.0}
_UNTRUNCATED_EVERYWHERE = {"top_p": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0}


@dataclass(frozen=True)
class Dialect:
    """What an endpoint takes in the body of a generation, and whether it reasons before it answers."""

    limit_name: str = "max_tokens"
    takes_temperature: bool = True
    takes_extensions: bool = True
    takes_stops: bool = True
    most_logprobs: int = 20
    reasons: bool = False
    reasoning_takes_temperature: bool = True

    def under(self, request: GenerateRequest) -> Dialect:
        """The dialect of one request, whose effort may make the model reason."""
        if not request.asks_reasoning:
            return self
        takes_temperature = self.takes_temperature and self.reasoning_takes_temperature
        return replace(self, reasons=True, takes_temperature=takes_temperature)

    def fitted_to(self, refusal: str) -> Dialect:
        """The dialect without what the endpoint refuses in an error; the same one where that is not known."""
        if "max_completion_tokens" in refusal and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        if "temperature" in refusal.lower() and self.takes_temperature:
            return replace(self, takes_temperature=False)
        return replace(self, takes_stops=False) if refuses_stops(refusal) else self

    def with_less(self) -> Iterator[Dialect]:
        """Dialects of endpoints that know the standard fields alone, or give no more next tokens than OpenAI's."""
        for most in dict.fromkeys((self.most_logprobs, min(self.most_logprobs, OPENAIS_LOGPROBS))):
            for takes_extensions in dict.fromkeys((self.takes_extensions, False)):
                if (less := replace(self, most_logprobs=most, takes_extensions=takes_extensions)) != self:
                    yield less


def refuses_stops(refusal: str) -> bool:
    """Whether an error is about stop strings, as of OpenAI's models that reason."""
    return _STOP.search(refusal) is not None


def path_of(request: GenerateRequest) -> str:
    """The path of a request."""
    return "/chat/completions" if request.chat else "/completions"


def generate_body(
    model: str,
    request: GenerateRequest,
    dialect: Dialect = Dialect(),
    show: Callable[[Image], str] = lambda image: image.sha256,
) -> dict[str, Any]:
    """Make the JSON body of a generation. Unset fields are omitted; the API takes four stop strings at most.

    In a chat, an endpoint that reasons gets no stop strings: it would stop inside its reasoning. ``show`` gives what
    stands for an image's data URI. Raises ValueError for images in no chat, which this API does not take.
    """
    text = request.prefix + request.prompt
    body: dict[str, Any] = {"model": model, dialect.limit_name: request.max_tokens}
    if dialect.takes_temperature:
        body["temperature"] = request.temperature
    if request.chat:
        system = [{"role": "system", "content": request.system}] if request.system else []
        history = [{"role": turn.role, "content": turn.text} for turn in request.history]
        content = _content(request, show) if request.images else text
        body["messages"] = [*system, *history, {"role": "user", "content": content}]
    elif request.images:
        raise ValueError("a plain completion shows no images")
    else:
        body["prompt"] = text
    if request.stop and dialect.takes_stops and not (dialect.reasons and request.chat):
        body["stop"] = list(request.stop[:STOPS_ON_THE_WIRE])
    if request.untruncated:
        body |= _UNTRUNCATED_EVERYWHERE | (_UNTRUNCATED if dialect.takes_extensions else {})
    if request.seed is not None:
        body["seed"] = request.seed
    if request.reasoning_effort:
        body["reasoning_effort"] = request.reasoning_effort
        if request.chat and dialect.takes_extensions:
            # Chat templates of open models have a switch of one of these names; those without it ignore it.
            body[SWITCHES] = dict.fromkeys(("enable_thinking", "thinking"), request.asks_reasoning)
    return body


def _content(request: GenerateRequest, show: Callable[[Image], str]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in parts_of(request):
        if isinstance(part, str):
            content.append({"type": "text", "text": part})
            continue
        about = {"url": show(part)} | ({"detail": part.detail} if part.detail else {})
        content.append({"type": "image_url", "image_url": about})
    return content


def read_models(payload: Any) -> list[Mapping[str, Any]]:
    """The entries of a list of models; none where it is no such list."""
    data = payload.get("data") if isinstance(payload, Mapping) else None
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []


def owner_in(payload: Any, name: str) -> str:
    """Who owns a model, as its entry in a list of models says: servers of one's own name themselves. Else empty."""
    found = next((entry.get("owned_by") for entry in read_models(payload) if entry.get("id") == name), None)
    return found if isinstance(found, str) else ""


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


def read_completion(payload: Any, request: GenerateRequest, *, reasons: bool = False) -> ModelOutput:
    """Parse the reply to a generation (status 200) into exactly one typed output.

    ``reasons``: the endpoint reasons before it answers in a chat.
    """
    if not isinstance(payload, dict):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is not a JSON object")
    if payload.get("error") and not payload.get("choices"):
        return error_in_reply(payload["error"])
    choices = payload.get("choices")
    if not isinstance(choices, list):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply has no list of choices")
    usage: Any = payload["usage"] if isinstance(payload.get("usage"), dict) else {}
    model = payload.get("model")
    about: dict[str, Any] = {
        "model": one_line(model) if isinstance(model, str) else "",
        "prompt_tokens": count_in(usage, "prompt_tokens"),
        "completion_tokens": count_in(usage, "completion_tokens"),
        "reasoning_tokens": count_in(usage.get("completion_tokens_details"), "reasoning_tokens"),
        # (DeepSeek's own name for the same count stands beside, or instead of, the details.)
        "cached_tokens": count_in(usage.get("prompt_tokens_details"), "cached_tokens")
        or count_in(usage, "prompt_cache_hit_tokens"),
    }
    if not choices:
        return ModelOutput(outcome=Outcome.EMPTY, detail="the reply has no choices", **about)
    return _read_choice(choices[0], request, about, reasons=reasons and request.chat)


def _read_choice(choice: Any, request: GenerateRequest, about: dict[str, Any], *, reasons: bool) -> ModelOutput:
    message = choice.get("message") if isinstance(choice, dict) and request.chat else choice
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's choice has no message", **about)
    finish = choice.get("finish_reason")
    about["finish_reason"] = one_line(finish) if isinstance(finish, str) else ""
    text, inside = _read_parts(message.get("content" if request.chat else "text"))
    reasoning = (texts_in(found) for name in REASONING_FIELDS if (found := message.get(name)))
    about["reasoning"] = next(filter(None, reasoning), inside)
    refusal = message.get("refusal")
    if (isinstance(refusal, str) and refusal) or finish == "content_filter":
        refused_text = refusal if isinstance(refusal, str) and refusal else text
        return ModelOutput(outcome=Outcome.REFUSED, text=refused_text if isinstance(refused_text, str) else "", **about)
    if text is not None and not isinstance(text, str):
        return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text is not a string", **about)
    return output_of_text(text, request, about, reasons=reasons)


def _read_parts(content: Any) -> tuple[Any, str]:
    """The answer and the reasoning in a message's content: a text or a list of parts; a malformed one as it is."""
    if not isinstance(content, list):
        return content, ""
    answer: list[str] = []
    reasoning: list[str] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ANSWER_PARTS:
            if not isinstance(part.get("text"), str):
                return content, ""
            answer.append(part["text"])
        elif kind in REASONING_PARTS:
            reasoning.append(texts_in(part))
    return "".join(answer) if answer else None, "\n".join(reasoning)


def texts_in(value: Any) -> str:
    """The texts in a field of reasoning (a text, an object or a list of either), in order, a line each."""
    found: list[str] = []
    left = [value]
    while left:
        match left.pop():
            case str(text):
                found.append(text)
            case list(items):
                left += reversed(items)
            case {**fields}:
                left += [fields[key] for key in reversed(_TEXT_KEYS) if key in fields]
    return "\n".join(filter(None, found))
