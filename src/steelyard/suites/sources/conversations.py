"""Conversations of a chat log, in every form of a file that is read; what is not understood is kept apart, named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from steelyard.errors import InputError

__all__ = ["FORMS", "Conversation", "Message", "conversations_in", "message_of", "tidy"]

FORMS: Final = (
    '{"messages": [{"role": "user", "content": "…"}, …]}, a list of such, one such a line, a list of messages, or the '
    "conversations.json of a ChatGPT export"
)
MAX_MESSAGES: Final = 2_000  # of one conversation
_ROLES: Final = {"human": "user", "gpt": "assistant", "ai": "assistant", "model": "assistant", "bot": "assistant"}
_LISTS: Final = ("messages", "conversations", "conversation", "turns", "data")  # where a file or object keeps its list
_NAMES: Final = ("conversation_id", "conversation", "session_id", "thread_id", "id")
_TEXTS: Final = ("text", "input_text", "output_text")  # types of content parts that are texts
_ABOUT_THINKING: Final = ("thinking", "reasoning", "redacted_thinking")  # parts that no user saw


@dataclass(frozen=True)
class Message:
    """One message. ``lacks`` names what it holds beside its text, such as ``image_url``; ``fields`` is as logged."""

    role: str
    text: str
    calls_tools: bool = False
    lacks: tuple[str, ...] = ()
    fields: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Conversation:
    """Messages in order, the name that the log gives (or none), and the fields beside the messages."""

    messages: tuple[Message, ...]
    name: str = ""
    fields: Mapping[str, Any] | None = None


def conversations_in(value: Any) -> list[Conversation]:
    """The conversations of a decoded JSON file, or of the list of a JSONL file's lines.

    Raises InputError where it is no chat log.
    """
    if isinstance(value, Mapping):
        return _of_object(value)
    if isinstance(value, list) and value and all(map(_is_message, value)):
        return _grouped(value)
    if isinstance(value, list) and value:
        found: list[Conversation] = []
        for number, each in enumerate(value, 1):
            try:
                found += conversations_in(each) if isinstance(each, list) else _of_object(each)
            except InputError as error:
                raise InputError(f"entry {number}: {error}") from None
        return found
    raise InputError(f"is no chat log: expected {FORMS}")


def _of_object(value: Any) -> list[Conversation]:
    if not isinstance(value, Mapping):
        raise InputError(f"is no conversation: expected {FORMS}")
    name = _name(value)
    if isinstance(value.get("mapping"), Mapping):
        return [Conversation(_bounded(list(_current_branch(value))), name, value)]
    for key in _LISTS:
        entries = value.get(key)
        if isinstance(entries, list) and entries:
            if all(map(_is_message, entries)):
                return [Conversation(_bounded([message_of(each) for each in entries]), name, value)]
            return conversations_in(entries)
    raise InputError(f"is no conversation: expected {FORMS}")


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(_role(value), str) and not isinstance(value.get("messages"), list)


def _grouped(messages: Sequence[Mapping[str, Any]]) -> list[Conversation]:
    """Messages of a flat list by the conversation that they name; all of them are one where none does."""
    groups: dict[str, list[Message]] = {}
    for each in messages:
        name = next((str(each[key]) for key in _NAMES[:-1] if isinstance(each.get(key), str | int)), "")
        groups.setdefault(name, []).append(message_of(each))
    return [Conversation(_bounded(group), name) for name, group in groups.items()]


def _bounded(messages: Sequence[Message]) -> tuple[Message, ...]:
    if len(messages) > MAX_MESSAGES:
        raise InputError(
            f"a conversation of more than {MAX_MESSAGES:,} messages: name the conversation of each by conversation_id"
        )
    return tuple(messages)


def _name(value: Mapping[str, Any]) -> str:
    return next((str(value[key]) for key in _NAMES if isinstance(value.get(key), str | int)), "")


def _current_branch(value: Mapping[str, Any]) -> Iterator[Message]:
    """The messages of a ChatGPT export from the first to the current one: edits and other tries are on other branches.

    Messages that were hidden from the user are left out.
    """
    nodes = value["mapping"]
    node_id = value.get("current_node")
    if not isinstance(node_id, str) or node_id not in nodes:
        node_id = next(reversed(nodes), None)
    branch: list[Any] = []
    seen: set[str] = set()
    while isinstance(node_id, str) and node_id in nodes and node_id not in seen:
        seen.add(node_id)
        node = nodes[node_id]
        if not isinstance(node, Mapping):
            break
        branch.append(node.get("message"))
        node_id = node.get("parent")
    for message in reversed(branch):
        if isinstance(message, Mapping) and not _is_hidden(message):
            found = message_of(message)
            if found.text or found.role not in ("system", "developer"):
                yield found


def _is_hidden(message: Mapping[str, Any]) -> bool:
    metadata = message.get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("is_visually_hidden_from_conversation") is True


# ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def message_of(value: Mapping[str, Any]) -> Message:
    """One message of a log, in OpenAI's form or one that is near to it."""
    role = str(_role(value) or "").casefold()
    content = next((value[key] for key in ("content", "value", "text") if key in value), None)
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):  # ChatGPT's export
        content = content["parts"]
    text, lacks = _content(content)
    calls = bool(value.get("tool_calls") or value.get("function_call"))
    return Message(_ROLES.get(role, role), text, calls_tools=calls, lacks=lacks, fields=value)


def _role(value: Mapping[str, Any]) -> Any:
    author = value.get("author")
    return value.get("role") or value.get("from") or (author.get("role") if isinstance(author, Mapping) else None)


def _content(content: Any) -> tuple[str, tuple[str, ...]]:
    """The text of a content, and the types of its parts that are no text."""
    if isinstance(content, str):
        return tidy(content), ()
    if content is None:
        return "", ()
    texts, lacks = [], []
    for part in content if isinstance(content, list) else [content]:
        kind = part.get("type", "text") if isinstance(part, Mapping) else ""
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and kind in _TEXTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind not in _ABOUT_THINKING:
            lacks.append(str(kind or part.get("content_type", "") if isinstance(part, Mapping) else "")[:40] or "part")
    return tidy("\n".join(texts)), tuple(lacks)


def tidy(text: str) -> str:
    """A text of a log as a suite keeps it: without NUL characters, which no file of a suite may hold, and trimmed."""
    return text.replace("\0", "").strip()
