"""Polite frames, in all built-in tasks and formats: no right answer is wrong in one, and no wrong answer right."""

from __future__ import annotations

import itertools
import json

import pytest

from steelyard.auditing.scoring import read_score
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.reading.frames import bare_line
from steelyard.tasks import load_task, task_ids
from testkit.said_answers import FRAMES, PLAIN

WORDS = [("Canberra", "Sydney"), ("plum pear", "pear plum"), ("yes", "no"), ("True", "False"), ("(B)", "(C)")]
NUMBERS = [("25", "31"), ("-7", "8"), ("1.5", "2.5"), ("1,200", "1,300")]
CITIES = ("Paris", "Berlin", "Rome", "Madrid")
LETTERS = [("B", "A"), ("(B)", "(A)"), ("B. Berlin", "A. Paris"), ("B) Berlin", "A) Paris"), ("**B**", "**A**")]
# Rules that read no bare answer: log-likelihoods, programs, instructions, calls, translations, a judge, worlds.
OTHERS = {"choice", "code", "code_cases", "ifeval", "function_calls", "chrf", "corpus", "judged", "neutral"}
# Published rules that count nothing but their own mark: the mark stands in the frame.
MARKS = {"numeric": "#### {}", "letter": "The answer is ({}).", "regex": "So the answer is {}."}


def formats() -> dict[str, tuple[str, str]]:
    """By scorer's identifier, one task and format of each: what is alike is read alike."""
    found: dict[str, tuple[str, str]] = {}
    for name in task_ids():
        task = load_task(name)
        for prompt, each in task.definition.prompts.items():
            spec = task.scorer_for(prompt)
            if each.generates and not str(spec["name"]).startswith("world_") and spec["name"] not in OTHERS:
                found.setdefault(f"{open_scorer(spec).identifier} {each.chat}", (name, prompt))
    return found


def cases(scorer: str) -> list[tuple[Sample, str, str]]:
    """Samples of the kind that a rule is for, each with a right and a wrong answer."""
    sample = Sample(id="x", request=GenerateRequest(prompt="?", chat=True), target="")
    kinds = {
        "numeric": NUMBERS,
        "math": [*NUMBERS[:3], ("x+1", "x+2")],
        "anls": [*NUMBERS[:1], *WORDS[:1]],
        "relaxed": [*NUMBERS[:1], *WORDS[:1]],
        "letter": [],
        "option": [],
        "mathvista": NUMBERS[:3],
    }
    made = [(replaced(sample, target=right), right, wrong) for right, wrong in kinds.get(scorer, NUMBERS[:3] + WORDS)]
    if scorer in ("letter", "mmmu", "mathvista"):
        made += [(replaced(sample, target="1", choices=CITIES), right, wrong) for right, wrong in LETTERS]
    if scorer == "option":
        made += [(replaced(sample, target="1", choices=("no", "yes")), "yes", "no")]
    return made


def replaced(sample: Sample, *, target: str, choices: tuple[str, ...] = ()) -> Sample:
    return Sample(id=sample.id, request=sample.request, target=target, choices=choices)


@pytest.mark.parametrize("alike", formats())
def test_no_dress_makes_a_right_answer_wrong_or_a_wrong_one_right(alike: str) -> None:
    name, prompt = formats()[alike]
    task = load_task(name)
    spec, each = task.scorer_for(prompt), task.definition.prompts[prompt]
    scorer = open_scorer(spec)
    is_strict = bool(spec.get("strict")) or (spec["name"] == "regex" and not spec.get("careful"))
    dresses = FRAMES if is_strict else {**FRAMES, **{key: PLAIN[key] for key in ("bare", "bold", "line break")}}
    for (sample, right, wrong), (dress, frame) in itertools.product(cases(str(spec["name"])), dresses.items()):
        for answer, is_right in ((right, True), (wrong, False)):
            bare = answer.strip("*(")[0] if spec["name"] == "letter" else answer
            said = MARKS[str(spec["name"])].format(bare) if is_strict else answer
            text = frame.format(said)
            for stop in () if each.chat else each.stop:
                text = text.partition(stop)[0]
            if is_right and answer.strip("*") not in text and not text.rstrip().endswith((":", "!")):
                continue  # a stop string cut the answer off, and what stands before it is another text
            if is_strict and dress in ("dash", "sentence", "my answer", "apology") and spec["name"] != "numeric":
                continue  # two marks in one sentence
            value = read_score(scorer, sample, ModelOutput(outcome=Outcome.OK, text=text)).value
            assert value is None or (value == 1) == is_right, (name, prompt, dress, text, sample.target)


