"""Runs in a process of its own: whether LaTeX answers equal the right one, by math-verify. One JSON line in, one out.

Comparing may take for ever or all memory (``10^{10^{10}}``), so whoever asks kills this process when its time is up;
math-verify's own timeouts, which work by signals in the main thread alone, are off. Only its LaTeX reader is used:
the one for plain expressions hands them to Python's ``eval``.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import sys
from typing import Any

__all__ = ["any_equal", "compare", "main"]

MEMORY = 2 << 30  # bytes of address space
_DELIMITER = re.compile(r"(?<!\\)\$|\\\(|\\\[")


def main() -> None:
    """Say ``ready``, then answer each line ``[gold, [answer, …]]`` with true, false or null, until there are none."""
    importlib.import_module("math_verify")  # before anybody's time is counted
    _limit()
    logging.disable(logging.CRITICAL)  # math-verify warns that its timeouts are off
    sys.setrecursionlimit(2000)
    _say("ready")
    for line in sys.stdin:
        try:
            gold, answers = json.loads(line)
            found = any_equal(gold, answers)
        except (Exception, RecursionError):  # whatever a text makes of SymPy is no answer
            found = None
        _say(json.dumps(found))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def any_equal(gold: str, answers: list[str]) -> bool | None:
    """Whether one of some answers equals the right one; None where the last of them cannot be read."""
    found = None
    for answer in answers:
        found = compare(gold, answer)
        if found:
            return True
    return found


def compare(gold: str, answer: str) -> bool | None:
    """Whether an answer equals the right one; None where one of them cannot be read. ``verify`` is not symmetric."""
    from math_verify import verify

    right, given = _parsed(gold), _parsed(answer)
    if not right or not given:
        return None
    return bool(verify(right, given, timeout_seconds=None, raise_on_error=True))


def _parsed(text: str) -> list[Any]:
    """What a text is in SymPy; nothing where it is not LaTeX that can be read."""
    from math_verify import LatexExtractionConfig, parse

    shown = text if _DELIMITER.search(text) else f"${text}$"
    found = parse(shown, extraction_config=[LatexExtractionConfig()], parsing_timeout=None, fallback_mode="no_fallback")
    return list(found)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
