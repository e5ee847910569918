"""HumanEval+ on made-up problems in the form in which EvalPlus publishes them, beside its tests run with numpy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task
from steelyard.tasks.task import Samples

# As EvalPlus's script writes them (tools/humaneval/to_original_fmt.py), in an earlier and a later form.
AUXILIARY = """import numpy as np

def is_floats(x) -> bool:
    if isinstance(x, float):
        return True
    if isinstance(x, (list, tuple)):
        return all(isinstance(i, float) for i in x)
    if isinstance(x, np.ndarray):
        return x.dtype == np.float64 or x.dtype == np.float32
    return False

def assertion(out, exp, atol):
    exact_match = out == exp

    if atol == 0 and is_floats(exp):
        atol = 1e-6
    if not exact_match and atol != 0:
        {close}
    else:
        assert exact_match
"""
CLOSE = ("assert np.allclose(out, exp, rtol=1e-07, atol=atol)", "np.testing.assert_allclose(out, exp, atol=atol)")
CHECK = """
{auxiliary}

def check(candidate):
    inputs = {inputs}
    results = {results}
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, {atol})
"""


def scaled(number: int) -> Callable[[list[Any]], Any]:
    """What the n-th problem asks for: numbers times n, whole or over 3, and every fourth their sum alone."""

    def answer(numbers: list[Any]) -> Any:
        found = [number * each / 3 if number % 2 else number * each for each in numbers]
        return sum(found) if number % 4 == 3 else found

    return answer


def code(number: int, more: str = "") -> str:
    each = f"{number} * each / 3" if number % 2 else f"{number} * each"
    found = f"[{each}{more} for each in numbers]"
    return f"def scaled{number}(numbers):\n    return {f'sum({found})' if number % 4 == 3 else found}\n"


def row(number: int) -> dict[str, Any]:
    inputs: list[list[Any]] = [[[1, 2, 3]], [[]], [[number, 7]], [[0.5, 1e6]]]
    check = CHECK.format(
        auxiliary=AUXILIARY.format(close=CLOSE[number % 3 == 0]),
        inputs=inputs,
        results=[scaled(number)(each[0]) for each in inputs],
        atol=0,
    )
    prompt = f'\n\ndef scaled{number}(numbers):\n    """ Scale by {number}. {{{{ not a template }}}} """\n'
    return {
        "task_id": f"HumanEval/{number}", "prompt": prompt, "canonical_solution": "    pass\n",
        "entry_point": f"scaled{number}", "test": check,
    }  # fmt: skip


NUMBERS = range(1, 13)  # each remainder by 2, by 3 and by 4 with each other
ANSWERS: dict[str, Callable[[int], str]] = {
    "right": code,
    "off by less than a millionth": lambda number: code(number, " + 1e-8" if number % 2 else ""),
    "off by more": lambda number: code(number, " + 1e-3"),
    "nothing": lambda number: f"def scaled{number}(numbers):\n    return None\n",
    "longer": lambda number: code(number).replace("numbers]", "[*numbers, 1]]"),
}


def of_rows(root: Path, rows: list[dict[str, Any]]) -> Samples:
    file = root / "evalplus/humanevalplus/default/test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    return load_task("humaneval+").prepare("chat", root)


def score(samples: Samples, place: int, program: str) -> float | None:
    scorer = open_scorer(load_task("humaneval_plus").scorer_for("chat"))
    if reason := getattr(scorer, "unavailable_reason", str)():
        pytest.skip(reason)
    return scorer.score(samples[place], ModelOutput(outcome=Outcome.OK, text=f"```python\n{program}```")).value


def evalplus_passes(each: dict[str, Any], program: str) -> bool:
    """Its test, run as it is, with numpy."""
    space: dict[str, Any] = {}
    exec(program, space)
    try:
        exec(each["test"] + f"\ncheck({each['entry_point']})", space)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("kind", ANSWERS)
def test_answers_pass_where_they_pass_there(tmp_path: Path, kind: str) -> None:
    rows = [row(number) for number in NUMBERS]
    samples = of_rows(tmp_path, rows)
    passed = {}
    for place, (number, each) in enumerate(zip(NUMBERS, rows, strict=True)):
        program = ANSWERS[kind](number)
        theirs = evalplus_passes(each, program)
        passed[number] = score(samples, place, program)
        assert passed[number] == theirs, (number, program)
    assert set(passed.values()) == ({1.0} if kind in ("right", "off by less than a millionth") else {0.0})


def test_the_message_is_evalplus_without_its_beginning_of_the_reply(tmp_path: Path) -> None:
    rows = [row(number) for number in NUMBERS]
    for sample, each in zip(of_rows(tmp_path, rows), rows, strict=True):
        assert isinstance(sample.request, GenerateRequest)
        assert sample.request.prompt == (
            "Please provide a self-contained Python script that solves the following problem in a markdown code block:"
            f"\n```\n{each['prompt'].strip()}\n```\n"
        )


def test_tests_that_no_answer_could_pass_are_asked_as_the_evaluator_has_them(tmp_path: Path) -> None:
    zero = row(1) | {
        "entry_point": "find_zero",
        "prompt": 'def find_zero(xs):\n    """ A root. """\n',
        "test": "import math\n\ndef _poly(xs, x):\n    return sum(c * math.pow(x, i) for i, c in enumerate(xs))\n\n\n"
        "def check(candidate):\n    inputs = [[[1, 2]], [[-6, 11, -6, 1]]]\n    results = [-0.5, 1.0]\n"
        "    for i, (inp, exp) in enumerate(zip(inputs, results)):\n"
        "        assert _poly(*candidate(*inp), inp) <= 0.0001\n",
    }
    crossed = row(2) | {
        "entry_point": "tri",
        "prompt": 'def tri(n):\n    """ Thrice. """\n',
        "test": AUXILIARY.format(close=CLOSE[1]) + "\ndef ref_func(n):\n    return n * 3\n\ndef check(candidate):\n"
        "    inputs = [[1], [5]]\n    for i, (inp, exp) in enumerate(zip(inputs, results)):\n"
        "        assertion(candidate(*inp), ref_func(*inp), 0)\n",
    }
    samples = of_rows(tmp_path, [zero, crossed])
    assert score(samples, 0, "def find_zero(xs):\n    return -0.5 if len(xs) == 2 else 1.0\n") == 1
    assert score(samples, 0, "def find_zero(xs):\n    return 5.0\n") == 0
    assert score(samples, 1, "def tri(n):\n    return 3 * n\n") == 1
    assert score(samples, 1, "def tri(n):\n    return n\n") == 0
