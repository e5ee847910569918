from __future__ import annotations

import json

import pytest

from packages.server.tests.jobs.yard import questions
from steelyard.errors import InputError
from steelyard_server.jobs.pasted_questions import MAX_QUESTIONS, are_lines, pasted_questions


@pytest.mark.parametrize(
    "text",
    [
        "Frage;Antwort;Kunde\r\nWie viele?;3;Müller\r\n",
        "\ufeffFrage;Antwort\r\nWie viele?;3\r\n",
        "Frage\tAntwort\nWie viele?\t3\n",
        'Frage,Antwort\n"Wie viele?",3',
        '[{"Frage": "Wie viele?", "Antwort": "3"}]',
    ],
)
def test_a_table_becomes_lines(text: str) -> None:
    assert json.loads(pasted_questions(text)) == {"Frage": "Wie viele?", "Antwort": "3"}


def test_json_lines_stay_as_they_are() -> None:
    text = questions(30)
    assert pasted_questions(text) == text
    assert pasted_questions("\ufeff" + text.replace("\n", "\r\n")) == text
    assert are_lines("\ufeff \n{")
    assert not are_lines("[{")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "questions.csv: needs a column question, prompt, input or Frage, and a column answer, target"),
        ("Frage;Antwort\nWie?;\n", "line 2 has no answer (column 'Antwort'): fill in, or leave these lines out"),
        ("some words", "questions.csv: "),
        ('Frage;Antwort\n"Wie?;3\n', "questions.csv:2: is not CSV"),
        ("Frage;Antwort;Bild\nWie?;3;/etc/passwd\n", "questions.csv"),
        ("Frage;Antwort;Bild\nWie?;3;../../x.png\n", "questions.csv"),
        ("[" * 100_000, "questions.json: is not JSON"),
        ("Frage;Antwort\n\ud800;3\n", "characters that no file can hold"),
        ("Frage;Antwort\n\0;3\n", "NUL"),
        ("x" * (MAX_QUESTIONS + 1), "400,000 characters at most"),
        (" ", "questions.csv"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        pasted_questions(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value), "the page has no options"
    assert "/tmp" not in str(caught.value)


def test_of_files_of_the_machine_nothing_is_said() -> None:
    said = set()
    for name in ("/etc/passwd", "/etc/no-such-file", "/root"):
        with pytest.raises(InputError) as caught:
            pasted_questions(f"Frage;Antwort;Bild\nWie?;3;{name}\n")
        said.add(str(caught.value).replace(name, "FILE"))
    assert len(said) == 1, said
