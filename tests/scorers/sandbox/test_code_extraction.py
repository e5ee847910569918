"""The code that EvalPlus would find: as its ``sanitize`` (0.3.1) does, on answers that are made up."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.sandbox.inside import code_extraction
from steelyard.scorers.sandbox.inside.code_extraction import Parser, TooLong, extracted, longest_code, read

# Answers, the name that is asked for, and what evalplus.sanitize (0.3.1, tree-sitter-python 0.23) makes of them.
BY_EVALPLUS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "code_by_evalplus.json").read_text(encoding="utf-8")
)
SOLUTION = "def f(x):\n    return x * x\n"


def found(text: str, name: str = "f") -> str:
    parser = Parser()
    code = longest_code(text, parser)
    tree = parser.parsed(code)
    return code if tree is None else extracted(code, tree, [name])


def shown(code: str) -> str:
    """The program, whatever its spaces; the text where it is none."""
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return code.strip()


@pytest.mark.parametrize("case", BY_EVALPLUS, ids=lambda case: case["kind"])
def test_it_finds_what_evalplus_finds(case: dict[str, Any]) -> None:
    assert len(BY_EVALPLUS) >= 40
    assert shown(found(case["text"], case["name"])) == shown(case["theirs"])


def test_what_is_read_beside_the_first_block() -> None:
    said = {"code": SOLUTION.strip(), "same": True, "continues": False, "whole": True}
    assert read(f"Like so:\n```python\n{SOLUTION}```", ["f"], SOLUTION, "") == said
    assert read(f"Like so:\n\n{SOLUTION}\nIt squares.", ["f"], None, "") == said | {"same": False}
    # What runs beside the definitions may matter: then both are run.
    assert read(f"{SOLUTION}exit()\n", ["f"], f"{SOLUTION}exit()\n", "") == said | {"same": False}
    assert read(f"{SOLUTION}K = open(1)\n", ["f"], f"{SOLUTION}K = open(1)\n", "")["same"] is False


def test_the_rest_of_a_prompt_is_an_answer_where_nothing_else_is() -> None:
    prompt = 'def f(x):\n    """Square it."""\n'
    for text in (
        "    return x * x",
        "return x * x",
        "```python\n    return x * x\n```",
        "Sure:\n```\nreturn x * x\n```",
    ):
        said = read(text, ["f"], None, prompt)
        assert (said["code"], said["continues"]) == ("    return x * x\n", True)
    for text in ("I cannot do that.", "", "```\n```"):
        assert read(text, ["f"], None, prompt) == {"code": None, "same": False, "continues": False, "whole": True}
    assert read("    return x * x", ["f"], None, "")["code"] is None


@given(st.text(st.sampled_from("`~ \nabdef()=:x'\"\\#,") | st.characters(), max_size=120))
@settings(max_examples=200)
def test_any_text_is_read(text: str) -> None:
    said = read(text, ["f"], None, "def f():\n")
    assert said["whole"]
    assert said["code"] is None or isinstance(said["code"], str)


HOSTILE = [
    "(\n",
    "'\n",
    '"""\n',
    "x = (\n",
    "[" * 3000,
    "-" * 100_000,
    "\0",
    "def f(\n",
    "\\\n",
    "if x:\n",
    "f'{",
    "@\n",
]


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_a_hostile_text_takes_a_bounded_number_of_parses(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_extraction, "MAX_PARSED", 300_000)
    parser = Parser()
    try:
        longest_code((piece * 4000)[:20_000], parser)
    except TooLong:
        assert min(parser.calls, parser.characters) < 0
    assert parser.characters > -200_000  # one text more than the limit


def test_what_is_given_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_extraction, "MAX_PARSES", 10)
    assert read("a b\n" * 50, ["f"], None, "") == {"code": None, "same": False, "continues": False, "whole": False}
    assert read("x\n" * 6000, ["f"], None, "")["whole"] is False
