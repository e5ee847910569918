"""The program that runs a model's program: what it defines, how it ends, and that nothing of ours is in its way."""

from __future__ import annotations

from importlib import resources

import pytest

from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.limits import End, Execution

RUNNER = (resources.files("steelyard.scorers.sandbox.inside") / "case_runner.py").read_text()


def ran(sandbox: Sandbox, solution: str, imports: str = "import math\n", stdin: bytes = b"") -> Execution:
    files = {"/imports.py": imports.encode(), "/solution.py": solution.encode("utf-8", "surrogatepass")}
    return sandbox.run(RUNNER, stdin=stdin, files=files)


@pytest.mark.parametrize(
    ("solution", "printed"),
    [
        ("print(math.floor(2.5), __name__)", "2 __main__\n"),
        ("print(input() + input())", "ab\n"),
        ("import sys\nprint(sys.modules['__main__'].__dict__ is globals())", "True\n"),
        ("print(1)\nexit(3)", "1\n"),
        ("print(1)\nquit()", "1\n"),
        ("raise SystemExit('no')", ""),
        ("from __future__ import annotations\nx: what = 3\nprint(x)", "3\n"),
        ("print(len(str(10 ** 40_000)))", "40001\n"),
        ("print([name for name in ('main', 'types', 'ours', 'source') if name in globals()])", "[]\n"),
    ],
)
def test_a_program_runs_as_it_is_written(sandbox: Sandbox, solution: str, printed: str) -> None:
    done = ran(sandbox, solution, stdin=b"a\nb\n")
    assert (done.end, done.stdout.decode()) == (End.PASSED, printed)


@pytest.mark.parametrize("solution", ["1 / 0", "def", "raise KeyboardInterrupt", "print('\ud800')", "\0"])
def test_a_program_that_fails_has_failed(sandbox: Sandbox, solution: str) -> None:
    assert ran(sandbox, solution).end in (End.FAILED, End.KILLED)
