"""Sentences that state their answer without *is*, and what may never be read as one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.reading.statements import states_plainly
from tests.scorers.test_answer import value

CATEGORIES = ("Abrechnung", "Technik", "Kündigung", "Versand", "Vertrag")
SENTENCES = (
    "Das Ticket gehört zur Kategorie „{}“.",
    "Das Ticket gehört in die Kategorie **{}**.",
    "Dieses Ticket gehört zu {}.",
    "Es gehört eindeutig zur Kategorie {}",
    "Das Ticket fällt unter „{}“.",
    "Das Ticket fällt in die Kategorie {}.",
    "Die Anfrage passt am besten zur Kategorie „{}“.",
    "Das Ticket betrifft die Kategorie {}.",
    "Es handelt sich um {}.",
    "Das Ticket ist der Kategorie {} zuzuordnen.",
    'Ich würde das Ticket der Kategorie "{}" zuordnen.',
    "Ich ordne dieses Ticket der Kategorie {} zu.",
    "Kategorie „{}“",
    "Gerne! Das Ticket gehört zur Kategorie {}. Kann ich Ihnen sonst noch helfen?",
    "Das Ticket gehört zur Kategorie {}, da der Kunde eine Frage dazu hat.",
    "The ticket belongs to the category “{}”.",
    "The ticket falls under {}.",
    "I would assign the ticket to the category {}.",
)
TURNED = (
    "Das Ticket gehört nicht zur Kategorie „{}“.",
    "Das Ticket gehört zur Kategorie {} oder {other}.",
    "Das Ticket gehört zur Kategorie {other}, nicht {}.",
    "Das Ticket gehört zur Kategorie {other} und nicht zu {}.",
    "Das Ticket gehört zur Kategorie {}?",
    "Das Ticket gehört wohl zur Kategorie {}.",
    "Das Ticket gehört zur Kategorie {}, falls es um Geld geht.",
    "Das Ticket gehört zur Kategorie {}, da es nicht zu {other} gehört.",
    "Das Ticket gehört zur Kategorie {}. Nein, zu {other}.",
    "Das Ticket gehört zur Kategorie {}. Das ist falsch.",
    "Das andere Ticket gehört zur Kategorie {}.",
    "Kein Ticket gehört zur Kategorie {}.",
    "Das Gegenteil gehört zur Kategorie {}.",
    "Das Ticket gehört zur Kategorie {}, {other}.",
    "Das Ticket gehört zur Kategorie {}. Es gehört zu {other}.",
    "Das Ticket gehört weder zu {} noch zu {other}.",
    "Früher gehörte das Ticket zur Kategorie {}.",
    "Ich würde das Ticket nicht der Kategorie {} zuordnen.",
    "Ich würde das Ticket der Kategorie {} oder {other} zuordnen.",
    "Wenn es um Geld geht, gehört das Ticket zur Kategorie {}.",
    "Die Kategorie {} ist falsch.",
    "Nicht Kategorie {}",
    "Kategorie {}\nKategorie {other}",
    "The ticket does not belong to {}.",
    "The ticket belongs to {} or {other}.",
    "The other ticket belongs to {}.",
    "The ticket hardly belongs to {}.",
    "The ticket never falls under {}.",
    "The ticket belongs to anything but {}.",
    "I would not assign the ticket to {}.",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_everyday_sentences_are_right_for_what_they_say_and_not_for_another(sentence: str) -> None:
    assert value("Abrechnung", sentence.format("Abrechnung")) == 1
    assert value("Abrechnung", sentence.format("Technik")) != 1


@pytest.mark.parametrize("sentence", TURNED)
def test_a_negation_a_doubt_or_a_second_candidate_is_not_right(sentence: str) -> None:
    said = sentence.format("Abrechnung", other="Technik")
    assert not states_plainly(said, "Abrechnung")
    assert value("Abrechnung", said) != 1


@pytest.mark.parametrize(
    "text",
    ["in München", "In München.", "Die Firma sitzt in München.", "Der Sitz der Firma befindet sich in **München**.",
     "Sie liegt in München.", "The company is based in München."],
)  # fmt: skip
def test_a_place_with_its_preposition_is_the_place(text: str) -> None:
    assert value("München", text) == 1
    assert value("Berlin", text) != 1


@pytest.mark.parametrize(
    "text",
    ["nicht in München", "bei München", "in der Nähe von München", "Die Firma sitzt in der Nähe von München.",
     "Die Firma sitzt in München oder Berlin.", "Die Firma sitzt nicht in München.", "außerhalb von München",
     "Die frühere Zentrale liegt in München.", "in München?", "überall außer in München", "in München, Berlin",
     "Die Firma sitzt in München. Die Zentrale liegt in Berlin.", "Niemand wohnt in München.", "not in München",
     "The former office is in München."],
)  # fmt: skip
def test_a_place_that_is_denied_or_only_near_is_not_right(text: str) -> None:
    assert value("München", text) != 1


def test_what_a_preposition_changes_is_not_the_same() -> None:
    assert value("5 Tage", "in 5 Tagen") != 1
    assert value("5 days", "in 5 days") != 1
    assert value("offen", "in offen") != 1


def test_a_label_that_is_part_of_the_target_is_found() -> None:
    assert value("Kategorie A", "Das Ticket gehört zur Kategorie A.") == 1
    assert value("A", "Das Ticket gehört zur Kategorie A.") == 1


WORDS = st.sampled_from(["nicht", "kein", "nie", "kaum", "oder", "weder", "außer", "vermutlich", "not", "hardly", "or"])
NOT_BOLD = [each for each in SENTENCES if "**" not in each]  # what is in bold is read by another rule


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(NOT_BOLD), st.sampled_from(CATEGORIES), WORDS, st.data())
def test_no_word_of_doubt_anywhere_before_the_answer_leaves_it_right(
    sentence: str, said: str, word: str, data: st.DataObject
) -> None:
    before, mark, after = sentence.partition("{}")
    words = before.split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    turned = " ".join([*words[:place], word, *words[place:]]) + mark + after
    assert value(said, turned.format(said)) != 1, turned


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SENTENCES), st.sampled_from(CATEGORIES), st.sampled_from(CATEGORIES), st.sampled_from(
    [" oder {}", " und {}", "/{}", ", nicht aber {}", " statt {}", " ({})", " or {}"]
))  # fmt: skip
def test_a_second_candidate_behind_the_answer_leaves_it_open(sentence: str, said: str, other: str, joint: str) -> None:
    if said != other:
        turned = sentence.format(said + joint.format(other))
        assert value(other, turned) != 1, turned
