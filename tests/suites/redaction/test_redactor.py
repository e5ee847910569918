"""Redaction as a whole: placeholders, the planted corpus, benchmarks, hostile texts."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.redaction import BENCHMARKS, benchmark_texts, measure
from bench.redaction_corpus import KINDS, LANGUAGES, planted_texts
from steelyard.suites.redaction.redactor import Placeholders, find, redact

COUNT = 40  # in each of five languages


def test_a_value_has_one_placeholder_in_a_conversation() -> None:
    placeholders = Placeholders()
    first = redact("Anna: anna@example.de, Bob: bob@example.de", placeholders)
    second = redact("ANNA@example.de wrote from +49 171 1234567, or 0049 171/1234567", placeholders)
    assert first.text == "Anna: [EMAIL_1], Bob: [EMAIL_2]"
    assert second.text == "[EMAIL_1] wrote from [PHONE_1], or [PHONE_1]"
    assert placeholders.values == {
        "[EMAIL_1]": "anna@example.de",
        "[EMAIL_2]": "bob@example.de",
        "[PHONE_1]": "+49 171 1234567",
    }
    assert redact("bob@example.de", Placeholders()).text == "[EMAIL_1]"


def test_hits_say_where_and_hold_no_value() -> None:
    text = "an a\N{ZERO WIDTH SPACE}nna@example.de, DE89 3704 0044 0532 0130 00"
    found = redact(text, Placeholders())
    assert [hit.placeholder for hit in found.hits] == ["[EMAIL_1]", "[IBAN_1]"]
    assert text[found.hits[1].start : found.hits[1].end] == "DE89 3704 0044 0532 0130 00"
    assert "nna@" not in repr(found.hits)
    assert found.text == "an [EMAIL_1], [IBAN_1]"


def test_values_are_neither_shown_nor_copied() -> None:
    placeholders = Placeholders(["Erika Mustermann"])
    redact("password: hunter2 Erika Mustermann", placeholders)
    assert "hunter2" not in repr(placeholders)
    assert "Erika" not in repr(placeholders)
    assert len(placeholders) == 2
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor written"):
            write(placeholders)


def test_a_placeholder_that_the_text_holds_already_is_given_to_nothing_else() -> None:
    found = redact("[EMAIL_1] wrote to anna@example.de", Placeholders())
    assert found.text == "[EMAIL_1] wrote to [EMAIL_2]"
    placeholders = Placeholders()
    redact("I am [PHONE_1]", placeholders)
    assert redact("call +49 171 1234567", placeholders).text == "call [PHONE_2]"


def test_a_value_may_stay() -> None:
    placeholders = Placeholders(keep=["service@example.com", "+49 30 1234567"])
    found = redact("SERVICE@example.com, anna@example.com, +49 (30) 123-4567", placeholders)
    assert found.text == "SERVICE@example.com, [EMAIL_1], +49 (30) 123-4567"
    assert [hit.placeholder for hit in found.hits] == ["[EMAIL_1]"]


def test_terms_of_the_user_are_whole_words_in_either_case() -> None:
    placeholders = Placeholders(["Erika Mustermann", "Erika", "Projekt Blau"])
    found = redact("ERIKA  MUSTERMANN und Erika am projekt-blau; Erikas nicht", placeholders)
    assert found.text == "[TERM_1] und [TERM_2] am [TERM_3]; Erikas nicht"


def test_what_rules_find_together_becomes_one_placeholder() -> None:
    assert redact("https://u:secret@mail.example.com/", Placeholders()).text == "https://[CREDENTIALS_1]/"


@pytest.mark.parametrize("kind", KINDS)
def test_planted_values_are_found(kind: str) -> None:
    """All of them; of phone numbers, of which some are digits alone, at least .95."""
    found = measure(kind, COUNT)
    assert found.found >= found.planted * (0.95 if kind == "phone" else 1), found.missed[:3]
    assert found.beside == 0


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmarks_have_less_than_one_hit_in_a_thousand_words(shared: Path, name: str) -> None:
    texts = list(benchmark_texts(shared / "data", name))[::7]
    words = sum(len(text.split()) for text in texts)
    assert words > 5_000
    assert sum(len(find(text)) for text in texts) * 1000 <= words


FRAGMENTS = st.sampled_from(
    [
        "anna@example.de",
        " ",
        "[EMAIL_1]",
        "DE89 3704 0044 0532 0130 00",
        "password: ",
        "+49 171 1234567",
        "é",
        "\n",
        "@",
        "sk-",
        "1",
        "a",
        "\u200b",
        "4111 1111 1111 1111",
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=12).map("".join))
def test_the_text_between_the_hits_stays_as_it_is(text: str) -> None:
    found = redact(text, Placeholders())
    last, rebuilt = 0, ""
    for hit in found.hits:
        assert last <= hit.start < hit.end
        rebuilt += text[last : hit.start] + hit.placeholder
        last = hit.end
    assert rebuilt + text[last:] == found.text


@pytest.mark.parametrize("kind", KINDS)
def test_redacting_again_changes_nothing(kind: str) -> None:
    for language in LANGUAGES:
        placeholders = Placeholders()
        once = [redact(planted.text, placeholders).text for planted in planted_texts(kind, language, COUNT, seed=3)]
        assert [redact(text, placeholders).text for text in once] == once
