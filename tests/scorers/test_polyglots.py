"""No text is right for two answers: what a vendor could serve that does not know which one is asked for."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from steelyard.cli import execute
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer
from testkit.fixtures import SumsServer

KINDS = (
    ("yes", "no", "maybe"),
    ("True", "False"),
    ("positive", "negative", "neutral"),
    ("valid", "invalid"),
    ("entailment", "not entailment", "neutral"),
    ("Paris", "Berlin", "New York"),
    ("A", "B", "C"),
    ("(A)", "(B)", "(C)"),
    ("billing", "sales", "Refund"),
    ("7", "12", "-3", "1.5", "3/4", "1,234", "$18", "1e3"),
    ("six", "seven", "8"),
    ("2024-01-02", "March 4, 2021", "05.06.2020"),
    ("9:30", "10:45", "1:30 pm"),
    ("red, blue", "green, red", "blue, green, red"),
    ("the left one", "the right one of the two here", "a thing"),
)
# One after another, marked, stated, listed, contrasted, in a table, in other languages, with zero-width characters.
PARTS = (
    "{a} is {b}", "{b} was {a}", "{a} is the {b}", "The answer: {a} is {b}", "It is {a}: {b}", "{a}: {b} is {a}",
    "{a} is {b} is {a}", "{a} {b}", "{a}, {b}", "{a} ({b})", "{a} (**{b}**)", "**{a}** {b}", "**{a}** `{b}`",
    "\\boxed{{{a}}} \\boxed{{{b}}}", "\\boxed{{{a}, {b}}}", "#### {a}\n#### {b}", "<answer>{a}</answer> {b}",
    "<answer>{a}</answer>:\n```\n{b}\n```", "{a}:\n```\n{b}\n```", '{{"answer": "{a}", "label": "{b}"}}',
    '{{"answer": ["{a}", "{b}"]}}', "| {a} | {b} |", "| a | b |\n|---|---|\n| {a} | {b} |", "- {a}\n- {b}",
    "1. {a}\n2. {b}", "{a}, not {b}", "{a}, not {b}, not {a}", "not {a} but {b}", "{a} is not {b}",
    "{a} ist {b}", "{a} est {b}", "{a} es {b}", "答えは{a}は{b}です", "答案是{a}是{b}", "{a}\u200b is \u200b{b}",
    "Sure! {a}. {b}.", "{a}! {b}!", "{a}? {b}!", "{a}.\n{b}.", "The answer is {a}. The answer is {b}.",
    "The answer is {a} (i.e. {b}).", "The answer is {a} because {b}", "Das Ticket gehört zu {a}. {b}",
    "Kategorie {a} ist {b}", "It is {a} {b}, which", "{a} is correct, {b} is correct", "{a} = {b} = {a}", "{a} → {b}",
    "so not {a}, and not {b}.", "In {a}. It is {b}.", "By {a} is {b}", "Answer: {a}\n\n{b}", "{a}\n\n{b}",
)  # fmt: skip
JOINTS = ("", " ", "\n", "\n\n", ". ", ", ", ": ", " and ", "; ")
ALIKE = ({"7", "seven"},)


def value(scorer: str, target: str, text: str) -> float | None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return open_scorer({"name": scorer}).score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value


def right_for(scorer: str, kind: tuple[str, ...], text: str) -> list[str]:
    return [each for each in kind if value(scorer, each, text) == 1]


@pytest.mark.parametrize("scorer", ["answer", "exact"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_no_part_is_right_for_two(scorer: str, kind: tuple[str, ...]) -> None:
    for part, (a, b) in itertools.product(PARTS, itertools.permutations(kind[:3], 2)):
        text = part.format(a=a, b=b)
        assert len(right_for(scorer, kind, text)) <= 1, text


@settings(max_examples=400)
@given(st.sampled_from(["answer", "exact"]), st.sampled_from(KINDS), st.data())
def test_no_text_of_several_parts_is_right_for_two(scorer: str, kind: tuple[str, ...], data: st.DataObject) -> None:
    label = st.sampled_from(kind)
    parts = [
        data.draw(st.sampled_from(PARTS)).format(a=data.draw(label), b=data.draw(label))
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    text = data.draw(st.sampled_from(JOINTS)).join(parts)
    assume(not re.search(r"[0-9][a-z]", text))  # "not 8six, not 8": a known case, in docs/design/open.md
    assert len(right_for(scorer, kind, text)) <= 1, text


@settings(max_examples=200)
@given(
    st.lists(st.one_of(st.integers(-20, 20), st.sampled_from(["1.5", "3/4", "1,234", "six"])), min_size=2), st.data()
)
def test_no_text_is_right_for_two_numbers(numbers: list[int | str], data: st.DataObject) -> None:
    a, b = str(numbers[0]), str(numbers[1])
    text = "\n".join(data.draw(st.sampled_from(PARTS)).format(a=a, b=b) for _ in range(2))
    if a != b:
        assert len(right_for("numeric", (a, b) if "six" not in (a, b) else ("7",), text)) <= 1, text


WORDS = st.sampled_from(
    "yes no is was the a of it answer : . , not ( ) ** ` = by in which that \n The It and".split(" ")  # noqa: SIM905
)


@settings(max_examples=400)
@given(st.sampled_from(["answer", "exact"]), st.lists(WORDS, min_size=2, max_size=9))
def test_no_order_of_words_is_right_for_yes_and_for_no(scorer: str, words: list[str]) -> None:
    text = " ".join(words)
    assert len(right_for(scorer, ("yes", "no"), text)) <= 1
    cities = text.replace("yes", "Paris").replace("no ", "Rome ")
    assert len(right_for(scorer, ("Paris", "Rome"), cities)) <= 1


@pytest.mark.parametrize("scorer", ["option", "letter"])
@pytest.mark.parametrize("part", PARTS)
def test_of_choices_at_most_one_is_right(scorer: str, part: str) -> None:
    choices = ("positive", "negative", "neutral")
    for a, b in itertools.permutations(("A", "B") if scorer == "letter" else choices, 2):
        output = ModelOutput(outcome=Outcome.OK, text=part.format(a=a, b=b))
        samples = [
            Sample(id="x", request=GenerateRequest(prompt="?"), target=str(number), choices=choices)
            for number in range(3)
        ]
        scores = [open_scorer({"name": scorer}).score(each, output).value for each in samples]
        assert scores.count(1) <= 1, output.text


class SameAnswerServer(SumsServer):
    """An endpoint that says the same to every question."""

    text = "The answer: yes is no"

    async def _chat(self, request: web.Request) -> web.Response:
        await request.text()
        choice = {"index": 0, "message": {"role": "assistant", "content": self.text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})


def test_an_endpoint_that_says_yes_is_no_is_not_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = random.Random(5)
    rows = [{"question": f"Is {number} lucky?", "answer": drawn.choice(("yes", "no"))} for number in range(900)]
    Path("lucky.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("claims.yaml").write_text("model: m\nclaims:\n  - {task: lucky, value: 99, protocol: {decoding: greedy}}\n")
    with SameAnswerServer() as server:
        model = f"openai:sums@{server.url}"
        ended = execute(["audit", "claims.yaml", "--task", "lucky.jsonl", "--model", model, "--out", "r"])
        assert execute(["run", "lucky.jsonl", "--model", model, "--out", "o"]) == 3
    report = json.loads(Path("r/report.json").read_text())
    assert report["claims"][0]["verdict"] != "consistent"
    assert ended in (1, 3)
    (measured,) = json.loads(Path("o/report.json").read_text())["measurements"]
    assert (measured["right"], measured["open"]) == (0, 900)
