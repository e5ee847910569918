"""Secrets of the environment in the words of an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.models.environment_secrets import without_secrets

PEM = "-----BEGIN KEY-----\nMIIsecretbody\n  indented-body\nshort\n-----END KEY-----"


def test_the_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "prefix-0123")
    monkeypatch.setenv("B_TOKEN", "prefix-0123-tail-SECRETTAIL")
    assert without_secrets("auth prefix-0123-tail-SECRETTAIL / prefix-0123") == "auth *** / ***"


def test_each_line_and_each_way_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PRIVATE_KEY", PEM)
    assert without_secrets(f"a {PEM} b {PEM!r} c {json.dumps(PEM)}") == "a *** b '***' c \"***\""
    assert without_secrets("line MIIsecretbody, indented-body, short") == "line ***, ***, short"
    monkeypatch.setenv("A_PASSWORD", 'it\'s a \\ "word" é')
    said = [without_secrets(written(PASSWORD)) for written in (str, repr, json.dumps)]
    assert said == ["***", "'***'", '"***"']


PASSWORD = 'it\'s a \\ "word" é'


def test_other_variables_and_short_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_NAME", "a-long-name-of-a-bot")
    monkeypatch.setenv("BOT_KEY", "EMPTY")
    assert without_secrets("a-long-name-of-a-bot EMPTY") == "a-long-name-of-a-bot EMPTY"


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(st.characters(blacklist_characters="\0*", blacklist_categories=["Cs"]), min_size=8),
    before=st.text("xyz "), after=st.text("xyz "),
)  # fmt: skip
def test_no_value_is_left(monkeypatch: pytest.MonkeyPatch, value: str, before: str, after: str) -> None:
    monkeypatch.setenv("BOT_KEY", value)
    assert value not in without_secrets(f"{before}{value}{after}{value}")
    assert repr(value)[1:-1] not in without_secrets(f"{before}{[value]!r}{after}")
