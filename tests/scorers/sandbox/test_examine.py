"""Programs that would rather mark themselves than be right: every one must be marked a failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from steelyard.errors import InputError
from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.examine import Exam, Examination, examine
from steelyard.scorers.sandbox.limits import End, SandboxError, SandboxLimits

TESTS = "assert f(2) == 4\nassert f(3) == 9\nassert f(-1) == 1\n"
RIGHT = "def f(x):\n    return x * x\n"
SHORT = SandboxLimits(seconds=2.0)
SHORTEST = SandboxLimits(seconds=1.0)  # where nothing may pass


@pytest.fixture(autouse=True)
def _needs_a_sandbox(sandbox: Sandbox) -> None:
    pass


def scored(
    *program: str,
    tests: str = TESTS,
    setup: str = "",
    names: tuple[str, ...] = ("f",),
    limits: SandboxLimits | None = None,
) -> Examination:
    return examine(Exam(program=program, setup=setup, names=names, tests=tests), limits or SandboxLimits())


CHEATS = {
    "ends before the tests": "exit(0)",
    "ends hard before the tests": "import os; os._exit(0)",
    "ends in the call": "import os\ndef f(x): os._exit(0)",
    "raises SystemExit in the call": "def f(x): raise SystemExit(0)",
    "raises KeyboardInterrupt": "def f(x): raise KeyboardInterrupt",
    "raises GeneratorExit": "raise GeneratorExit",
    "raises StopIteration": "def f(x): raise StopIteration(x * 2)",
    "ends at exit": "import atexit, os; atexit.register(os._exit, 0); exit(0)",
    "prints the expected token": "print('passed'); print('started\\npassed')\ndef f(x): print('passed')",
    "prints to every descriptor": """
import os
def f(x):
    for number in range(3, 256):
        try: os.write(number, b'started\\npassed\\n')
        except OSError: pass
os.write(1, b'passed\\n'); os.write(2, b'started\\npassed\\n')
""",
    "equals everything": "class A:\n    def __eq__(self, other): return True\ndef f(x): return A()",
    "is an int that equals everything": """
