"""Answers whose code is found by one reader and not by another; what an answer imports that the sandbox lacks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers.code import Code
from steelyard.scorers.code_readings import SecondReading, absent_module, other_blocks, second_reading
from steelyard.scorers.halt import Halt

PROMPT = 'from typing import List\n\ndef f(xs: List[int]) -> int:\n    """Their sum."""\n'
BODY = "    total = 0\n    for x in xs:\n        total += x\n    return total\n"
RIGHT, WRONG = PROMPT + BODY, f"{PROMPT}    return 0\n"
TARGET = json.dumps({"prompt": PROMPT, "names": ["f"], "tests": ["assert f([1, 2]) == 3"]})
# The forms of a peer review in which EvalPlus (0.3.1) or another harness finds the code.
FORMS = {
    "prose around": "Here is the function:\n\n{}\nThis works because of the loop.",
    "prose before": "Here is the function:\n\n{}",
    "its signature first": f"The signature is:\n```python\n{PROMPT}```\nNow the whole:\n```python\n{{}}```",
    "tags": "<code>\n{}</code>",
    "an exit": "```python\n{}\nimport sys\nsys.exit(0)\n```",
    "an unused package": "```python\nimport numpy as np\n{}```",
    "input": "```python\n{}\nanswer = input()\n```",
}


@pytest.fixture(autouse=True)
def runs() -> None:
    """Skip where no code can be run."""
    if reason := Code().unavailable_reason():
        pytest.skip(reason)


def scored(text: str, form: str = "program") -> Score:
    sample = Sample(id="task/0", request=GenerateRequest(prompt=PROMPT), target=TARGET)
    scorer = Code("program" if form == "program" else "completion")
    return scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_right_code_that_another_reader_finds_is_open(form: str) -> None:
    assert scored(form.format(RIGHT)).value is None


@pytest.mark.parametrize("form", [form for name, form in FORMS.items() if "package" not in name])
def test_wrong_code_is_wrong_in_every_form(form: str) -> None:
    assert scored(form.format(WRONG)).value == 0.0


def test_a_corrected_answer_is_open_where_evalplus_takes_the_correction() -> None:
    assert scored(f"```python\n{WRONG}```\nThat is wrong. Corrected:\n```python\n{RIGHT}```").value is None
    assert scored(f"```python\n{WRONG}```\nThat is wrong. Corrected:\n```python\n{WRONG}    # so\n```").value == 0.0


def test_a_right_block_and_a_longer_wrong_one_are_open() -> None:
    longer = WRONG.replace("    return 0", "    x = 1\n    y = 2\n    z = 3\n    u = 4\n    return 0")
    said = scored(f"```python\n{RIGHT}```\nNot so:\n```python\n{longer}```")
    assert said == Score(value=None, note="passed; as EvalPlus reads it: failed: wrong")


def test_a_short_correction_behind_a_longer_wrong_block_is_open() -> None:
    longer = WRONG.replace("    return 0", "    x = 1\n    y = 2\n    z = 3\n    u = 4\n    return 0")
    short = "def f(xs):\n    return sum(xs)\n"
    said = scored(f"```python\n{longer}```\nShorter, and right:\n```python\n{short}```")
    assert said == Score(value=None, note="failed: wrong; its last block: passed")
    assert scored(f"```python\n{longer}```\nSo:\n```python\n{short}```\n```python\nf([1])\n```").value is None
    wrong = scored(f"```python\n{longer}```\nShorter:\n```python\ndef f(xs):\n    return 1\n```")
    assert wrong == Score(value=0.0, note="failed: wrong")


def test_a_body_alone_is_open() -> None:
    for text in (BODY, f"```python\n{BODY}```", f"Sure:\n```\n{BODY}```"):
        assert scored(text) == Score(value=None, note="no code; as the rest of the prompt: passed")
    assert scored("    return 0\n") == Score(value=0.0, parsed=False, note="no code")


def test_a_foreign_package_is_open_and_a_name_that_is_missing_is_wrong() -> None:
    assert scored(f"```python\nimport numpy as np\n{WRONG}```") == Score(value=None, note="the sandbox has no numpy")
    assert scored("    import numpy as np\n    return int(np.sum(xs))", "completion").value is None
    assert scored(f"```python\n{PROMPT}    return np.sum(xs)\n```").note == "failed: NameError"
    assert scored(f"```python\n{PROMPT}    raise ModuleNotFoundError\n```").note == "failed: ModuleNotFoundError"


def test_a_right_answer_whose_usage_is_longer_is_right() -> None:
    usage = "\n".join(f"print(f([{number}]))" for number in range(30))
    assert scored(f"```python\n{RIGHT}```\nUsage:\n```python\n{usage}\n```").value == 1.0


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import os, numpy as np", "numpy"), ("import os.path\nfrom math import *", ""),
        ("from scipy.stats import t", "scipy"),
        ("  import  pandas", "pandas"), ("from . import x", ""), ("# import numpy", ""), ("x = 'import'", ""),
        ("from __future__ import annotations", ""),
    ],
)  # fmt: skip
def test_a_module_that_is_none_of_pythons_own(code: str, module: str) -> None:
    assert absent_module(code) == module


@given(st.text(st.sampled_from("import from.,\n \tabc*")))
def test_any_code_may_be_asked_for_its_modules(code: str) -> None:
    assert len(absent_module(code)) <= 40


def test_a_text_of_any_characters_is_read_in_the_sandbox() -> None:
    nothing = SecondReading(whole=True)
    for text in ("\ud800 x", "\0", "é" * 1000, ""):
        assert second_reading(text, ("f",), None, "", Halt()) == nothing
    assert not second_reading("x\n" * 6000, ("f",), None, "", Halt()).whole
    assert second_reading(RIGHT, ("f",), RIGHT, "", Halt()).same


@pytest.mark.parametrize(
    ("text", "read", "blocks"),
    [
        ("```python\na\n```\n```py\nb\n```\n```python\nc\n```", "c", ["a\n"]),
        ("```python\na\n```\n```\n3\n```", "3", ["a\n"]),
        ("```\na\n```\n```text\nb\n```", "b", ["a\n"]),
        ("```python\na\n```\n```python\na\n```", "x", ["a\n"]),
        ("```python\na", "", ["a"]),
        ("a", "", ["a"]),
        ("```python\n \n```", "", []),
        ("", "", []),
    ],
)
def test_the_first_and_the_last_block_beside_what_was_read(text: str, read: str, blocks: list[str]) -> None:
    assert [block for _, block in other_blocks(text, read)] == blocks


@given(st.text(st.sampled_from("`py\n x"), max_size=60), st.text(max_size=3))
def test_any_text_has_two_other_blocks_at_most(text: str, read: str) -> None:
    found = other_blocks(text, read)
    assert len(found) <= 2
    assert all(block.strip() and block.strip() != read.strip() for _, block in found)
