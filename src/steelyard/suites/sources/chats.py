"""Items from chat logs: one for each question of a user, with the conversation before it.

The answer is one that a person accepted or wrote (:mod:`steelyard.suites.sources.judgements`). Where nobody did it is
empty and the item has the tag ``unjudged``: a model's own answer is no right answer. A system prompt becomes the item's
``context`` (tag ``system-prompt``): it is what the model was shown, and a record has no other place for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SourceSpan, SuiteItem, Turn
from steelyard.scorers.ifeval.texts import language_of
from steelyard.suites.collected import Collected, item_id, joined
from steelyard.suites.sources.conversations import Conversation, conversations_in
from steelyard.suites.sources.judgements import judgement_of
from steelyard.suites.sources.questions import Asked, questions_of
from steelyard.tasks.suite_file import MadeFrom
from steelyard.util.text import one_line

__all__ = ["CORRECTED", "REJECTED", "SYSTEM_PROMPT", "UNJUDGED", "chat_items", "read_chats"]

UNJUDGED: Final = "unjudged"  # nobody said what the right answer is: only a judge can score it
REJECTED: Final = "rejected"  # a person rejected the answer that is not here
CORRECTED: Final = "corrected"  # the answer is a person's own
SYSTEM_PROMPT: Final = "system-prompt"  # the context is the log's system prompt
MAX_BYTES: Final = 256 << 20
MAX_CONVERSATIONS: Final = 200_000
MAX_TEXT: Final = 200_000  # characters of a question with the conversation before it
_KNOWN_ROLES: Final = ("user", "assistant", "system", "developer", "tool", "function")
_LANGUAGE_SAMPLE: Final = 50  # questions by which the language is told


def read_chats(path: Path) -> Collected:
    """The items of a chat log, a JSON or JSONL file in one of the forms of :mod:`~.conversations`.

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


def chat_items(conversations: Sequence[Conversation], file: str, sha256: str) -> Collected:
    """The items of conversations; ``file`` and ``sha256`` are those of the log.

    Raises InputError for more than 200,000 conversations.
    """
    if len(conversations) > MAX_CONVERSATIONS:
        raise InputError(f"more than {MAX_CONVERSATIONS:,} conversations: split the log", where=file)
    making = _Making(file, sha256)
    for number, conversation in enumerate(conversations, 1):
        making.take(conversation, number)
    languages = [language_of(item.question) for item in making.items[:_LANGUAGE_SAMPLE]]
    unjudged = sum(not item.answer for item in making.items)
    collected = Collected(
        items=tuple(making.items),
        dropped=tuple(making.dropped),
        made_from=(MadeFrom(file=file, sha256=sha256, items=len(making.items)),),
        is_german=2 * languages.count("de") > len(languages),
        remarks=(f"{file}: {unjudged:,} questions have no answer that a person accepted: only a judge can score them.",)
        if unjudged
        else (),
    )
    return joined((collected,))


@dataclass
class _Making:
    file: str
    sha256: str
    items: list[SuiteItem] = field(default_factory=list)
    dropped: list[DroppedItem] = field(default_factory=list)
    _groups: set[str] = field(default_factory=set)
    _seen: set[tuple[Any, ...]] = field(default_factory=set)

    def take(self, conversation: Conversation, number: int) -> None:
        """Add the items of one conversation."""
        group = self._group(conversation.name or f"{Path(self.file).stem}-{number}")
        for message in conversation.messages:
            if message.role not in _KNOWN_ROLES:
                reason = f"The log's role {one_line(message.role, 40)!r} is none that is known."
                self._drop("unknown role", reason, self._item(message.text, group))
        for asked in questions_of(conversation.messages):
            self._take(asked, group, conversation)

    def _take(self, asked: Asked, group: str, conversation: Conversation) -> None:
        judged = judgement_of(
            asked.reply.fields if asked.reply else None, conversation.fields if asked.is_last else None
        )
        accepted = asked.reply.text if asked.reply and judged.accepted and not asked.reply.lacks else ""
        answer = judged.correction or accepted
        tags = (
            (SYSTEM_PROMPT, bool(asked.system)),
            (CORRECTED, bool(judged.correction)),
            (UNJUDGED, not answer),
            (REJECTED, judged.accepted is False),
        )
        item = self._item(asked.question, group, answer, asked.system, asked.history)
        item = msgspec.structs.replace(item, tags=tuple(tag for tag, has in tags if has))
        self._keep_or_drop(item, asked)

    def _keep_or_drop(self, item: SuiteItem, asked: Asked) -> None:
        key = (item.context, item.history, item.question)
        length = len(item.question) + len(item.context) + sum(len(turn.text) for turn in item.history)
        if asked.lacks:
            what = one_line(", ".join(dict.fromkeys(asked.lacks)), 80)
            self._drop("not text", f"The conversation holds what is no text: {what}.", item)
        elif not item.question:
            self._drop("no question", "The user's message holds no text.", item)
        elif asked.needs_tools:
            self._drop("needs tools", "The answer came after a call for tools, which a suite does not offer.", item)
        elif length > MAX_TEXT:
            cut = msgspec.structs.replace(item, question=one_line(item.question), history=(), context="", source=None)
            self._drop("too long", f"The conversation so far has more than {MAX_TEXT:,} characters.", cut)
        elif key in self._seen:
            self._drop("duplicate", "The same question in the same conversation is an item already.", item)
        else:
            self._seen.add(key)
            self.items.append(item)

    def _item(
        self, question: str, group: str, answer: str = "", context: str = "", history: tuple[Turn, ...] = ()
    ) -> SuiteItem:
        asked = "\n".join((context, *(turn.text for turn in history), question))
        return SuiteItem(
            id=item_id(asked, (), answer),
            question=question,
            answer=answer,
            context=context,
            history=history,
            group=group,
            source=SourceSpan(file=self.file, sha256=self.sha256, start=0, end=len(question), text=question),
        )

    def _drop(self, check: str, reason: str, item: SuiteItem) -> None:
        self.dropped.append(DroppedItem(check=check, reason=reason, item=item))

    def _group(self, name: str) -> str:
        """A name for a conversation that no other has."""
        tidy = one_line(name, 80) or "conversation"
        unique, number = tidy, 1
        while unique in self._groups:
            number += 1
            unique = f"{tidy}-{number}"
        self._groups.add(unique)
        return unique


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
    """The value of a JSON file; of a file of JSON lines the list of these. Raises InputError with the line."""
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if b"\n{" not in data.strip():  # not one object a line either
                raise InputError(f"is not JSON: {_reason(error)}", where=path) from None
    values = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            try:
                values.append(msgspec.json.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(f"line {number} is not JSON: {_reason(error)}", where=path) from None
    return values


def _reason(error: Exception) -> str:
    return one_line(str(error), 120)
