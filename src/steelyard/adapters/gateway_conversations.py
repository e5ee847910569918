"""The conversations that a gateway recorded, as items of a suite.

A client sends the whole conversation with every call, so a call whose conversation goes on in another one is left out.
Nobody judges answers on the way: the items are ``unjudged``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.gateway.exchange_parser import endpoint_kind, prompt_of, read_exchange
from steelyard.records import Exchange
from steelyard.storage.run_folder import RunFolder
from steelyard.suites.collected import Collected
from steelyard.suites.sources.chats import chat_items
from steelyard.suites.sources.conversations import Conversation, Message, message_of

__all__ = ["recorded_chats"]

MAX_CHARACTERS: Final = 1 << 30  # of all messages that are held
_TOOLS: Final = "a call for tools"  # the detail of a reply that calls tools


def recorded_chats(recording: RunFolder) -> Collected:
    """The items of a sealed recording of ``steelyard gateway``: chat calls, and completions with one prompt.

    Raises InputError for a run that is no recording, whose texts are withheld or that holds no such call;
    VerificationError where the seal is broken.
    """
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.journal.reader import read_lines
    from steelyard.storage.journal.texts import open_index

    folder = recording.path
    if recording.plan.origin.kind != "gateway":
        raise InputError("is not a recording of steelyard gateway", where=folder)
    bundle = verify_integrity(folder).bundle
    texts = open_index(folder)
    exchanges = (record for record, _ in read_lines(folder) if isinstance(record, Exchange))
    calls = list(_bounded((call for each in exchanges if (call := _call(each, texts, folder))), folder))
    if not calls:
        raise InputError("holds no call of a chat that was answered", where=folder)
    return chat_items([Conversation(call) for call in _longest(calls)], folder.resolve().name, bundle.sha256)


def _bounded(calls: Iterator[tuple[Message, ...]], folder: Path) -> Iterator[tuple[Message, ...]]:
    left = MAX_CHARACTERS
    for call in calls:
        left -= sum(len(message.text) for message in call)
        if left < 0:
            raise InputError(f"holds more than {MAX_CHARACTERS:,} characters: record in parts", where=folder)
        yield call


def _call(exchange: Exchange, texts: Mapping[str, str], folder: Path) -> tuple[Message, ...]:
    """The messages of an answered call with its reply; none for a failed one or another kind of call."""
    kind = endpoint_kind(exchange.path)
    if kind not in ("chat", "completion") or not exchange.outcome.answered:
        return ()
    if exchange.request and exchange.request not in texts:
        raise InputError("the texts of this recording are withheld: make the suite where they are", where=folder)
    body = _json(texts.get(exchange.request, ""))
    output = read_exchange(exchange, texts.get(exchange.reply, "") if exchange.reply else "")
    if not output.outcome.answered:
        return ()
    reply = Message("assistant", output.text.strip(), calls_tools=output.detail == _TOOLS)
    if kind == "completion":
        prompt = prompt_of("completion", body)
        return (Message("user", prompt.strip()), reply) if prompt else ()
    messages = body.get("messages") if isinstance(body, Mapping) else None
    if not isinstance(messages, list) or not messages:
        return ()
    return (*(message_of(each) for each in messages if isinstance(each, Mapping)), reply)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _longest(calls: Sequence[tuple[Message, ...]]) -> list[tuple[Message, ...]]:
    """The calls that are not the beginning of another one's conversation, in order."""
    begun: set[bytes] = set()
    whole: list[bytes] = []
    for call in calls:
        *before, last = _digests(call)
        begun.update(before)
        whole.append(last)
    return [call for call, digest in zip(calls, whole, strict=True) if digest not in begun]


def _digests(call: Sequence[Message]) -> Iterator[bytes]:
    """The digest of each beginning of a conversation, the whole last."""
    state = hashlib.sha256()
    for message in call:
        for part in (message.role.encode(), message.text.encode()):
            state.update(len(part).to_bytes(8))
            state.update(part)
        yield state.digest()
