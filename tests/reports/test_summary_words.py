"""The catalogues: both languages say everything, with the same names to fill in, and nothing is said by none."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from string import Formatter

import pytest

import steelyard.reports
from steelyard.records import VerdictWord
from steelyard.reports.summary import LANGUAGES
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from steelyard.reports.summary_reasons import _PATTERNS, KINDS
from steelyard.reports.summary_words import Labels, Reasons, Steps, Words


def messages(words: object, prefix: str = "") -> dict[str, str]:
    """Every message by its dotted name."""
    assert is_dataclass(words)
    found: dict[str, str] = {}
    for each in fields(words):
        value, name = getattr(words, each.name), f"{prefix}{each.name}"
        if is_dataclass(value):
            found |= messages(value, f"{name}.")
        elif isinstance(value, str):
            found[name] = value
    return found


def filled_in(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def test_both_languages_fill_in_the_same_names() -> None:
    english, german = messages(ENGLISH), messages(GERMAN)
    assert {name: filled_in(text) for name, text in english.items()} == {
        name: filled_in(text) for name, text in german.items()
    }


@pytest.mark.parametrize("words", [ENGLISH, GERMAN], ids=["en", "de"])
def test_no_message_is_empty_or_has_white_space_around_it(words: Words) -> None:
    assert [name for name, text in messages(words).items() if not text or text != text.strip() or "  " in text] == []


def test_german_is_no_english() -> None:
    same = {name for name, text in messages(GERMAN).items() if messages(ENGLISH)[name] == text}
    assert same == {"who.software"}


def test_nobody_is_addressed_in_german() -> None:
    """*Sie* is not "you": a sentence may begin with it where it means a thing, such as a difference."""
    addressed = re.compile(r"\b(Ihr|Ihre|Ihren|Ihnen|du|dein|bitte)\b|(?<![.:] )\bSie\b")
    assert [text for text in messages(GERMAN).values() if addressed.search(text)] == []


def test_the_languages() -> None:
    assert {code: words.code for code, words in LANGUAGES.items()} == {"en": "en", "de": "de"}


def test_each_verdict_reason_and_advice_has_a_message() -> None:
    assert {each.name for each in fields(Reasons)} == set(KINDS)
    assert {each.name for each in fields(Labels)} == {word.value for word in VerdictWord} | {"measured"}
    assert {advice for _, advice in _PATTERNS.values()} <= {each.name for each in fields(Steps)}


def test_every_message_is_said_somewhere() -> None:
    folder = Path(next(iter(steelyard.reports.__path__)))
    said = "".join(path.read_text() for path in folder.glob("summary*.py") if "english" not in path.name)
    said += (folder / "templates" / "summary.html.j2").read_text()
    code = said.replace((folder / "summary_words.py").read_text(), "")
    code = code.replace((folder / "summary_german.py").read_text(), "")
    by_name = {"reasons", "labels"}  # looked up by the kind of a reason and by a verdict's word
    by_colour = re.compile(r"gates\.((one|many|means)_)?(green|red|undecided|worse)")
    advice = {advice for _, advice in _PATTERNS.values()}
    unsaid = [
        name
        for name in messages(ENGLISH)
        if name.partition(".")[0] not in by_name
        and not by_colour.fullmatch(name)
        and name.rpartition(".")[2] not in advice
        and not re.search(rf"[.\"]{re.escape(name.rpartition('.')[2])}\b", code)
    ]
    assert unsaid == []
