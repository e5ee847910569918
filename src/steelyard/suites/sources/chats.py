"""Items from chat logs: one for each question of a user, with the conversation before it.

The answer is one that a person accepted or wrote (:mod:`steelyard.suites.sources.judgements`). Where nobody did it is
empty and the item has the tag ``unjudged``: a model's own answer is no right answer. A system prompt becomes the item's
``context`` (tag ``system-prompt``): it is what the model was shown, and a record has no other place for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SourceSpan, SuiteItem, Turn
from steelyard.suites.sources.conversations import Conversation, Message, conversations_in
from steelyard.suites.sources.judgements import judgement_of
from steelyard.util.text import one_line

__all__ = ["SYSTEM_PROMPT", "UNJUDGED", "ChatItems", "chat_items", "read_chats"]

UNJUDGED: Final = "unjudged"
SYSTEM_PROMPT: Final = "system-prompt"
REJECTED: Final = "rejected"  # a person rejected the answer that is not here
CORRECTED: Final = "corrected"
MAX_BYTES: Final = 256 << 20
MAX_CONVERSATIONS: Final = 200_000
MAX_TEXT: Final = 200_000  # characters of one message, or of the conversation before a question
_SYSTEM: Final = ("system", "developer")
_TOOLS: Final = ("tool", "function")
_NO_ID: Final = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class ChatItems:
    """The items of a log in its order, and what became none."""

    items: tuple[SuiteItem, ...]
    dropped: tuple[DroppedItem, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """A user's question at its place in a conversation, with the answer that came."""

    question: str
    history: tuple[Turn, ...]
    reply: Message | None
    tools: bool
    lacks: tuple[str, ...]
    system: str
    is_last: bool = False


def read_chats(path: Path) -> ChatItems:
    """The items of a chat log, a JSON or JSONL file in a form that :data:`~.conversations.FORMS` names.

    Raises InputError for a file that cannot be read, is no chat log, or has no question of a user.
    """
    data = _bytes_of(path)
    try:
        conversations = conversations_in(_decoded(data, path))
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{path}: "), where=path) from None
    found = chat_items(conversations, path.name, hashlib.sha256(data).hexdigest())
    if not found.items and not found.dropped:
        raise InputError("has no question of a user", where=path)
    return found


def chat_items(conversations: Sequence[Conversation], file: str, sha256: str) -> ChatItems:
    """The items of conversations; ``file`` and ``sha256`` are those of the log.

    Raises InputError for more than 200,000 conversations.
    """
    if len(conversations) > MAX_CONVERSATIONS:
        raise InputError(f"more than {MAX_CONVERSATIONS:,} conversations: split the log", where=file)
    making = _Making(file, sha256)
    for number, conversation in enumerate(conversations, 1):
        making.take(conversation, number)
    return ChatItems(tuple(making.items), tuple(making.dropped))


