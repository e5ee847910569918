"""Chat messages of a log as one system text and one prompt, as in our requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.adapters.untrusted_json import mapping, text

__all__ = ["content_text", "input_messages", "request_texts"]


def input_messages(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """The messages before the model's first own reply, worked examples included.

    An assistant's message counts as the model's own unless the log declares it as input.
    """
    found = []
    for message in map(mapping, messages):
        if message.get("role") == "assistant" and message.get("source") != "input":
            break
        found.append(message)
    return found


def request_texts(
    messages: Sequence[Mapping[str, Any]], attachments: Mapping[str, Any] | None = None
) -> tuple[str, str]:
    """(system, prompt): a single message is kept as it is; each of several is headed by its role in brackets."""
    attached = attachments or {}
    system = [content_text(each.get("content"), attached) for each in messages if each.get("role") == "system"]
    others = [each for each in messages if each.get("role") != "system"]
    if len(others) == 1:
        return "\n\n".join(system), content_text(others[0].get("content"), attached)
    turns = [f"[{text(each.get('role')) or 'user'}]\n{content_text(each.get('content'), attached)}" for each in others]
    return "\n\n".join(system), "\n\n".join(turns)


def content_text(content: Any, attachments: Mapping[str, Any] | None = None) -> str:
    """A message's text; of a list of parts the texts, and a note in brackets for each part of another kind."""
    if isinstance(content, list):
        return "\n".join(_part(mapping(part), attachments or {}) for part in content)
    return _attached(text(content), attachments or {})


def _part(part: Mapping[str, Any], attachments: Mapping[str, Any]) -> str:
    kind = text(part.get("type"))
    if "text" in part:
        return _attached(text(part["text"]), attachments)
    if kind == "reasoning":
        return ""
    return f"[{kind or 'part'} not kept]"


def _attached(content: str, attachments: Mapping[str, Any]) -> str:
    """Resolve an attachment: Inspect stores long texts apart, by digest, in the same sample."""
    name = content.removeprefix("attachment://")
    return text(attachments.get(name, content)) if name != content else content
