"""Whatever an endpoint repeats of its key, people read its status, and no part of the key."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard_server.endpoints.said import said_without_key

KEY = "sk-Qb7_x/Ra9+tWc2ZpMv"
AT = "http://10.0.0.7:8000/v1 refuses the key: "
GONE = f"{AT}HTTP 401 (what else it says may hold a part of its key, so it is not shown)"


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in text)


def percent(text: str) -> str:
    return "".join(f"%{ord(each):02x}" for each in text)


FORMS: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    quote,
    percent,
    lambda key: percent(percent(key)),
    escaped,
    lambda key: "".join(f"\\x{ord(each):02x}" for each in key),
    lambda key: "".join(f"&#{ord(each)};" for each in key),
    lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    lambda key: base64.urlsafe_b64encode(f"user:{key}".encode()).decode().rstrip("="),
    lambda key: key.encode().hex(),
    lambda key: key.encode().hex(" "),
    lambda key: " ".join(key),
    lambda key: f"{key[:8]} and {key[8:]}",
    lambda key: key.replace("_", "\\n"),
    lambda key: f"{key[:6]}...{key[-4:]}",
    lambda key: f"{key[:3]}{'*' * 12}{key[-4:]}",
    lambda key: f"{'•' * 12}{key[-3:]}",
    lambda key: f"{key[:4]}…",
    lambda key: f"ends in {key[-4:]}",
    lambda key: escaped(key[5:11]),
    lambda key: base64.b64encode(key[4:13].encode()).decode(),
]


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
@pytest.mark.parametrize("words", ["wrong key: {}", "{} is wrong", '{{"error": "{}"}}', "key={}&x=1"])
def test_of_words_that_may_hold_a_part_the_status_is_left(form: Callable[[str], str], words: str) -> None:
    said = f"{AT}HTTP 401: {words.format(form(KEY))} (its key was sent: is it right?)"
    assert said_without_key(said, KEY) == GONE


@given(st.text(st.characters(min_codepoint=48, max_codepoint=122, categories=("L", "N")), min_size=12, max_size=50))
def test_any_four_letters_of_a_key_are_a_part(key: str) -> None:
    for start in range(len(key) - 3):
        said = f"{AT}HTTP 401: no '{key[start : start + 4]}' here"
        assert said_without_key(said, key) == GONE


def test_a_short_key_is_a_word_and_only_what_the_endpoint_says_is_looked_at() -> None:
    said = "http://wrong.example/v1 refuses the key: HTTP 401: wrong key (its key was sent: is it right?)"
    assert "HTTP 401 (what else" in said_without_key(said, "wrong")
    assert said_without_key(said, "EMPTY") == said
    assert said_without_key("it gives the 20 likeliest", "20") == "it gives the 20 likeliest"
    assert "HTTP 403 (what" in said_without_key("HTTP 403: Zm9vIHdyb25nIGJhcg== , wrong.", "Wrong")


@pytest.mark.parametrize(
    "said",
    [
        f"{AT}HTTP 401: wrong key: [key] (its key was sent: is it right?)",
        f"{AT}HTTP 403: this project has no access to the model (its key was sent: is it right?)",
        "http://10.0.0.7:8000/v1: HTTP 429: too many requests. Please wait...",
        "it gives no log-probabilities of the next token: the endpoint ignores logprobs",
        "asked how many days a week has, it says 'Seven days are in a week. A week has sev…'",
        f"{AT}HTTP 401: {'the same words, '.rstrip() * 15}… (its key was sent: is it right?)",
        "",
    ],
)
def test_what_holds_no_part_is_shown(said: str) -> None:
    assert said_without_key(said, KEY) == said
    assert said_without_key(said, "") == said


def test_without_a_status_nothing_of_a_text_with_the_key_is_left() -> None:
    for said in (f"it says '{KEY}'", f"served by {percent(KEY)}", f"it says '{' '.join(KEY[:12])}'"):
        assert said_without_key(said, KEY) == "what the endpoint says may hold a part of its key, so it is not shown"
    assert said_without_key("log-probabilities of the next token at 3", "token-abc123")[:3] == "log"
    ours = "the endpoint sums is not called"
    assert said_without_key(ours, "sk-only-the-endpoint-sees-4711") == ours
    assert said_without_key(f"{ours}: only the endpoint sees 4711", "sk-only-the-endpoint-sees-4711") != ours
    assert said_without_key(f"{ours}: words alone", "words-alone").startswith("what the endpoint says")


def test_the_work_is_bounded() -> None:
    said = "HTTP 401: " + "%2525" * 100_000 + "QUJD" * 100_000 + "&#65;" * 100_000
    assert said_without_key(said, KEY) == said
