r"""Final answers that a text marks as such: ``####``, ``\boxed{}``, ``<answer>``, JSON, "the answer is"."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from steelyard.scorers.reading.dress import boxed
from steelyard.scorers.reading.phrases import ANSWER_MARK

__all__ = ["MAX_CHARACTERS", "Marked", "marked_answers"]

MAX_CHARACTERS = 10_000
MAX_LINE = 500  # of a line behind a phrase: thousands of phrases on one line would take seconds
_TAG = re.compile(
    r"<(answer|final_answer|final|solution|response|result|output|choice)>(.*?)</\1>", re.IGNORECASE | re.DOTALL
)
_HASHES = re.compile(r"####[ \t]*([^\n]*)(\n?)")
_ENUMERATED = re.compile(r"[0-9]{1,2}[.):]\s+[^\W\d]")
_RULE = re.compile(r"[-=—─–]+")
_DISCLAIMED = re.compile(r"(?:n['’]t (?:think|believe)|not sure|unsure|(?<!no )doubt)\b[^.!?\n]{0,20}\Z")
_KEYS = (
    "final_answer",
    "answer",
    "result",
    "antwort",
    "réponse",
    "solution",
    "output",
    "label",
    "prediction",
    "choice",
    "correct_answer",
)
_FENCE = re.compile(r"\A```[a-z]*[ \t]*\n(.*?)\n?```\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Marked:
    """One marked answer: what was written, where it ends, and whether more text could not have changed it."""

    text: str
    end: int
    closed: bool


def marked_answers(text: str) -> list[Marked]:
    """The answers that a text marks as final, in the order of the text. Reads its last 10,000 characters.

    What follows a phrase counts to the end of its line, or the next line that has text.
    """
    text = text[-MAX_CHARACTERS:]
    if (value := _json_answer(text)) is not None:
        return [Marked(value, len(text), True)]
    found = [Marked(content, end, True) for content, end in boxed(text)]
    found += [Marked(tag.group(2), tag.end(), True) for tag in _TAG.finditer(text)]
    found += [Marked(each[1], each.end(), bool(each[2])) for each in _HASHES.finditer(text) if _is_answer(each, text)]
    phrases = []
    for mark in ANSWER_MARK.finditer(text):
        line, end = _rest_of_line(text, mark.end())
        if _DISCLAIMED.search(text, max(0, mark.start() - 40), mark.start()):
            continue
        if line and not any(mark.start() < other.end <= end + 1 for other in found):
            phrases.append(Marked(line, end, False))
    found += phrases
    return sorted((each for each in found if each.text.strip()), key=lambda each: each.end)


def _is_answer(hashes: re.Match[str], text: str) -> bool:
    """Whether ``####`` marks an answer, not a heading: a number stands there, or it is the last line."""
    content = hashes[1].lstrip(" *_$\\({€£-−+")
    is_number = content[:1].isdigit() and not _ENUMERATED.match(content)
    return is_number or content.startswith("boxed") or not text[hashes.end() :].strip()


def _rest_of_line(text: str, start: int) -> tuple[str, int]:
    """What stands from ``start`` to the end of its line; where that is only dress, the next line with text."""
    for _ in range(4):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if _says_something(text[start:end]):
            return text[start : min(end, start + MAX_LINE)], end
        if end == len(text):
            break
        start = end + 1
    return "", len(text)


def _says_something(line: str) -> bool:
    """Whether a line holds more than dress: a word, or symbols that may be an answer (``) ] }``)."""
    if any(character.isalnum() for character in line):
        return True
    symbols = line.strip(" \t*_:`$\"'#.~|")
    return bool(symbols) and symbols not in ("\\[", "\\(", "\\]", "\\)") and not _RULE.fullmatch(symbols)


def _json_answer(text: str) -> str | None:
    """The answer in an output that is one JSON object, in a fence or not; None for anything else."""
    text = text.strip()
    fence = _FENCE.match(text)
    text = fence.group(1).strip() if fence else text
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    named = [document[key] for key in document if key.casefold() in _KEYS]
    values = named or (list(document.values()) if len(document) == 1 else [])
    value = values[0] if len(values) == 1 else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