@dataclass
class _Making:
    file: str
    sha256: str
    items: list[SuiteItem] = field(default_factory=list)
    dropped: list[DroppedItem] = field(default_factory=list)
    _groups: set[str] = field(default_factory=set)
    _seen: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def take(self, conversation: Conversation, number: int) -> None:
        """Add the items of one conversation."""
        group = self._group(conversation.name or f"{Path(self.file).stem}-{number}")
        for place, message in enumerate(conversation.messages, 1):
            if message.role not in ("user", "assistant", *_SYSTEM, *_TOOLS):
                item = self._item(f"{group}-message-{place}", message.text, group)
                self._drop("unknown role", f"the log's role {message.role[:40]!r} is none that is known", item)
        for turn, asked in enumerate(_asked(conversation.messages), 1):
            judged = judgement_of(
                asked.reply.fields if asked.reply else None, conversation.fields if asked.is_last else None
            )
            answer = judged.correction or (
                asked.reply.text if asked.reply and judged.accepted and not asked.reply.lacks else ""
            )
            tags = (
                *((SYSTEM_PROMPT,) if asked.system else ()),
                *((CORRECTED,) if judged.correction else () if answer else (UNJUDGED,)),
                *((REJECTED,) if judged.accepted is False else ()),
            )
            item = self._item(f"{group}-{turn}", asked.question, group)
            item = msgspec.structs.replace(
                item, answer=answer, context=asked.system, history=asked.history, tags=tags
            )
            self._keep_or_drop(item, asked)

    def _keep_or_drop(self, item: SuiteItem, asked: _Asked) -> None:
        key = (item.context, item.history, item.question)
        if asked.lacks:
            self._drop("not text", f"the conversation holds what is no text: {', '.join(asked.lacks)[:80]}", item)
        elif not item.question:
            self._drop("no question", "the user's message holds no text", item)
        elif asked.tools:
            self._drop("needs tools", "the answer came after a call for tools, which a suite does not offer", item)
        elif len(item.question) > MAX_TEXT or sum(len(turn.text) for turn in item.history) > MAX_TEXT:
            cut = msgspec.structs.replace(item, question=one_line(item.question, 400), history=(), context="")
            self._drop("too long", f"the conversation has more than {MAX_TEXT:,} characters", cut)
        elif key in self._seen:
            self._drop("asked before", f"the same question in the same conversation is {self._seen[key]}", item)
        else:
            self._seen[key] = item.id
            self.items.append(item)

    def _item(self, name: str, question: str, group: str) -> SuiteItem:
        span = SourceSpan(file=self.file, sha256=self.sha256, start=0, end=len(question), text=question)
        return SuiteItem(id=name, question=question, group=group, source=span)

    def _drop(self, check: str, reason: str, item: SuiteItem) -> None:
        self.dropped.append(DroppedItem(check=check, reason=reason, item=item))

    def _group(self, name: str) -> str:
        """A name for a conversation that no other has, of letters and digits."""
        tidy = _NO_ID.sub("-", name[:80]).strip("-.") or "conversation"
        unique, number = tidy, 1
        while unique in self._groups:
            number += 1
            unique = f"{tidy}-{number}"
        self._groups.add(unique)
        return unique


def _asked(messages: Sequence[Message]) -> list[_Asked]:
    """The questions of a conversation: messages of one role that follow one another are one turn.

    Tools' own messages are left out of what comes before a question; what holds more than text marks all that follows.
    """
    found: list[_Asked] = []
    history: list[Turn] = []
    lacks: list[str] = []
    system: list[str] = []
    turns = list(_turns(messages))
    for place, (role, group) in enumerate(turns):
        text = "\n\n".join(filter(None, (each.text for each in group)))
        lacks += [each for message in group if role == "user" for each in message.lacks]
        if role in _SYSTEM:
            system.append(text)
        elif role == "user":
            replies, tools = _replies(turns[place + 1 :])
            question = _Asked(text, tuple(history), replies, tools, tuple(lacks), "\n\n".join(filter(None, system)))
            found.append(question)
            history.append(Turn(role="user", text=text))
        elif role == "assistant" and text:
            history = _with_answer(history, text)
    if found:
        found[-1] = _last(found[-1])
    return found


def _last(asked: _Asked) -> _Asked:
    from dataclasses import replace

    return replace(asked, is_last=True)


def _with_answer(history: list[Turn], text: str) -> list[Turn]:
    """The history with what the assistant said: after a call for tools it goes on with the same turn."""
    if history and history[-1].role == "assistant":
        return [*history[:-1], Turn(role="assistant", text=f"{history[-1].text}\n\n{text}")]
    return [*history, Turn(role="assistant", text=text)]


def _turns(messages: Iterable[Message]) -> Iterator[tuple[str, list[Message]]]:
    group: list[Message] = []
    for message in messages:
        if message.role not in ("user", "assistant", *_SYSTEM, *_TOOLS):
            continue
        if group and message.role != group[-1].role:
            yield group[-1].role, group
            group = []
        group.append(message)
    if group:
        yield group[-1].role, group


def _replies(following: Sequence[tuple[str, list[Message]]]) -> tuple[Message | None, bool]:
    """The assistant's last message before the user speaks again, and whether tools were called on the way."""
    last: Message | None = None
    tools = False
    for role, group in following:
        if role == "user":
            break
        tools = tools or role in _TOOLS or any(each.calls_tools for each in group)
        if role == "assistant":
            last = group[-1]
    return last, tools


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB: split it into several files", where=path)
    return data.removeprefix(b"\xef\xbb\xbf")


def _decoded(data: bytes, path: Path) -> Any:
    """The value of a JSON file; of a JSONL file the list of its lines. Raises InputError with the line."""
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if b"\n{" not in data.strip():
                raise InputError(f"is not JSON: {str(error).splitlines()[0]}", where=path) from None
    values = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(msgspec.json.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"line {number} is not JSON: {str(error).splitlines()[0]}", where=path) from None
    return values
