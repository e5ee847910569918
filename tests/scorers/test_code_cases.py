"""Programs and their cases: the scores of lcb_runner's own checker, hostile programs, and what ends a run.

The reference's scores are those of its copy in lighteval 0.13.0 (``codegen_metrics.run_test``), which was run on these
programs on 2026-11-27.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import code_cases, open_identifier
from steelyard.scorers.code_cases import CodeCases, code_in, same_output
from steelyard.scorers.halt import Halted
from testkit.lcb_problems import packed

ADD = [("1 2\n", "3\n"), ("5 7", "12")]
LINES = [("3\n1\n2\n3\n", "1\n4\n9")]
HALF = [("1", "0.5"), ("3", "1.50")]
SCALE = [("[1, 2]\n3", "[3, 6]"), ("[]\n2", "[]")]
TEXT = [('"ab"', '"ba"'), ('""', '""')]
WHOLE = "class Solution:\n    def f(self, *given):\n        {}"

# By name: cases, the function that is called, the program, and whether lcb_runner's checker passes it.
PROGRAMS: dict[str, tuple[list[tuple[str, str]], str, str, bool]] = {
    "reads lines": (ADD, "", "a, b = map(int, input().split())\nprint(a + b)", True),
    "reads all": (ADD, "", "import sys\nprint(sum(map(int, sys.stdin.read().split())))", True),
    "reads lines by readline": (ADD, "", "import sys\nprint(sum(map(int, sys.stdin.readline().split())))", True),
    "is a main block": (
        ADD,
        "",
        "def main():\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()",
        True,
    ),
    "ends itself": (ADD, "", "print(sum(map(int, input().split())))\nexit(0)", True),
    "ends itself with a status": (ADD, "", "import sys\nprint(sum(map(int, input().split())))\nsys.exit(1)", True),
    "knows one case": (ADD, "", "print(3)", False),
    "prints more": (ADD, "", "print('the sum is', sum(map(int, input().split())))", False),
    "prints an empty line more": (ADD, "", "print(sum(map(int, input().split())), '\\n\\n')", True),
    "prints a float": (ADD, "", "print(float(sum(map(int, input().split()))))", True),
    "prints a text for a number": (ADD, "", "print(hex(sum(map(int, input().split()))))", False),
    "raises": (ADD, "", "print(sum(map(int, input().split())))\n1 / 0", False),
    "is no Python": (ADD, "", "print(sum(map(int, input().split()))", False),
    "prints nothing": (ADD, "", "pass", False),
    "uses what lcb_runner imports": (ADD, "", "print(reduce(lambda a, b: a + b, map(int, input().split())))", True),
    "prints NaN": (HALF, "", "print('nan')", False),
    "prints halves": (HALF, "", "print(int(input()) / 2)", True),
    "prints an exponent": (HALF, "", "print(f'{int(input()) * 5}E-1')", True),
    "several lines": (LINES, "", "for _ in range(int(input())):\n    print(int(input()) ** 2, end=' \\n')", True),
    "one line of several": (LINES, "", "print(*[int(input()) ** 2 for _ in range(int(input()))])", False),
    "a list": (SCALE, "f", WHOLE.format("return [given[1] * one for one in given[0]]"), True),
    "a tuple for a list": (SCALE, "f", WHOLE.format("return tuple(given[1] * one for one in given[0])"), True),
    "a bare function": (SCALE, "f", "def f(nums, k):\n    return [k * one for one in nums]", True),
    "floats for whole numbers": (SCALE, "f", WHOLE.format("return [float(given[1] * one) for one in given[0]]"), True),
    "texts for numbers": (SCALE, "f", WHOLE.format("return [str(given[1] * one) for one in given[0]]"), False),
    "nothing": (SCALE, "f", WHOLE.format("pass"), False),
    "a function of another name": (SCALE, "f", "class Solution:\n    def g(self, nums, k):\n        return []", False),
    "raises in the call": (SCALE, "f", WHOLE.format("raise ValueError"), False),
    "prints and returns": (TEXT, "f", WHOLE.format("print('x')\n        return given[0][::-1]"), True),
    "a list of letters": (TEXT, "f", WHOLE.format("return list(given[0][::-1])"), False),
}
# lcb_runner fails these, since it moves a program into a function; here they are run as they are written.
KINDER = {
    "a global variable": "n = 0\ndef f(x):\n    global n\n    n += x\nfor x in input().split(): f(int(x))\nprint(n)",
    "bytes of the input": "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))",
    "a future import": "from __future__ import annotations\nprint(sum(map(int, input().split())))",
}


@pytest.fixture(autouse=True)
def _needs_a_sandbox() -> None:
    if reason := CodeCases().unavailable_reason():
        pytest.skip(reason)


def sample_of(cases: list[tuple[str, str]], name: str = "", hidden: str | None = None) -> Sample:
    stated = [{"input": one, "output": two, "testtype": "functional" if name else "stdin"} for one, two in cases]
    columns = [json.dumps(stated[:1]), packed(json.dumps(stated[1:])) if hidden is None else hidden]
    tests = json.dumps(columns).encode()
    return Sample(
        id="lcb/1",
        request=GenerateRequest(prompt="?"),
        target=json.dumps({"func_name": name} if name else {}),
        tests_sha256=sha256(tests).hexdigest(),
        tests=tests,
    )


def scored(code: str, sample: Sample) -> Score:
    return CodeCases().score(sample, ModelOutput(outcome=Outcome.OK, text=f"Here it is:\n```python\n{code}\n```\n"))


def test_programs_get_the_scores_of_lcb_runner() -> None:
    assert len(PROGRAMS) >= 20

    def passes(name: str) -> bool:
        cases, called, code, _ = PROGRAMS[name]
        return scored(code, sample_of(cases, called)).value == 1.0

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(PROGRAMS, pool.map(passes, PROGRAMS), strict=True))
    assert found == {name: expected for name, (*_, expected) in PROGRAMS.items()}


@pytest.mark.parametrize("code", KINDER.values(), ids=list(KINDER))
def test_what_lcb_runner_fails_by_its_own_way_of_running(code: str) -> None:
    assert scored(code, sample_of(ADD)) == Score(value=1.0, note="2 cases")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\na\n```\nor better:\n```\nb\n```", "b"),
        ("```python\na\n```\nand then ```", "and then ```"[:0]),
        ("a ```python\nb\nc``` d", "b"),
        ("```\nnever closed", ""),
        ("no code", ""),
        ("", ""),
    ],
)
def test_the_code_is_what_lcb_runner_extracts(text: str, code: str) -> None:
    assert code_in(text) == code


def test_an_answer_without_code_is_unparsed() -> None:
    for text in ("I cannot.", "```python\n```", "```python\n   \n```"):
        assert CodeCases().score(sample_of(ADD), ModelOutput(outcome=Outcome.OK, text=text)) == Score(
            value=0.0, parsed=False, note="no code"
        )


SUM = "print(sum(map(int, input().split())))"
EXAMPLE = "\n**Example output:**\n```\n3\n```\n"
BLOCK = "```python\n{}\n```\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (BLOCK.format(SUM), 1.0),
        (BLOCK.format(SUM) + EXAMPLE, None),  # NeMo-Skills reads the first Python block
        (BLOCK.format(SUM) + BLOCK.format("print(3)"), None),
        (BLOCK.format(SUM) + "Here ```x``` is the input.\n", None),
        (BLOCK.format("print(4)") + BLOCK.format(SUM) + EXAMPLE, None),  # others read the last Python block
        (BLOCK.format("print(4)") + "Better:\n" + BLOCK.format(SUM), 1.0),
        (f"```\n{SUM}\n```{EXAMPLE}", None),
        (f"```Python3\n{SUM}\n```{EXAMPLE}", None),
        (f"```python\n{SUM}\n", None),  # never closed
        (SUM, None),
        (BLOCK.format(f"import numpy\n{SUM}") + EXAMPLE, None),
        (BLOCK.format("print(4)") + EXAMPLE, 0.0),
        (BLOCK.format("print(4)") + BLOCK.format("print(5)") + EXAMPLE, 0.0),
        (EXAMPLE, 0.0),
        ("The sum is printed: 3 and 12.", 0.0),
        # No harness is known that reads a block in the middle.
        (BLOCK.format("print(4)") + BLOCK.format(SUM) + BLOCK.format("print(5)"), 0.0),
    ],
)
def test_a_further_block_makes_right_code_open_and_wrong_code_stays_wrong(text: str, value: float | None) -> None:
    assert CodeCases().score(sample_of(ADD), ModelOutput(outcome=Outcome.OK, text=text)).value == value


def test_each_block_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run = CodeCases._of_program

    def counted(self: CodeCases, code: str, *rest: Any) -> Score:
        ran.append(code.strip())
        return run(self, code, *rest)

    monkeypatch.setattr(CodeCases, "_of_program", counted)
    text = BLOCK.format("print(4)") * 5 + BLOCK.format("print(5)") + EXAMPLE
    found = CodeCases().score(sample_of(ADD), ModelOutput(outcome=Outcome.OK, text=text))
    assert (found, ran) == (Score(value=0.0, note="case 1 of 2: wrong"), ["3", "print(4)", "print(5)"])


def test_a_function_behind_an_example_is_open_and_says_which_block_passed() -> None:
    code = WHOLE.format("return [given[1] * one for one in given[0]]")
    text = BLOCK.format(code) + BLOCK.format("print(Solution().f([1], 2))")
    found = CodeCases().score(sample_of(SCALE, "f"), ModelOutput(outcome=Outcome.OK, text=text))
    assert (found.value, found.note.partition("; ")[2]) == (None, "its first Python block: 2 cases")


CHEATS = {
    "equals everything": ("f", WHOLE.format("return A()") + "\nclass A:\n    def __eq__(self, other): return True"),
    "ends its process in the call": ("f", WHOLE.format("import os; os._exit(0)")),
    "writes to every descriptor": (
        "f",
        "import os\nfor n in range(3, 64):\n    try: os.write(n, b'started\\npassed\\n')\n    except OSError: pass\n"
        + WHOLE.format("return 0"),
    ),
    "looks for the expected output": ("", "import os\nprint(open('/solution.py').read(), os.listdir('/'))"),
    "floods": ("", "while True: print('3' * 10_000)"),
    "takes all memory": ("", "x = bytearray(3 << 30)\nprint(3)"),
    "forks": ("", "import os\nwhile True: os.fork()"),
}


@pytest.mark.parametrize("name", list(CHEATS))
def test_a_program_cannot_score_itself(name: str) -> None:
    called, code = CHEATS[name]
    expected = None if name == "takes all memory" else 0.0
    assert scored(code, sample_of(SCALE if called else ADD, called)).value == expected


@pytest.mark.parametrize("called", ["", pytest.param("f", marks=pytest.mark.slow)])
def test_a_case_that_takes_too_long_is_failed(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_cases.SECONDS == 12
    monkeypatch.setattr(code_cases, "SECONDS", 1)
    code = WHOLE.format("while True: pass") if called else "while True: pass"
    found = scored(code, sample_of(SCALE if called else ADD, called))
    assert (found.value, found.note.rpartition(": ")[2]) == (0.0, "timeout")


@pytest.mark.parametrize(
    ("called", "code"),
    [
        ("", "import numpy as np\nprint(np.sum([1, 2]))"),
        ("f", f"import numpy.linalg\n{WHOLE.format('return []')}"),
        ("", "from sortedcontainers import SortedList\nprint(3)"),
        ("f", f"from sortedcontainers import SortedList\n{WHOLE.format('return []')}"),
    ],
)
def test_what_lacks_a_package_that_another_machine_may_have_is_open(called: str, code: str) -> None:
    found = scored(code, sample_of(SCALE if called else ADD, called))
    assert found.value is None
    assert found.note.endswith(("the sandbox has no numpy", "the sandbox has no sortedcontainers"))


def test_what_says_so_and_imports_nothing_is_wrong() -> None:
    code = "print('No module named numpy')\nraise ModuleNotFoundError(\"No module named 'numpy'\")"
    assert scored(code, sample_of(ADD)).value == 0.0


DEEP = "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n"


@pytest.mark.parametrize("called", ["", "f"])
def test_a_recursion_that_ends_at_a_limit_of_this_python_is_open(called: str) -> None:
    code = WHOLE.format(f"g(60_000)\n\n{DEEP.replace('f(', 'g(')}") if called else f"{DEEP}print(f(60_000))"
    found = scored(code, sample_of(SCALE if called else ADD, called))
    assert (found.value, found.note.rpartition(": ")[2]) == (None, "recurses too deeply here")


def test_a_fallback_for_a_missing_package_runs() -> None:
    code = "try:\n    import numpy\nexcept ImportError:\n    pass\nprint(sum(map(int, input().split())))"
    assert scored(code, sample_of(ADD)).value == 1.0


def test_a_case_of_a_megabyte_is_run() -> None:
    numbers = list(range(200_000))
    cases = [(json.dumps(numbers), json.dumps(len(numbers)))] * 2
    assert scored(WHOLE.format("return len(given[0])"), sample_of(cases, "f")) == Score(value=1.0, note="2 cases")


def test_what_waits_has_not_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_cases, "SECONDS", 1)  # of processor time: the machine may be busy
    code = "import time\ntime.sleep(2.5)\nprint(sum(map(int, input().split())))"
    assert scored(code, sample_of(ADD[:1])).value == 1.0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tests": b""}, "not here"),
        ({"tests": b'["[]", "[]"]'}, "not here, or not those"),
        ({"target": '{"func_name": "a b"}'}, "names no function"),
        ({"target": '{"func_name": 3}'}, "not what scorer"),
        ({"target": "["}, "not what scorer"),
    ],
)
def test_a_sample_that_cannot_be_scored_is_an_error(change: dict[str, Any], why: str) -> None:
    import msgspec

    with pytest.raises(InputError, match=f"lcb/1: .*{why}"):
        scored("pass", msgspec.structs.replace(sample_of(ADD), **change))


@pytest.mark.parametrize("hidden", ["[]", "[{}]", "nothing", '[{"input": 3, "output": ""}]'])
def test_tests_that_are_none_are_an_error(hidden: str) -> None:
    sample = sample_of([], "", hidden)
    with pytest.raises(InputError, match="lcb/1: "):
        scored("pass", sample)


def test_cases_that_are_no_json_score_nobody() -> None:
    with pytest.raises(InputError, match="cannot be examined"):
        scored(WHOLE.format("return 0"), sample_of([("not json", "0"), ("1", "1")], "f"))


def test_after_a_stop_nothing_is_scored() -> None:
    scorer = CodeCases()
    scorer.stop()
    for called in ("", "f"):
        with pytest.raises(Halted):
            scorer.score(
                sample_of(ADD if not called else SCALE, called), ModelOutput(outcome=Outcome.OK, text="```\n1\n```")
            )


def test_it_is_reopened_by_its_identifier() -> None:
    assert open_identifier("code_cases@3") == CodeCases()


@settings(max_examples=50)
@given(st.text(), st.text())
def test_outputs_are_compared_whatever_they_hold(one: str, other: str) -> None:
    assert same_output(one, other) is same_output(other, one)
    assert same_output(one, f"\n {one} \n")


@pytest.mark.parametrize("hostile", ["sNaN", "1e9999999999", "9" * 100_000, "1E+999999999", "Infinity 1", "1_0 ,"])
def test_hostile_numbers_are_compared(hostile: str) -> None:
    assert not same_output(hostile, "1 2")
