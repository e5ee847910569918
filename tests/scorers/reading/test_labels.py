"""An answer names no label only where nothing in it could be meant for one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.option import Option
from steelyard.scorers.reading.labels import chosen_label, names_no_label, spelled_out

LABELS = ("Abrechnung", "Technik", "Vertrag", "Kündigung & Rückgabe")
SHOWN = f"Mein Router ist kaputt\n\nAntworte nur mit genau einem davon: {', '.join(LABELS)}"


def value(
    text: str, target: int, labels: tuple[str, ...] = LABELS, prompt: str = SHOWN, outcome: Outcome = Outcome.OK
) -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt=prompt), target=str(target), choices=labels)
    return Option().score(sample, ModelOutput(outcome=outcome, text=text)).value


@pytest.mark.parametrize(
    "text",
    [
        *("Kündigung und Rückgabe", "Kuendigung & Rueckgabe", "kuendigung und rueckgabe.", "KÜNDIGUNG & RÜCKGABE"),
        *("„Kündigung & Rückgabe“", "**Kündigung und Rück\u200bgabe**", "Kategorie: Kündigung und Rückgabe"),
        "Die richtige Kategorie ist nicht ganz klar, aber ich wähle: **Kündigung & Rückgabe**",
        "Das ist nicht eindeutig. Ich entscheide mich für die Kategorie „Kündigung und Rückgabe“.",
        "Not entirely clear, but I would choose **Kündigung & Rückgabe**.",
    ],
)
def test_a_label_is_read_however_it_is_spelled(text: str) -> None:
    assert [value(text, target) for target in range(4)] == [0, 0, 0, 1]


def test_umlauts_are_read_both_ways() -> None:
    labels = ("Gruesse", "Straße")
    shown = "Nur eines: Gruesse, Straße"
    assert [value(text, 0, labels, shown) for text in ("Grüße", "grüsse", "Strasse")] == [1, 1, 0]
    assert value("Müller", 0, ("Mueller", "Müller"), "Nur eines: Mueller, Müller") is None  # which of them?


@pytest.mark.parametrize(
    "text",
    [
        *("Sonstiges", "Spam", "Keine der Kategorien passt.", "Billing", "no sum, 0 of them in this ticket at all"),
        *("Entschuldigung, dabei kann ich nicht helfen.", "I'm sorry, but I can't help with that."),
        "Das ist eine Anfrage zum Versand, die an die Logistik gehen sollte, da es um ein verlorenes Paket geht.",
        "Antwort: Sonstiges",
    ],
)
def test_a_finished_answer_without_any_label_is_wrong(text: str) -> None:
    assert [value(text, target) for target in range(4)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        *("Kündigung", "Kundigung & Ruckgabe", "KündigungRückgabe", "K&R", "KR", "D", "2", "Nummer 4", "drei"),
        *("Vertrieb", "technisch", "Tecnik", "Tehcnik", "T e c h n i k", "Abr.", "Tech", "K?ndigung", "K\ufffdndigung"),
        *("Weder Technik noch Vertrag", "Technik oder Vertrag", "Ich wähle nicht Technik", "Kategorie B"),
        *("Das betrifft die Vertragsabteilung.", "", "...", "👍"),
    ],
)
def test_what_may_be_meant_for_a_label_is_open(text: str) -> None:
    assert {value(text, target) for target in range(4)} <= {None}


def test_only_who_was_shown_the_labels_and_finished_is_wrong() -> None:
    assert value("Sonstiges", 1) == 0
    assert value("Sonstiges", 1, prompt="Worum geht es?") is None
    assert value("Sonst", 1, outcome=Outcome.TRUNCATED) is None
    assert value("Sonstiges " * 2000, 1) is None  # longer than what is read


@pytest.mark.parametrize("text", ["perhaps", "It is possible.", "I can't confirm that.", "It is not."])
def test_where_labels_are_yes_and_no_other_words_may_say_them(text: str) -> None:
    assert value(text, 0, ("no", "yes"), "Is it? Reply with yes or no.") in (None, 1)


def test_a_refusal_is_wrong_where_labels_are_yes_and_no() -> None:
    assert value("I'm sorry, I cannot help with that.", 0, ("no", "yes"), "Is it? yes or no") == 0
    assert value("Das kann ich leider nicht beantworten.", 0, ("no", "yes"), "Is it? yes or no") == 0


@pytest.mark.parametrize("text", ["5", "vier", "4.5", "4/5"])
def test_numbers_that_are_no_label_are_open_where_labels_are_numbers(text: str) -> None:
    assert value(text, 0, ("1", "2", "3"), "1, 2, 3") is None


@settings(max_examples=300)
@given(st.sampled_from(LABELS), st.text(max_size=40), st.text(max_size=40), st.data())
def test_no_text_that_holds_a_label_or_most_of_one_names_none(
    label: str, before: str, after: str, data: st.DataObject
) -> None:
    assert not names_no_label(f"{before} {label} {after}", LABELS)
    word = label.split()[0]
    place = data.draw(st.integers(0, len(word) - 1))
    assert not names_no_label(f"{before} {word[:place]}{word[place + 1 :]} {after}", LABELS)


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert value(text, 0) in (None, 0.0, 1.0)
    assert spelled_out(spelled_out(text)) == spelled_out(text)


@pytest.mark.parametrize("pattern", ["ich wähle ", "i choose the label ", "a ", "nicht ", "&", "kann ich "])
def test_a_pattern_repeated_takes_little_time(pattern: str) -> None:
    begun = time.process_time()
    value(pattern * (10_000 // len(pattern)), 0)
    assert time.process_time() - begun < 2


def test_somebody_chooses_at_the_end_of_a_text() -> None:
    assert chosen_label("it is not clear, but i choose: **technik**.", ["technik"])
    assert not chosen_label("i choose technik, or do i", ["technik"])
    assert not chosen_label("i choose", [])
