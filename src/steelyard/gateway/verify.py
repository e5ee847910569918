"""Verify a recording: each record must match its reply, where the reply's text is available."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Final

from steelyard.errors import VerificationError
from steelyard.gateway.bodies import wrapped
from steelyard.gateway.exchange_parser import endpoint_kind, read_reply
from steelyard.records import Exchange, ModelOutput, Outcome
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder

__all__ = ["check_replies"]

# Replacements of removed keys: such a text may parse differently from the original bytes.
KEYS_TAKEN_OUT: Final = ("[key]", "[a stream that spells out a key piece by piece]")
MAX_KEPT: Final = 200  # characters of a path or a model's name
# Outcomes of the connection, independent of the reply so far.
ON_THE_WIRE: Final = (Outcome.DROPPED, Outcome.TIMEOUT)


def check_replies(run: RunFolder) -> int:
    """Check every exchange against its reply; withheld replies are skipped.

    Returns the number of replies that hold a complete answer under an error status. Raises VerificationError where a
    record does not match its reply.
    """
    texts = open_index(run.path)
    answers_under_errors = 0
    for record, _ in read_lines(run.path):
        if not isinstance(record, Exchange):
            continue
        place = f"record {record.seq}"
        if record.outcome in ON_THE_WIRE or not record.status:
            if _has_usage(record) or (not record.status and (record.reply or record.outcome.answered)):
                raise VerificationError(f"{place}: is {record.outcome.value}, yet holds the content of a reply")
            continue
        text = texts.get(record.reply) if record.reply else ""
        body = None if text is None else _body(text)
        if text is None or body is None or not _is_complete(record, text):
            continue
        if not any(_agrees(record, output) for output in _possible_outputs(record, body)):
            raise VerificationError(f"{place}: does not match its reply, which is {_described(record, body)}")
        answers_under_errors += record.status >= 300 and _is_answer(record, body)
    return answers_under_errors


def _has_usage(record: Exchange) -> bool:
    return bool(record.prompt_tokens or record.completion_tokens or record.model)


def _is_complete(record: Exchange, text: str) -> bool:
    return len(record.path) < MAX_KEPT and not any(sign in text or sign in record.path for sign in KEYS_TAKEN_OUT)


def _body(text: str) -> bytes | None:
    """The bytes of a kept text (:mod:`steelyard.gateway.bodies`); None where they were not kept."""
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
    """The possible content types of a reply: a record says only whether it was a stream."""
    for kind in ("text/event-stream",) if record.streamed else ("application/json", "text/plain"):
        yield {"Content-Type": kind}


def _possible_outputs(record: Exchange, body: bytes) -> Iterator[ModelOutput]:
    for headers in _headers(record):
        yield read_reply(endpoint_kind(record.path), record.status, headers, body)
    if record.outcome is Outcome.MALFORMED and record.detail.startswith("not HTTP"):
        yield ModelOutput(outcome=Outcome.MALFORMED)


def _agrees(record: Exchange, output: ModelOutput) -> bool:
    return (record.outcome, record.model, record.prompt_tokens, record.completion_tokens) == (
        output.outcome,
        output.model[:MAX_KEPT],
        output.prompt_tokens,
        output.completion_tokens,
    )


def _described(record: Exchange, body: bytes) -> str:
    output = next(_possible_outputs(record, body))
    return (
        f"{output.outcome.value}, model {output.model[:60]!r}, "
        f"{output.prompt_tokens} and {output.completion_tokens} tokens"
    )


def _is_answer(record: Exchange, body: bytes) -> bool:
    kind = endpoint_kind(record.path)
    if kind == "other":
        return False
    return any(read_reply(kind, 200, headers, body).outcome.answered for headers in _headers(record))
