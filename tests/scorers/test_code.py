"""The scorer that runs code: what it takes for the code of an answer, and how it scores."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.plugins import ExecutingScorer
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.code import Code, _first_code, blocks_in, indented_blocks_in
from steelyard.scorers.halt import Halted
from steelyard.scorers.sandbox import box
from steelyard.scorers.sandbox.limits import SandboxError, SandboxLimits

PROMPT = 'import math\n\ndef helper(x):\n    return x + 1\n\ndef f(x):\n    """Square it."""\n'
TARGET = json.dumps({"prompt": PROMPT, "names": ["f"], "tests": ["def check(c):\n    assert c(3) == 9", "check(f)"]})
RIGHT = "import math\r\ndef aid(x): return x\r\ndef f(x): return aid(x) ** 2"
REFERENCE = json.dumps({"reference": RIGHT, "tests": ["assert math.isclose(f(3), 9)"]})


@pytest.fixture
def runs() -> None:
    """Skip where no code can be run."""
    if reason := Code().unavailable_reason():
        pytest.skip(reason)


def scored(text: str, form: str = "completion", target: str = TARGET) -> Score:
    stop = ("\ndef", "\nprint") if form == "completion" else ("[DONE]",)
    sample = Sample(id="task/0", request=GenerateRequest(prompt=PROMPT, stop=stop), target=target)
    return open_scorer({"name": "code", "form": form}).score(sample, ModelOutput(outcome=Outcome.OK, text=text))


@pytest.mark.parametrize(
    ("options", "identifier"),
    [({}, "code[completion]@6"), ({"form": "program"}, "code[program]@6"),
     ({"form": "program", "timeout": 30}, "code[program,timeout=30]@6")],
)  # fmt: skip
def test_identifiers(options: dict[str, object], identifier: str) -> None:
    scorer = open_scorer({"name": "code", **options})
    assert scorer.identifier == identifier
    assert open_identifier(identifier) == scorer
    assert isinstance(scorer, ExecutingScorer)
    assert scorer.executes


@pytest.mark.parametrize(
    "options", [{"form": "other"}, {"timeout": 0}, {"timeout": 601}, {"timeout": 1.5}, {"timeout": True}]
)
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="scorer 'code'"):
        open_scorer({"name": "code", **options})
    for identifier in ("code[other]@6", "code[program,timeout=0]@6", "code[program,timeout=999]@6", "code@4"):
        with pytest.raises(InputError):
            open_identifier(identifier)


@pytest.mark.usefixtures("runs")
class TestCompletion:
    def test_goes_on_with_the_prompt(self) -> None:
        assert scored("    return x * x\n") == Score(value=1.0)
        assert scored("    return (helper(x) - 1) ** 2") == Score(value=1.0)
        assert scored("    return x") == Score(value=0.0, note="failed: wrong")
        assert scored("    return x / 0") == Score(value=0.0, note="failed: ZeroDivisionError")
        assert scored("    return (x") == Score(value=0.0, note="failed: SyntaxError")

    @pytest.mark.parametrize("first", ["", "   ", "\t"])
    def test_is_open_where_it_passes_with_the_first_blanks_that_a_server_dropped(self, first: str) -> None:
        found = scored(f"{first}y = x * x\n    return y\n")
        assert (found.value, found.note.partition("; ")[2]) == (None, "passes with the blanks before its first line")
        assert scored(f"{first}y = x + x + 1\n    return y\n").value == 0.0

    def test_ends_at_a_stop_string(self) -> None:
        assert scored("    return x * x\ndef f(x):\n    return 0").value == 1.0
        assert scored("    return x * x\nprint(exit(1))").value == 1.0

    def test_nothing_is_unparsed(self) -> None:
        assert scored(" \n ") == Score(value=0.0, parsed=False, note="no code")
        assert scored("\nprint(1)") == Score(value=0.0, parsed=False, note="no code")

    def test_timeout_is_an_outcome_of_its_own(self) -> None:
        scorer = Code("completion", 1)
        sample = Sample(id="t/0", request=GenerateRequest(prompt=PROMPT), target=TARGET)
        assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text="    while True: pass")) == Score(
            value=0.0, note="timeout"
        )

    def test_from_many_threads(self) -> None:
        texts = ["    return x * x", "    return x", "    exit(0)"] * 4
        with ThreadPoolExecutor(6) as pool:
            assert [score.value for score in pool.map(scored, texts)] == [1.0, 0.0, 0.0] * 4

    def test_the_answer_cannot_bring_its_own_tests(self) -> None:
        text = "    return 0\n\ncheck = lambda c: None\nimport builtins\nbuiltins.check = check\n"
        assert scored(text) == Score(value=0.0, note="failed: wrong")


@pytest.mark.usefixtures("runs")
class TestProgram:
    def test_a_fenced_block_or_the_bare_text(self) -> None:
        code = "def f(x):\n    return x * x\n"
        for text in (
            code,
            f"Sure!\n```python\n{code}```\nDone.",
            f"```\n{code}```",
            f"~~~py\n{code}~~~",
            f"```python\n{code}",
        ):
            assert scored(text, "program") == Score(value=1.0)

    @pytest.mark.parametrize(
        "text",
        ["    def f(x):\n        return x * x\n",
         "Here is the function:\n\n    def f(x):\n        return x * x\n\nIt squares x.",
         "Sure!\n    import math\n\n    def f(x):\n\n        return x * x\nDone.", "\tdef f(x):\n\t\treturn x * x",
         "1. First:\n\n        def f(x):\n            return x * x\n"],
    )  # fmt: skip
    def test_a_block_that_is_indented_by_four_spaces(self, text: str) -> None:
        assert scored(text, "program") == Score(value=1.0)

    def test_what_is_indented_inside_of_code_is_no_block(self) -> None:
        for text in (
            "class A:\n\n    @staticmethod\n    def f(x):\n        return x * x\n",
            "def g(\n    x,\n):\n    def f(x):\n        return x * x\n",
            "It is easy:\n\n    def g(x):\n        return x\n",
        ):
            assert scored(text, "program") == Score(value=0.0, parsed=False, note="no code")

    def test_the_prompts_imports_and_helpers_are_there(self) -> None:
        assert scored("```python\ndef f(x):\n    return math.floor((helper(x) - 1) ** 2)\n```", "program").value == 1.0

    def test_the_block_that_defines_the_requested_names(self) -> None:
        blocks = "pip install x", "def f(x): return x * x", "f(exit())"
        text = "\n".join(f"Then:\n```python\n{block}\n```" for block in blocks)
        assert scored(text, "program").value == 1.0

    def test_no_code_is_unparsed(self) -> None:
        for text in ("I cannot do that.", "", "```python\nprint(1)\n```", "def g(x): pass", "f is a function"):
            assert scored(text, "program") == Score(value=0.0, parsed=False, note="no code")

    @pytest.mark.parametrize(
        "text",
        ["```python\ndef f(x):\n    return x * x```", "Sure:\n```python\ndef f(x):\n    return x * x``` \nDone.",
         "~~~\ndef f(x):\n    return x * x~~~",
         "```python\ndef f(x):\n    return x * x```\nFor example:\n```python\nprint(f(2))\n```"],
    )  # fmt: skip
    def test_a_fence_that_closes_behind_the_code_is_open_where_the_code_passes(self, text: str) -> None:
        found = scored(text, "program")
        assert (found.value, found.note) == (None, "failed: SyntaxError; its last block: passed")
        assert scored(text.replace("x * x", "x + x"), "program").value == 0.0

    def test_names_and_imports_of_a_reference(self) -> None:
        assert scored("def f(x): return x * x", "program", REFERENCE) == Score(value=1.0)
        # What the answer calls "math" has no say in the tests.
        lie = "class math: isclose = lambda *a: True\ndef f(x): return 0"
        assert scored(lie, "program", REFERENCE) == Score(value=0.0, note="failed: wrong")

    def test_up_to_the_stop_string(self) -> None:
        assert scored("def f(x): return x * x\n[DONE]\nthis is no code", "program").value == 1.0


def test_only_marks_at_a_lines_end_close_a_block_behind_its_code() -> None:
    text = "````\na = '```'\nb = 1```\nc````\nno code"
    assert blocks_in(text, closes_behind_code=True) == ["a = '```'\nb = 1```\nc\n"]
    assert blocks_in(text) == ["a = '```'\nb = 1```\nc````\nno code\n"]


def test_indented_blocks_lose_their_indentation() -> None:
    assert blocks_in("1. Like so:\n   ```python\n   def f(x):\n       return x\n   ```") == [
        "def f(x):\n    return x\n"
    ]
    assert blocks_in("````md\n```\nx\n```\n````") == ["```\nx\n```\n"]
    assert blocks_in("no block") == []
    assert indented_blocks_in("So:\n\n    a\n\n      b\nend\n    c") == ["a\n\n  b\n", "c\n"]
    assert indented_blocks_in("no block\n  nor this") == []


@given(st.text(st.sampled_from("`~ \nabdef()=:x"), max_size=80) | st.text())
def test_any_text_has_blocks_or_none(text: str) -> None:
    assert all(block.endswith("\n") for block in blocks_in(text))
    _first_code(text, ("f",))


@pytest.mark.parametrize(
    "target", ["", "text", "{}", "[]", '{"tests": "x"}', '{"tests": [], "more": 1}', '{"tests": ["f()"]}',
               '{"tests": ["f()"], "names": ["no name"]}', "[" * 5000]
)  # fmt: skip
def test_a_target_that_is_none(target: str) -> None:
    with pytest.raises(InputError, match=r"task/0: the target"):
        scored("def f(): pass", "program", target)


@pytest.mark.usefixtures("runs")
def test_tests_that_cannot_run_name_their_sample() -> None:
    target = json.dumps({"names": ["f"], "tests": ["assert f("]})
    with pytest.raises(InputError, match=r"^task/0: the sample cannot be examined"):
        scored("def f(): pass", "program", target)


def test_without_a_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "no sandbox for model-written code: bubblewrap is not installed: apt install bubblewrap"
    monkeypatch.setattr(box, "_found", lambda: reason)
    assert Code().unavailable_reason() == reason
    with pytest.raises(SandboxError, match="task/0: no sandbox"):
        scored("    return x * x")
    with pytest.raises(SandboxError):
        box.Sandbox(SandboxLimits()).run("print(1)")


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert box._found.__wrapped__() == (
        "no sandbox for model-written code: bubblewrap is not installed: apt install bubblewrap"
    )


def test_a_stopped_scorer_ends_what_it_runs_without_a_score(runs: None) -> None:
    scorer = Code("program", 60)
    sample = Sample(id="task/0", request=GenerateRequest(prompt=PROMPT), target=TARGET)
    endless = ModelOutput(outcome=Outcome.OK, text="def f(x):\n    while True: pass")
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(scorer.score, sample, endless) for _ in range(2)]
        time.sleep(1.0)
        scorer.stop()
        for one in running:  # at its own limit, a minute, it would give a score
            with pytest.raises(Halted):
                one.result()
    with pytest.raises(Halted):
        scorer.score(sample, endless)
    assert Code("program", 60).score(sample, ModelOutput(outcome=Outcome.OK, text="def f(x): return x * x")).value == 1
