"""Identity by text in words: what was shown, and never that another model is served."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from packages.forensics.tests.text_identity.test_text_identity import held, identity, pairs_of
from steelyard_forensics.sealed.rows import Reading
from steelyard_forensics.text_identity.identity import TextIdentity
from steelyard_forensics.text_identity.pages import headline, html, machine, markdown, print_identity, sentences
from testkit.comparison_runs import HOSTILE


def told(right: int, of: int, *more: str) -> TextIdentity:
    said = ["right" if (at * right) % of + right >= of else "wrong" for at in range(of)]
    return identity(pairs_of([*said, *more]))


def test_each_word_says_what_was_shown() -> None:
    assert headline(told(70, 100)).startswith("Inconsistent: one and two were not answered from the same distribution")
    assert headline(told(450, 900)).startswith("Consistent (to within 7.5 points): whose text is whose in one and two")
    assert "about" in headline(told(50, 100))
    assert "pairs would decide" in headline(told(50, 100))
    assert "no number of pairs" in headline(replace(told(55, 100), needed=None))
    assert headline(identity(repeats=1)).startswith("Not testable: each prompt was asked once")


def test_an_accusation_says_what_is_not_shown_and_how_the_error_rate_is_kept() -> None:
    text = " ".join(sentences(told(70, 100, "missing", "same", "again", "even")))
    for part in (
        "That another model answers is not shown",
        "read in 20 orders: 70.0 % of guesses are right",
        "after the last pair), decided from ",
        "This gives the word",
        "In the first order 70 of 100 guesses are right",
        "number of prompts was fixed before",
        "It decides nothing here",
        "Of 104 pairs 1 are missing",
        "In 1 a text or the prompt came before: they accuse nobody",
        "2 say nothing",
        "came before counts as a right guess",
        "at most 52.5 % of pairs",
        "The orders of reading were drawn",
    ):
        assert part in text, part
    assert "Within a margin means" in " ".join(sentences(told(450, 900)))
    assert len(list(sentences(identity(repeats=1)))) <= 3
    signed = replace(told(70, 100), reading=Reading(secret="5eed", proof="ab"))
    assert "whoever ran this may have made many keys and shown this one" in " ".join(sentences(signed))


def test_the_document_and_the_page_have_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(70, 100)
    document = machine(found)
    assert (document["exit"], document["word"], document["headline"]) == (1, "inconsistent", headline(found))
    assert f"**{headline(found)}**" in markdown(found)


def test_text_of_others_stays_one_line_and_is_escaped() -> None:
    hostile = replace(held("one", "01"), run=HOSTILE, model=HOSTILE * 40)
    found = replace(told(70, 100), task=HOSTILE, runs=(hostile, held("two", "ab")))
    page = markdown(found)
    assert "<script>" not in page
    assert "\x1b" not in page
    shown = io.StringIO()
    print_identity(found, Console(file=shown, width=100))
    assert "\x1b[31m" not in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= 100


def test_the_page_shows_the_word_and_escapes_names() -> None:
    found = told(70, 100)
    text = html(replace(found, runs=(replace(found.runs[0], run=HOSTILE, model=HOSTILE), found.runs[1])))
    assert 'class="inconsistent mark"' in text
    assert "<script" not in text
    assert "<table" not in text
    assert 'class="not-testable mark"' in html(identity(repeats=1))
