"""Other readings of an answer's code: what EvalPlus would run, its first and last block; and what the sandbox lacks."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources
from typing import Final

import msgspec

from steelyard.scorers.halt import Halt

__all__ = ["SecondReading", "absent_module", "other_blocks", "second_reading"]

SECONDS: Final = 10  # for the reading alone: nothing of the answer runs in it
_PATIENCE: Final = 4  # times as long by the clock
_MIB: Final = 1 << 20
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<of>\w+)|import[ \t]+(?P<these>\w[\w., \t]*))", re.ASCII | re.MULTILINE
)
_PYTHON_BLOCK: Final = re.compile(r"```[ \t]*py[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BLOCK: Final = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_STANDARD: Final = sys.stdlib_module_names


class SecondReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``sandbox/inside/code_extraction.py`` found.

    ``code``: None where it is no answer. ``same``: it comes to what the first reading found. ``continues``: it goes on
    where the task's own code ends. ``whole`` is false where the answer takes too long to be read so.
    """

    code: str | None = None
    same: bool = False
    continues: bool = False
    whole: bool = False


def second_reading(text: str, names: tuple[str, ...], block: str | None, prompt: str, halt: Halt) -> SecondReading:
    """EvalPlus's code of an answer; ``block`` is what was found first. Takes ten seconds of processor time at most.

    Raises SandboxError where there is no sandbox, Halted where ``halt`` ended it.
    """
    from steelyard.scorers.sandbox.box import Sandbox
    from steelyard.scorers.sandbox.limits import End, SandboxLimits

    limits = SandboxLimits(
        seconds=float(_PATIENCE * SECONDS), processor_seconds=SECONDS, memory=1024 * _MIB, output=4 * _MIB
    )
    answer = json.dumps({"text": text, "names": names, "block": block, "prompt": prompt}).encode("ascii")
    done = Sandbox(limits).run(_extraction(), files={"/answer": answer}, halt=halt)
    if done.end is not End.PASSED:
        return SecondReading()
    try:
        return msgspec.json.decode(done.stdout, type=SecondReading)
    except msgspec.DecodeError:  # lone surrogates
        return SecondReading()


def other_blocks(text: str, read: str) -> list[tuple[str, str]]:
    """The first and the last Python block of an answer that are not what was read, each after what it is.

    Where none is marked as Python's, any block is one; one that is never closed goes on to the end. An answer without
    three backticks is a block as a whole.
    """
    blocks = _PYTHON_BLOCK.findall(text) or _BLOCK.findall(text)
    ends = [("its first Python block", blocks[0]), ("its last Python block", blocks[-1])] if blocks else []
    if "```" not in text:
        ends = [("all of it", text)]
    found: dict[str, tuple[str, str]] = {}
    for which, block in ends:
        if block.strip() not in ("", read.strip()):
            found.setdefault(block.strip(), (which, block))
    return list(found.values())


def absent_module(code: str) -> str:
    """A module that some code imports and that is none of Python's own; empty where there is none."""
    for found in _IMPORT.finditer(code):
        for name in (found["of"] or found["these"]).split(","):
            module = name.strip().partition(".")[0].partition(" ")[0]
            if module and module not in _STANDARD:
                return module[:40]
    return ""


def _extraction() -> str:
    return (resources.files("steelyard.scorers.sandbox.inside") / "code_extraction.py").read_text(encoding="utf-8")
