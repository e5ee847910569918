"""Tests for what a writer's model is asked."""

from __future__ import annotations

from steelyard.suites.writers import prompts

ENGLISH = "The office of the company is in Bonn, and it opens at nine."
GERMAN = "Das Büro der Firma liegt in Bonn und öffnet um neun Uhr."


def test_the_language_is_that_of_the_passage() -> None:
    assert "Write 3 questions" in prompts.write(ENGLISH, 3)
    assert "Schreibe 2 Fragen" in prompts.write(GERMAN, 2)
    assert "Write 1 questions" in prompts.write("Le bureau de la société se trouve à Bonn.", 1)
    assert "Part: " + ENGLISH in prompts.with_span("Where is the office?", ENGLISH)
    assert "Teil: " + GERMAN in prompts.with_span("Wo liegt das Büro?", GERMAN)
    assert prompts.alone("Wo liegt das Büro der Firma?").endswith("Frage: Wo liegt das Büro der Firma?\n")
    assert prompts.alone("Where is the office?").endswith("Question: Where is the office?\n")


def test_a_passage_is_a_value_and_no_template() -> None:
    hostile = "{{ 7 * 7 }}{% for a in b %} and the end of the text {#"
    assert f"----------\n{hostile}\n----------" in prompts.write(hostile, 1)
    assert hostile in prompts.alone(hostile)
