"""Keys: out of every text in whatever spelling, and never a byte of the rest lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
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


def _json(letter: str) -> str:
    return f"\\u{ord(letter):04x}"


SPELLINGS: list[Callable[[str], str]] = [
    str,
    _json,
    lambda letter: _json(letter).upper().replace("U", "u"),
    lambda letter: f"\\\\u{ord(letter):04x}",
    lambda letter: f"\\x{ord(letter):02x}",
    lambda letter: f"%{ord(letter):02X}",
    lambda letter: f"&#{ord(letter)};",
    lambda letter: f"&#x{ord(letter):X};",
    lambda letter: "\\" + letter if letter in '/"' else letter,
]
ODD = 'a%b&c\\d"e/f#g%zz'


@settings(max_examples=60)
@given(
    st.sampled_from([KEY, ODD, "aaaaaaaaaaab"]),
    st.lists(st.integers(0, len(SPELLINGS) - 1), min_size=20, max_size=20),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
    st.lists(st.integers(1, 9), min_size=1),
    st.text(alphabet="a%b&\\su0-k", max_size=6),
)
def test_a_mask_hides_every_spelling_whatever_the_chunks(
    key: str, spelled: list[int], encoding: str, lengths: list[int], around: str
) -> None:
    written = "".join(SPELLINGS[number](letter) for number, letter in zip(spelled, key, strict=False))
    data = f"{around}|{written}|{around}".encode(encoding)
    mask, shown, place = Mask(key), b"", 0
    while place < len(data):
        length = lengths[place % len(lengths)]
        shown += mask.feed(data[place : place + length])
        place += length
    shown += mask.end()
    assert written.encode(encoding) not in shown
    assert len(shown) == len(data)
    assert shown.replace(b"\0", b"").startswith(f"{around}|*".encode())
    assert shown.replace(b"\0", b"").endswith(f"*|{around}".encode())


def test_headers_and_reasons_are_masked_whole() -> None:
    assert Mask(KEY).text(f"no {KEY}\udcff") == f"no {'*' * len(KEY)}\udcff"
    assert Mask("short").text("short") == "short"


def test_a_mask_is_quick_on_hostile_bytes() -> None:
    mask = Mask("\\" * 60 + "a")
    assert len(mask.feed(b"\\" * 5_000)) + len(mask.end()) == 5_000
