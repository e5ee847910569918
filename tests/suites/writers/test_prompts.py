"""Tests for what a writer's model is asked."""

from __future__ import annotations

from steelyard.records import SuiteItem
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


def test_a_twin_is_asked_for_with_what_its_item_has() -> None:
    bare = SuiteItem(id="a", question="Where does the office of the company lie?", answer="Bonn", canary="c-1")
    assert "Passage" not in prompts.twin(bare)
    assert '{"question": "…", "answer": "…"}' in prompts.twin(bare)
    assert "Question: Where does the office of the company lie?\nAnswer: Bonn\n" in prompts.twin(bare)
    assert "The answer is one of: yes | no\n" in prompts.twin(bare, ("yes", "no"))
    whole = SuiteItem(
        id="a", question="Wo liegt das Büro der Firma?", answer="Bonn", context=GERMAN, choices=("Bonn", "Ulm")
    )
    asked = prompts.twin(whole)
    assert '"context": "…", "choices": ["…"]}' in asked
    assert f"{GERMAN}\n\nFrage: Wo liegt das Büro der Firma?\nMöglichkeiten:\n- Bonn\n- Ulm\nAntwort: Bonn" in asked
    assert not any("c-1" in text for text in (asked, prompts.twin(bare)))


def test_an_items_answer_is_asked_for_at_once_and_in_steps() -> None:
    item = SuiteItem(
        id="a", question="Where does the office of the company lie?", answer="Bonn {{ 1 }}", context=ENGLISH
    )
    for asked in (prompts.solve(item), prompts.solve_in_steps(item, ("Bonn", "Ulm"))):
        assert ENGLISH in asked
        assert "{{ 1 }}" not in asked
    assert "- Bonn\n- Ulm" in prompts.solve_in_steps(item, ("Bonn", "Ulm"))
    assert "Answer: …" in prompts.solve_in_steps(item)
