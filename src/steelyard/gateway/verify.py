"""A recording's replies read once more: where their texts are here, each record must say what its reply says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from steelyard.errors import VerificationError
from steelyard.gateway.bodies import wrapped
from steelyard.gateway.exchange_parser import kind_of, read_reply
from steelyard.records import Exchange, ModelOutput, Outcome
from steelyard.storage.journal import open_index, read_lines

__all__ = ["check_replies"]

# What stands where a key was taken out: the text may then read otherwise than the bytes that came.
KEYS_TAKEN_OUT: Final = ("[key]", "[a stream that spells out a key piece by piece]")
MAX_KEPT: Final = 200  # characters of a path or a model's name
# How a call ends on the wire, whatever had come of its reply by then.
ON_THE_WIRE: Final = (Outcome.DROPPED, Outcome.TIMEOUT)


def check_replies(run: Path) -> int:
    """Raise Broken where an exchange does not say what its reply says; replies that are withheld cannot be read.

    Gives the number of replies that hold a whole answer under the status of a failure.
    """
    texts = open_index(run)
    disowned = 0
    for record, _ in read_lines(run):
        if not isinstance(record, Exchange):
            continue
        place = f"record {record.seq}"
        if record.outcome in ON_THE_WIRE or not record.status:
            if _has_usage(record) or (not record.status and (record.reply or record.outcome.answered)):
                raise VerificationError(f"{place}: says {record.outcome.value}, and what the reply said")
            continue
        text = texts.get(record.reply) if record.reply else ""
        body = None if text is None else _body(text)
        if text is None or body is None or not _is_told_whole(record, text):
            continue
        if not any(_agrees(record, answer) for answer in _readings(record, body)):
            raise VerificationError(f"{place}: does not say what its reply says: {_said(record, body)}")
        disowned += record.status >= 300 and _is_answer(record, body)
    return disowned


def _has_usage(record: Exchange) -> bool:
    return bool(record.prompt_tokens or record.completion_tokens or record.model)


def _is_told_whole(record: Exchange, text: str) -> bool:
    return len(record.path) < MAX_KEPT and not any(sign in text or sign in record.path for sign in KEYS_TAKEN_OUT)


def _body(text: str) -> bytes | None:
    """The bytes that a kept text stands for (:mod:`steelyard.gateway.bodies`); None where they were not kept."""
    kept = wrapped(text)
    if kept is None:
        return text.encode()
    if kept["recorded_body"] != "base64":
        return None
    try:
        return base64.b64decode(kept["data"], validate=True)
    except (ValueError, TypeError, KeyError):
        return text.encode()


def _headers(record: Exchange) -> Iterator[Mapping[str, str]]:
    """The types that a reply may have had: a record says only whether it was a stream."""
    for kind in ("text/event-stream",) if record.streamed else ("application/json", "text/plain"):
        yield {"Content-Type": kind}


def _readings(record: Exchange, body: bytes) -> Iterator[ModelOutput]:
    for headers in _headers(record):
        yield read_reply(kind_of(record.path), record.status, headers, body)
    if record.outcome is Outcome.MALFORMED and record.detail.startswith("not HTTP"):
        yield ModelOutput(outcome=Outcome.MALFORMED)


def _agrees(record: Exchange, answer: ModelOutput) -> bool:
    return (record.outcome, record.model, record.prompt_tokens, record.completion_tokens) == (
        answer.outcome,
        answer.model[:MAX_KEPT],
        answer.prompt_tokens,
        answer.completion_tokens,
    )


def _said(record: Exchange, body: bytes) -> str:
    answer = next(_readings(record, body))
    return (
        f"{answer.outcome.value}, model {answer.model[:60]!r}, "
        f"{answer.prompt_tokens} and {answer.completion_tokens} tokens"
    )


def _is_answer(record: Exchange, body: bytes) -> bool:
    kind = kind_of(record.path)
    if kind == "other":
        return False
    return any(read_reply(kind, 200, headers, body).outcome.answered for headers in _headers(record))
