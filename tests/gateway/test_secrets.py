"""Keys: out of every text in whatever spelling, and never a byte of the rest lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.gateway.secrets import Mask, Secrets

KEY = "sk-0123456789"


@pytest.mark.parametrize("header", ["Authorization", "api-key", "x-api-key", "x-goog-api-key"])
def test_a_key_is_found_in_its_header(header: str) -> None:
    secrets = Secrets({header: f"Bearer {KEY}" if header == "Authorization" else KEY})
    assert secrets.without(f"a {KEY} b {KEY}") == "a [key] b [key]"
    assert secrets.in_bytes(f"a {KEY}".encode()) == b"a [key]"
    assert KEY not in repr(secrets)


def test_short_keys_are_no_secrets() -> None:
    assert not Secrets({"Authorization": "Bearer x"}, "EMPTY")
    assert Secrets({"Authorization": "Bearer x"}).without("x marks the spot") == "x marks the spot"


def test_a_key_within_another() -> None:
    secrets = Secrets({"api-key": KEY}, KEY + "-longer")
    assert secrets.without(f"{KEY}-longer") == "[key]"


@pytest.mark.parametrize(
    "written",
    [
        '{"said": "\\u0073k-0123456789"}',
        '{"said": ["no", {"\\u0073k-0123456789": 1}]}',
        'data: {"said": "\\u0073k-0123456789"}\n\ndata: [DONE]\n\n',
        '{\n  "said": "\\u0073k-0123456789"\n}',
    ],
)
def test_escapes_hide_nothing(written: str) -> None:
    kept = Secrets({"api-key": KEY}).without(written)
    assert "0123456789" not in kept
    assert kept.endswith("data: [DONE]\n\n") == written.endswith("data: [DONE]\n\n")


def test_slashes_may_be_escaped_too() -> None:
    key = "abc/def/ghi"
    assert "def" not in Secrets({"api-key": key}).without(json.dumps({"said": key}).replace("/", "\\/"))


@given(st.text())
def test_a_text_without_the_key_stays_as_it_is(text: str) -> None:
    assert Secrets({"api-key": "key-that-nobody-writes"}).without(text) == text


@given(st.lists(st.text(alphabet="sk-01", max_size=6), max_size=12))
def test_a_mask_hides_the_key_whatever_the_chunks(pieces: list[str]) -> None:
    key = "sk-01sk-0"
    mask = Mask(key)
    shown = b"".join(mask.feed(piece.encode()) for piece in pieces) + mask.end()
    whole = "".join(pieces)
    assert key.encode() not in shown
    assert len(shown) == len(whole)
    if key not in whole:
        assert shown.decode() == whole


def test_a_mask_holds_back_no_more_than_the_beginning_of_a_key() -> None:
    mask = Mask(KEY)
    assert mask.feed(b"data: sk-0") == b"data: "
    assert mask.feed(b"x") == b"sk-0x"
    assert Mask("").feed(KEY.encode()) == KEY.encode()
