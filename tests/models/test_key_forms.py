"""An API key is taken out of what a server repeats, as it is, percent-coded and in base64; nothing else is."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from steelyard.models.key_forms import KeyForms

KEY = "sk-Ab9_/+?z=key~0"
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)


@given(KEYS, st.binary(max_size=9), st.binary(max_size=9), st.booleans())
def test_base64_around_a_key_is_taken_out_whole(key: str, before: bytes, after: bytes, url_safe: bool) -> None:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    coded = encode(before + key.encode() + after).decode()
    forms = KeyForms(key)
    assert forms.without(f'no "{coded}" is right') == 'no "[key]" is right'
    assert forms.without(f"no ({coded.rstrip('=')}) is right") == "no ([key]) is right"
    assert forms.without_bytes(f"\u00e9 ({coded})".encode()) == "\u00e9 ([key])".encode()


@given(KEYS, st.lists(st.sampled_from([0, 1, 2]), min_size=60, max_size=60))
@example("0000000000%", [0] * 10 + [1] * 50)
def test_percent_coded_letters_of_a_key_are_found_in_any_mixture(key: str, how: list[int]) -> None:
    ways = (str, lambda each: f"%{ord(each):02x}", lambda each: f"%{ord(each):02X}")
    coded = "".join(ways[way](each) for each, way in zip(key, how, strict=False))
    assert KeyForms(key).without(f"https://host/?key={coded}&x=1") == "https://host/?key=[key]&x=1"


@pytest.mark.parametrize("coded", [KEY, quote(KEY), quote(KEY, safe=""), base64.b64encode(b"Bearer " + KEY.encode())])
def test_a_key_stands_several_times(coded: str | bytes) -> None:
    text = coded.decode() if isinstance(coded, bytes) else coded
    assert KeyForms(KEY).without(f"{text}, {text}") == "[key], [key]"


@given(st.text(max_size=200))
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert KeyForms(KEY).without(text) == text
    assert KeyForms("").without(text) == text
    assert KeyForms("EMPTY").without(f"{text}EMPTY") == f"{text}EMPTY"
    assert KEY not in repr(KeyForms(KEY))


def test_each_of_several_is_taken_out() -> None:
    forms = KeyForms(KEY, "short", "another-key")
    assert forms.without(f"{KEY} short another-key") == "[key] short [key]"
    assert not KeyForms("short", "")


def test_the_work_is_linear() -> None:
    core = base64.b64encode(KEY.encode()).decode().rstrip("=")
    long = "%73" * 500_000 + core[:-3] * 100_000 + "A" * 500_000
    assert KeyForms(KEY).without(long) == long
    assert KeyForms(KEY).without(f"{long} {core * 50_000}") == f"{long} [key]"
