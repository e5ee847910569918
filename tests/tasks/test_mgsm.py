"""MGSM: what is asked in eleven languages, and how answers are read beside OpenAI's simple-evals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task

LABELS = {
    "bn": "উত্তর", "de": "Antwort", "en": "Answer", "es": "Respuesta", "fr": "Réponse", "ja": "答え", "ru": "Ответ",
    "sw": "Jibu", "te": "సమాధానం", "th": "คำตอบ", "zh": "答案",
}  # fmt: skip


def simple_evals(target: str, text: str, label: str) -> bool:
    """What simple-evals' mgsm_eval.py counts: after the language's word for "answer", the last number."""
    if label not in text:
        return False
    numbers = re.findall(r"\d+\.?\d*", text.split(label)[-1].strip().replace(",", ""))
    found = numbers[-1].rstrip(".") if numbers else ""
    if "." in found:
        found = found.rstrip("0").rstrip(".")
    return target.replace(",", "") == found


def ours(target: str, text: str) -> float | None:
    sample = Sample(id="mgsm/de/0", request=GenerateRequest(prompt="?"), target=target)
    task = load_task("mgsm")
    return open_scorer(task.scorer).score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("ending", ["{}: 42", "{}: 42.", "{}: **42**", "{}: 42.00", "{}:\n42"])
def test_an_answer_as_it_was_asked_for_is_read_as_there(language: str, ending: str) -> None:
    text = "6 + 12 = 18, 18 + 24 = 42.\n" + ending.format(LABELS[language])
    assert simple_evals("42", text, LABELS[language])
    assert ours("42", text) == 1
    assert ours("18", text) == 0
    assert not simple_evals("18", text, LABELS[language])


@pytest.mark.parametrize(
    ("text", "label", "reading", "theirs"),
    [
        ("So there are 42 eggs.", "Answer", 1, False),  # no label: the last number counts here
        ("Answer: 42", "Antwort", 1, False),  # a label in another language
        ("উত্তর: ৪২", "উত্তর", 1, False),  # their digits are Bengali, the target's are not
        ("Answer: 42 eggs (6 a day for 7 days)", "Answer", 1, False),  # they take the last number of the line
        ("Answer: 6 × 7 = 42", "Answer", 1, True),
        ("Answer: 1,042", "Answer", 0, False),
    ],
)
def test_where_the_two_differ(text: str, label: str, reading: float, theirs: bool) -> None:
    assert ours("42", text) == reading
    assert simple_evals("42", text, label) is theirs


def test_each_language_is_asked_in_its_own_words(shared: Path) -> None:
    samples = load_task("mgsm").prepare("native_chat", shared / "data")
    by_group = {sample.group: sample.request for sample in samples}
    assert set(by_group) == set(LABELS)
    for language, request in by_group.items():
        assert isinstance(request, GenerateRequest)
        assert request.chat
        assert LABELS[language] in request.prefix
        assert request.prefix.endswith("\n\n")
    assert [sample.group for sample in samples].count("te") == 250


def test_worked_examples_are_those_of_the_language(tmp_path: Path) -> None:
    for language in LABELS:
        folder = tmp_path / "juletxara" / "mgsm" / language
        folder.mkdir(parents=True)
        shot = {"question": f"Q in {language}: 1 + 1?", "answer": f"A in {language}: 2.", "answer_number": 2}
        (folder / "train.jsonl").write_text(f"{json.dumps(shot)}\n" * 8)
        (folder / "test.jsonl").write_text(
            json.dumps({"question": "3 + 3?", "answer": None, "answer_number": 6}) + "\n"
        )
    samples = load_task("mgsm").prepare("native_cot", tmp_path)
    assert len(samples) == 11
    for sample in samples:
        assert isinstance(sample.request, GenerateRequest)
        assert sample.request.prefix == f"Q in {sample.group}: 1 + 1?\nA in {sample.group}: 2.\n\n" * 8
        assert sample.request.prompt == "3 + 3?\n"
