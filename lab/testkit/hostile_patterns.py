"""Patterns that a backtracking matcher does not finish, each with an answer (of some 9,000 characters) for it."""

from __future__ import annotations

__all__ = ["BY_NAME"]

_LONG = 9_000


def _filled(part: str, end: str = "") -> str:
    return part * (_LONG // len(part)) + end


BY_NAME = {
    "four gaps": (r"answer.*is.*(\d+).*points", _filled("answer is 1 ")),
    "nested plus": (r"(a+)+$", _filled("a", "!")),
    "nested star": (r"(?:(?:a*)b?)?(?:x+x+)+y", _filled("x")),
    "either of two equals": (r"(?:a|a)+$", _filled("a", "!")),
    "overlapping alternatives": (r"(?:a|aa)+$", _filled("a", "!")),
    "words and gaps": (r"^(?:\w+\s?)+$", _filled("word ", "!")),
    "numbers of numbers": (r"(?:\d+,?)+;", _filled("1", " ")),
    "gaps at the end": (r"(\s+|x)+$", _filled(" ", "y")),
    "polynomial of degree six": (r".*.*.*.*.*.*=z", _filled("=")),
    "mail addresses": (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$", _filled("a", "!")),
    "quoted texts": (r'"(?:[^"\\]|\\.|[^"])*"$', '"' + _filled("\\\\")),
    "counted": (r"(?:.{1,9}){1,9}(?:.{1,9}){1,9}\d;", _filled("ab")),
    "states without number": (r"(?i)(?:a|b)*a(?:a|b){40}c", _filled("abbabaab")),
}
