"""Our own patterns backtrack, so each is tried on what it is slow at: its own parts, again and again."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from steelyard import scorers
from steelyard.util import reasoning

# Slow: the fast run has long hostile texts in test_scorers.py.
pytestmark = pytest.mark.slow
LENGTHS = [
    1_500,
    4_000,
]  # scorers read up to 10,000 characters, and what is cubic takes minutes for these, for each text
OUTER_SECONDS = 600
BROAD = (" ", "a", "1", "a ", "1,", "(", "*", "answer is ")


def constants() -> dict[str, re.Pattern[Any]]:
    """Every pattern that a module which reads answers holds, by its name."""
    found: dict[str, re.Pattern[Any]] = {}
    names = [each.name for each in pkgutil.walk_packages(scorers.__path__, "steelyard.scorers.")]
    modules = [importlib.import_module(name) for name in names if ".sandbox." not in name]
    for module in [*modules, reasoning]:
        for name, value in vars(module).items():
            values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            patterns = [each for each in values if isinstance(each, re.Pattern)]
            found |= {f"{module.__name__}.{name}.{number}": each for number, each in enumerate(patterns)}
    return {name: pattern for pattern, name in {pattern: name for name, pattern in found.items()}.items()}


def parts(tree: Any, found: list[str]) -> str:
    """A text that the syntax tree matches, by and large; the texts of its parts are added to ``found``."""
    text = ""
    for operation, argument in tree:
        match str(operation):
            case "LITERAL":
                text += chr(argument)
            case "IN":
                kind, first = argument[0]
                plain = {"LITERAL": lambda first=first: chr(first), "RANGE": lambda first=first: chr(first[0])}
                text += plain.get(str(kind), lambda first=first: " " if "SPACE" in str(first) else "1")()
            case "ANY" | "NOT_LITERAL":
                text += "a"
            case "BRANCH":
                text += max((parts(each, found) for each in argument[1]), key=len)
            case "SUBPATTERN":
                text += parts(argument[3], found)
            case "MAX_REPEAT" | "MIN_REPEAT":
                text += parts(argument[2], found) * max(argument[0], 1)
            case "ASSERT" | "ASSERT_NOT":
                parts(argument[1], found)
        found.append(text)
    return text


def hostile(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Long texts: each of the pattern's parts again and again, with an end that fits nothing."""
    found: list[str] = []
    parts(importlib.import_module("re._parser").parse(pattern.pattern, pattern.flags), found)
    own = sorted({each for each in found if each}, key=lambda each: (len(each), each))
    for part in dict.fromkeys([*BROAD, *own[:8], *own[-2:]]):
        yield part * (length // len(part)) + "\x00"


TRY_ALL = """
import sys
from tests.scorers.test_constant_patterns import constants, hostile
for name, pattern in constants().items():
    print(name, flush=True)
    for text in hostile(pattern, int(sys.argv[1])):
        for _ in pattern.finditer(text if isinstance(pattern.pattern, str) else text.encode()):
            pass
"""


@pytest.mark.parametrize("length", LENGTHS)
def test_no_constant_pattern_is_worse_than_quadratic(length: int) -> None:
    """Of whole answers of a megabyte, see ``test_long_hostile_text_gets_a_score``."""
    assert len(constants()) > 80
    command = [sys.executable, "-c", TRY_ALL, str(length)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=OUTER_SECONDS)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(constants())