def test_all_built_in_rules_are_tested() -> None:
    assert len(FRAMES) >= 12
    assert {each.partition("@")[0].partition("[")[0] for each in formats()} >= {
        "exact", "numeric", "letter", "option", "answer", "regex", "mmmu", "mathvista", "relaxed", "anls", "math",
    }  # fmt: skip


@pytest.mark.parametrize("task", ["chain_sum", "products", "word_sequence_reversal"])
def test_what_chats_in_frames_is_right_in_a_generated_task(task: str) -> None:
    scorer = open_scorer({"name": "exact"})
    target = "25" if task != "word_sequence_reversal" else "plum pear"
    sample = Sample(id="x", request=GenerateRequest(prompt="?", chat=True), target=target)
    for dress in ("paragraphs", "lines", "bold", "of course", "german", "french", "spanish", "dash line"):
        output = ModelOutput(outcome=Outcome.OK, text=FRAMES[dress].format(target))
        assert read_score(scorer, sample, output).value == 1, dress


REFUSALS = (
    "I'm sorry, I can't help with that.",
    "I do not know.",
    "I don't know.",
    "None of the above",
    "Ich weiß es nicht.",
)


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_wrong(text: str) -> None:
    for name, target, choices in (("numeric", "25", ()), ("answer", "25", ()), ("letter", "1", CITIES)):
        assert value(name, target, text, choices) == 0


def test_an_apology_with_an_answer_is_read_by_its_answer() -> None:
    assert value("numeric", "25", "I'm sorry for the delay. The answer is 25.") == 1
    assert value("numeric", "25", "I don't know why, but it is 25.") == 1
    assert value("letter", "3", "D. None of the above", (*CITIES[:3], "None of the above")) == 1
    assert value("letter", "3", "None of the above", (*CITIES[:3], "None of these")) is None
    assert value("letter", "1", "I'm sorry, it is B.", CITIES) != 0


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("25", "Answer - 25", (1,)),
        ("25", "**Answer** – 25", (1,)),
        ("120", "2 hours (120 minutes).", (1, None)),
        ("120", "The answer is 2 hours (120 minutes).", (1, None)),
        ("2", "Step 1: read\nStep 2: done", (None, 0)),
        ("25", "Step 1: 5 * 5 = 25\nStep 2: done", (1, None)),
        ("1200", "1.200", (None,)),
    ],
)
def test_numbers_in_frames(target: str, text: str, expected: tuple[float | None, ...]) -> None:
    for name in ("numeric", "answer", "exact"):
        assert value(name, target, text) in expected, name


def test_in_a_german_sheet_a_point_before_three_digits_is_of_thousands() -> None:
    scorer = {"name": "answer", "german": True}
    for target, text, expected in (
        ("1200", "1.200", 1), ("1.200", "1200", 1), ("1200", "Es sind 1.200 Stück.", 1), ("1300", "1.200", 0),
        ("1.2", "1.200", None), ("Wien", "Wien", 1),
    ):  # fmt: skip
        assert value(scorer, target, text) == expected, (target, text)


FORMER = {
    each.partition("@")[0]: each for each in ("exact@5", "numeric@7", "letter@4", "answer@5", "relaxed@4", "anls@2")
}


def test_a_former_rule_reads_as_it_did() -> None:
    assert all(open_identifier(each).identifier == each for each in FORMER.values())
    assert former("exact", "25", FRAMES["paragraphs"].format("25")) == 0
    assert former("numeric", "25", "Answer - 25") == 0
    assert former("answer", "25", "I do not know.") is None
    assert former("letter", "1", "I do not know.", CITIES) is None
    assert former("relaxed", "25", FRAMES["paragraphs"].format("25")) == 0
    assert former("anls", json.dumps(["25"]), FRAMES["paragraphs"].format("25")) == 0


def former(name: str, target: str, text: str, choices: tuple[str, ...] = ()) -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target, choices=choices)
    return open_identifier(FORMER[name]).score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value


def value(spec: str | dict[str, object], target: str, text: str, choices: tuple[str, ...] = ()) -> float | None:
    scorer = open_scorer({"name": spec} if isinstance(spec, str) else spec)
    sample = Sample(id="x", request=GenerateRequest(prompt="?", chat=True), target=target, choices=choices)
    return read_score(scorer, sample, ModelOutput(outcome=Outcome.OK, text=text)).value


def test_the_only_line_that_is_no_sentence_is_bare() -> None:
    assert bare_line("Sure!\n\n25\n\nI hope this helps!") == ("25", True)
    assert bare_line("It may be this one.\n\n25") == ("25", False)
    assert bare_line("25\n26") == ("", False)
    assert bare_line("25") == ("", False)