class A(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def f(x): return A(0)
""",
    "is a str that equals everything": """
class A(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def f(x): return A()
""",
    "is a list that equals everything": "class A(list):\n    def __eq__(*both): return True\ndef f(x): return A()",
    "returns a class that equals everything": """
class M(type):
    def __eq__(self, other): return True
    __hash__ = type.__hash__
class A(metaclass=M): pass
def f(x): return A
""",
    "is a class": "class f:\n    def __init__(self, x): pass\n    def __eq__(self, other): return True",
    "replaces AssertionError": "import builtins as b\nb.AssertionError = type('A', (Exception,), {})\ndef f(x): 0",
    "replaces builtins": """
import builtins
builtins.abs = builtins.len = builtins.all = builtins.sorted = lambda *a, **b: True
builtins.compile = builtins.exec = lambda *a, **b: None
def f(x): return None
""",
    "traces": "import sys\nsys.settrace(lambda *a: exit(0)); sys.setprofile(lambda *a: exit(0))\ndef f(x): pass",
    "searches frames": """
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for values in (frame.f_locals, frame.f_globals):
            for name, value in list(values.items()):
                if 'expected' in name or 'test' in name or 'verdict' in name: return value
        frame = frame.f_back
""",
    "searches all objects": """
import gc
def f(x):
    return next((o for o in gc.get_objects() if isinstance(o, dict) and ('tests' in o or 'verdict' in o)), None)
""",
    "looks into /proc, the job and its arguments": """
import glob, os, sys
found = []
for path in glob.glob('/proc/*/*') + ['/job', '/harness/examiner.py', *sys.argv]:
    try: found.append(open(path, 'rb').read())
    except OSError: pass
assert not any(b'assert f(2)' in text for text in found)
def f(x): return None
""",
    "patches the checker's frames": """
import harness.candidate as c, harness.values as v
v.write_frame = c.write_frame = lambda *a: None
c._done = lambda *a: True
def f(x): return True
""",
    "answers for the checker": """
import os, harness.candidate as c, harness.values as v
def keep(value): return 0
for message in (('passed',), ('verdict', 'passed'), ('value', True), ('ready',), ('started',), ('loaded',)) * 5:
    for number in range(3, 10):
        try: v.write_frame(number, v.encode(message, keep))
        except Exception: pass
def f(x): return True
""",
    "sends no frames": """
import os
for number in range(3, 10):
    try: os.write(number, b'\\xff' * 100)
    except OSError: pass
def f(x): return x * x
""",
    "sends nonsense in a frame": """
import os
for number in range(3, 10):
    try: os.write(number, (5).to_bytes(8, 'big') + b'l999;')
    except OSError: pass
def f(x): return x * x
""",
    "closes the line": "import os\nos.closerange(0, 256)\ndef f(x): return x * x",
    "kills everyone": """
import os
for process in (os.getppid(), 1, -1):
    try: os.kill(process, 9)
    except OSError: pass
def f(x): pass
""",
    "leaves a child to answer": "import os\nif os.fork(): os._exit(0)\ndef f(x): return None",
    "raises the tests' own error": "def f(x): raise AssertionError",
    "raises an error of its own": """
class Odd(BaseException):
    def __str__(self): exit(0)
    __repr__ = __str__
def f(x): raise Odd
""",
    "raises an error whose class lies": """
class M(type):
    def mro(cls): return [cls, Exception, BaseException, object]
    def __getattribute__(cls, name): raise SystemExit(0)
class Odd(Exception, metaclass=M): pass
def f(x): raise Odd
""",
    "raises what names a verdict": "passed = type('passed', (Exception,), {})\ndef f(x): raise passed('passed')",
    "returns itself": "def f(x): return f",
    "returns an endless iterator": "import itertools\ndef f(x): return itertools.count()",
    "returns a cycle": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "returns what is too deep": "def f(x):\n    a = x\n    for _ in range(10_000): a = [a]\n    return a",
    "returns what is too large": "def f(x): return b'x' * 100_000_000",
    "returns a tower of the same list": "def f(x):\n    a = [x]\n    for _ in range(64): a = [a, a]\n    return a",
    "returns a huge number": "def f(x): return 10 ** 200_000",
    "returns not a number": "def f(x): return float('nan')",
    "recurses without end": "def f(x): return f(x)",
    "breaks the interpreter": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "is no code": "this is no code at all",
    "holds a NUL": "\0",
    "is a lone surrogate": "x = '\udc80'\ndef f(x): pass",
    "is nested too deeply": "(" * 5000 + ")" * 5000,
    "defines nothing": "pass",
    "deletes what it defines": RIGHT + "del f",
    "lets the module lie": """
import sys
class Liar(type(sys)):
    def __getattribute__(self, name): return lambda *a: True
sys.modules['solution'].__class__ = Liar
""",
    "makes threads that answer": """
import threading, os
def flood():
    while True:
        try: os.write(4, b'\\0' * 8)
        except OSError: pass
threading.Thread(target=flood, daemon=True).start()
def f(x): return None
""",
    "loops": "while True: pass",
    "loops in the call and ignores every signal": """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def f(x):
    while True: pass
""",
    "sleeps": "import time\ndef f(x): time.sleep(3600)",
    "forks without end": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "takes all memory": "x = []\nwhile True: x.append(bytearray(b'1') * 50_000_000)",
    "takes all memory in children": """
import os
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(b'1') * 300_000_000
        while True: pass
while True: pass
""",
    "fills the disk": "f = open('/tmp/x', 'wb')\nwhile True: f.write(b'x' * 1_000_000)",
    "asks the network": "import socket\nf = socket.create_connection(('192.0.2.1', 80), timeout=1).recv",
    "imports what is not there": "import numpy\ndef f(x): return x * x",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_program_scores_itself(cheat: str) -> None:
    endless = any(word in CHEATS[cheat] for word in ("while True", "sleep", "v.write_frame = "))
    result = scored(CHEATS[cheat], limits=SHORTEST if endless else None)
    assert result.end is not End.PASSED
    # The failure is the program's own: no cheat passes itself off as a fault of the sandbox (that would raise).
    assert result.detail.isascii()
    assert len(result.detail) < 60


def test_the_program_is_behind_the_filter_of_system_calls() -> None:
    program = """
import socket
def f(family):
    try: socket.socket(family, 1).close()
    except OSError as error: return error.errno
"""
    assert scored(program, tests="assert [f(40), f(16), f(1), f(2)] == [97, 97, None, None]").end is End.PASSED


def test_the_reasons() -> None:
    assert (scored(RIGHT).end, scored(RIGHT).detail) == (End.PASSED, "")
    reasons = {
        "def f(x): return x": (End.FAILED, "wrong"),
        "def f(x): raise KeyError": (End.FAILED, "KeyError"),
        "def f(x): raise type('Own', (LookupError,), {})": (End.FAILED, "LookupError"),
        "no code": (End.FAILED, "SyntaxError"),
        "exit(0)": (End.FAILED, "SystemExit"),
        "import os; os._exit(0)": (End.KILLED, "ended before the tests did"),
        "pass": (End.FAILED, "NameError"),
        "x = bytearray(2_000_000_000)": (End.MEMORY, ""),
    }
    results = {code: scored(code) for code in reasons}
    assert {code: (result.end, result.detail) for code, result in results.items()} == reasons


def test_memory_that_the_group_has_not() -> None:
    exam = Exam(program=("x = bytearray(b'1') * 200_000_000",), setup="", names=("f",), tests=TESTS)
    assert examine(exam, SandboxLimits(memory=100_000_000)).end is End.MEMORY


def test_a_timeout_is_the_callers() -> None:
    exam = Exam(program=("import time; time.sleep(1.5)", RIGHT), setup="", names=("f",), tests=TESTS)
    assert examine(exam, SandboxLimits(seconds=1)).end is End.TIMEOUT
    assert examine(exam, SandboxLimits(seconds=60)).end is End.PASSED


@pytest.mark.parametrize(
    "value",
    ["None", "True", "12", "-3", "10**30", "1.5", "float('inf')", "2j", "'text\\ud800'", "b'x'", "[1, [2]]",
     "(1, (2,))", "{1, 2}", "frozenset({1})", "{'a': [1], (1, 2): None}", "range(5)",
     "__import__('fractions').Fraction(1, 3)", "__import__('decimal').Decimal('1.50')"],
)  # fmt: skip
def test_plain_values_go_and_come(value: str) -> None:
    tests = f"assert f({value}) == {value}\nassert type(f({value})) is type({value})"
    assert scored("import fractions, decimal\ndef f(x): return x", tests=tests).end is End.PASSED


def test_values_behave_as_in_one_process() -> None:
    program = """
import collections
def f(kind):
    return {'counter': collections.Counter('aab'), 'ordered': collections.OrderedDict(a=1),
            'named': collections.namedtuple('P', 'x y')(1, 2), 'map': map(str, [1, 2]), 'keys': {'a': 1}.keys()}[kind]
"""
    tests = """
assert f('counter') == {'a': 2, 'b': 1}
assert f('ordered') == {'a': 1}
assert f('named') == (1, 2)
assert list(f('map')) == ['1', '2']
assert f('map') != ['1', '2']
"""
    assert scored(program, tests=tests).end is End.PASSED


def test_objects_stay_with_the_program() -> None:
    program = """
class Node:
    def __init__(self, value): self.value, self.left = value, None
    def double(self): return self.value * 2
def f(node): return node.value + (f(node.left) if node.left else 0)
"""
    tests = (
        "root = Node(1)\nroot.left = Node(2)\nassert f(root) == 3\nassert (root.left.value, root.double()) == (2, 2)"
    )
    assert scored(program, tests=tests, names=("f", "Node")).end is End.PASSED


def test_expected_exceptions() -> None:
    tests = "try:\n    f(0)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False"
    assert scored("def f(x): return 1 / x", tests=tests).end is End.PASSED
    assert scored("def f(x): return x", tests=tests).end is End.FAILED
    assert scored("def f(x): b''.decode('ascii'); return b'\\xff'.decode()", tests=tests).detail == "UnicodeDecodeError"


def test_a_test_that_catches_everything_does_not_hide_the_end() -> None:
    tests = "try:\n    f(0)\nexcept:\n    pass"
    assert scored("import os\ndef f(x): os._exit(0)", tests=tests).end is End.KILLED


def test_only_what_is_named_comes_from_the_program() -> None:
    """The tests' own builtins, modules and helpers stay theirs, whatever the program calls by these names."""
    program = (
        "def f(x): return 5\ndef helper(x): return 5\nclass math: isclose = lambda *a: True\nsorted = len = helper"
    )
    setup = "import math\ndef helper(x): return x"
    assert scored(program, setup=setup, tests="assert helper(f(1)) == 1").detail == "wrong"
    assert scored(program, setup=setup, tests="assert math.isclose(f(1), 2)").detail == "wrong"
    assert scored(program, setup=setup, tests="assert sorted([2, 1]) == [1, 2] and f(1) == 5").end is End.PASSED


def test_parts_of_a_program_share_their_names() -> None:
    assert (
        scored("def g(x): return x * x", "from __future__ import annotations\ndef f(x): return g(x)").end is End.PASSED
    )
    assert scored(
        "from dataclasses import dataclass\n@dataclass\nclass A: x: int", "def f(x): return A(x).x ** 2"
    ).end is (End.PASSED)


def test_a_main_block_does_not_run() -> None:
    assert scored(RIGHT + "if __name__ == '__main__':\n    input(); exit(1)").end is End.PASSED


def test_tests_that_cannot_run_are_the_tasks_fault() -> None:
    with pytest.raises(InputError, match="cannot be examined: the code of the task does not run: SyntaxError"):
        scored(RIGHT, tests="assert f(")
    for setup, kind in (("import no_such_module", "ModuleNotFoundError"), ("exit(0)", "NameError"), ("1 / 0", "Zero")):
        with pytest.raises(InputError, match=kind):
            scored(RIGHT, setup=setup)
    with pytest.raises(InputError, match="SystemExit"):
        scored(RIGHT, setup="raise SystemExit(0)")
    with pytest.raises(InputError, match="an object of type function, which cannot be sent"):
        scored(RIGHT, tests="f(lambda: 1)")


def test_what_the_program_makes_too_large_is_its_own_failure() -> None:
    """Handed on by the tests it cannot be sent, and yet the task is not to blame."""
    deep = "def f(x):\n    a = []\n    for _ in range(198): a = [a]\n    return a"
    assert scored(deep, tests="assert f([f(1)]) == 1").detail == "ValueError"
    assert scored("def f(x): return 'x' * 5_000_000", tests="assert f(f(1) + f(2)) == 1").detail == "ValueError"


def test_from_many_threads() -> None:
    programs = [RIGHT, "def f(x): return 0", "import os; os._exit(0)", "while True: pass"] * 2
    with ThreadPoolExecutor(8) as pool:
        ends = [result.end for result in pool.map(lambda program: scored(program, limits=SHORT), programs)]
    assert ends == [End.PASSED, End.FAILED, End.KILLED, End.TIMEOUT] * 2


def test_a_sandbox_that_does_not_start_is_no_failure_of_the_program(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="the sandbox does not start"):
        examine(Exam(program=(RIGHT,), setup="", names=("f",), tests=TESTS), SandboxLimits(address_space=1 << 20))
    with pytest.raises(SandboxError, match="the sandbox does not start"):
        sandbox.run("print(1)", limits=SandboxLimits(memory=1 << 62, disk=-1))
