"""Bodies into outcomes: every stream adds up to what was sent, and hostile input raises nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.gateway.bodies import Kept, decoded, text_of
from steelyard.gateway.exchange_parser import Kind, assembled, endpoint_kind, prompt_of, read_exchange, read_reply
from steelyard.gateway.secrets import Secrets
from steelyard.records import Exchange, Outcome

EVENTS = {"Content-Type": "text/event-stream"}
JSON = {"content-type": "application/json"}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
wire_words = st.sampled_from(
    ["choices", "delta", "message", "content", "text", "index", "finish_reason", "usage", "error"]
)
wire_values = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(wire_words, inner, max_size=4), max_leaves=20
)
kinds: st.SearchStrategy[Kind] = st.sampled_from(["chat", "completion", "embedding", "other"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/chat/completions", "chat"),
        ("/v1/completions", "completion"),
        ("/v1/embeddings", "embedding"),
        ("/v1/models", "other"),
        ("/v1/engines/ada/completions", "completion"),
    ],
)
def test_what_a_path_asks_for(path: str, kind: str) -> None:
    assert endpoint_kind(path) == kind


@given(kinds, st.integers(200, 599), wire_values)
def test_no_json_raises(kind: Kind, status: int, payload: Any) -> None:
    for headers in (JSON, EVENTS):
        body = json.dumps(payload).encode()
        wrapped = b"data: " + body + b"\n\ndata: [DONE]\n\n" if headers is EVENTS else body
        answer = read_reply(kind, status, headers, wrapped)
        assert isinstance(answer.outcome, Outcome)
        assert len(answer.detail) <= 300
        assert answer.detail.isprintable()


@given(kinds, st.integers(200, 599), st.binary(max_size=60))
def test_no_bytes_raise(kind: Kind, status: int, body: bytes) -> None:
    for headers in (JSON, EVENTS, {}):
        assert isinstance(read_reply(kind, status, headers, body).outcome, Outcome)


@given(st.lists(st.text(max_size=10), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_stream_adds_up_to_its_pieces(pieces: list[str], newline: str) -> None:
    events = [{"model": "m", "choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    lines = [f"data: {json.dumps(event)}{newline}{newline}" for event in events] + [f"data: [DONE]{newline}{newline}"]
    answer = read_reply("chat", 200, EVENTS, "".join(lines).encode())
    assert (answer.outcome, answer.text, answer.model) == (Outcome.OK, "".join(pieces), "m")


def test_several_choices_are_kept_apart() -> None:
    events = [
        {"choices": [{"index": 1, "text": "b"}]},
        {"choices": [{"index": 0, "text": "a", "finish_reason": "stop"}, {"index": 1, "text": "c"}]},
    ]
    body = b"".join(b"data:" + json.dumps(event).encode() + b"\n\n" for event in events)
    found = assembled("completion", body + b"data: [DONE]\n\n")
    assert isinstance(found, dict)
    assert [choice["text"] for choice in found["choices"]] == ["a", "bc"]


def test_tool_calls_of_a_stream_are_an_answer() -> None:
    event = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}, "finish_reason": "tool_calls"}]}
    answer = read_reply("chat", 200, EVENTS, f"data: {json.dumps(event)}\n\n".encode())
    assert (answer.outcome, answer.detail) == (Outcome.OK, "a call for tools")


def test_a_body_that_was_not_kept_is_no_valid_answer() -> None:
    assert read_reply("chat", 200, JSON, None).outcome is Outcome.MALFORMED
    assert read_reply("other", 200, {}, None).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("kind", "body", "prompt"),
    [
        ("chat", {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}, "u"),
        ("chat", {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "b"),
        (
            "chat",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]},
                    {"role": "assistant", "content": "The answer is"},
                ]
            },
            "a",
        ),
        ("chat", {"messages": [{"role": "assistant", "content": "a"}]}, None),
        ("chat", {"messages": "no"}, None),
        ("completion", {"prompt": "p"}, "p"),
        ("completion", {"prompt": ["p"]}, "p"),
        ("completion", {"prompt": ["p", "q"]}, None),
        ("completion", {"prompt": [1, 2]}, None),
        ("embedding", {"input": "p"}, None),
        ("chat", [1], None),
    ],
)
def test_the_prompt_of_a_request(kind: Kind, body: Any, prompt: str | None) -> None:
    assert prompt_of(kind, body) == prompt


@given(kinds, wire_values)
def test_no_request_raises(kind: Kind, body: Any) -> None:
    assert isinstance(prompt_of(kind, body), str | None)


def test_a_recorded_failure_stays_as_it_was_typed() -> None:
    exchange = Exchange(
        path="/v1/chat/completions", request="", status=0, outcome=Outcome.DROPPED, started_us=0, elapsed_us=0
    )
    assert read_exchange(exchange, "").outcome is Outcome.DROPPED


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bomb_is_not_unpacked() -> None:
    import zlib

    assert decoded(zlib.compress(bytes(64 << 20)), "deflate") is None
    assert decoded(b"not gzip", "gzip") is None
    assert decoded(b"x", "br") is None


@given(st.binary(max_size=200))
def test_compressions_and_what_is_cut_off(data: bytes) -> None:
    import gzip
    import zlib

    bare = zlib.compressobj(wbits=-15)
    assert decoded(gzip.compress(data), "GZIP") == data
    assert decoded(zlib.compress(data), "deflate") == data
    assert decoded(bare.compress(data) + bare.flush(), "deflate") == data
    cut = decoded(gzip.compress(data)[:-4], "gzip")
    assert cut == data


def test_a_text_too_long_for_a_line_is_named_by_its_digest() -> None:
    note = json.loads(text_of(b'"' * (9 << 20), Secrets({})))
    assert (note["recorded_body"], note["bytes"]) == ("omitted", 9 << 20)


@given(st.lists(st.binary(max_size=20)))
def test_what_is_kept_is_what_came(chunks: list[bytes]) -> None:
    kept = Kept()
    for chunk in chunks:
        kept.take(chunk)
    assert kept.data == b"".join(chunks)
    assert len(kept) == len(b"".join(chunks))


def test_a_reply_that_would_fill_the_memory_is_not_parsed() -> None:
    body = b'{"data": [' + b"[]," * 1_000_000 + b"[]]}"
    assert read_reply("embedding", 200, JSON, body).outcome is Outcome.MALFORMED
    numbers = json.dumps({"data": [{"embedding": [0.5] * 1000}] * 1500}).encode()
    assert read_reply("embedding", 200, JSON, numbers).outcome is Outcome.OK
    hidden = '["\\u0073k", ' + "[], " * 300_000 + "[]]"
    assert Secrets({"api-key": "sk-0123456789"}).without(hidden) == '"[key]"'
