"""Prompt templates: Jinja in a sandbox, with errors for missing values and a few pure filters.

Templates and expressions come from task files. Rows of a data set are passed as values and never evaluated. What a
rendering takes and makes is bounded: see :mod:`steelyard.tasks.bounded_jinja`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import StrictUndefined, TemplateError

from steelyard.errors import InputError
from steelyard.scorers.reading.dress import boxed as boxes
from steelyard.tasks.bounded_jinja import MAX_TEXT, BoundedEnvironment, check_size, within_allowance
from steelyard.util.foreign_pattern import compiled
from steelyard.util.literals import texts_in_list

__all__ = ["Expression", "Template"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_NO_NAMES = ("true", "false", "none", "True", "False", "None", "self")  # what Jinja reads as something else
_KEPT_FILTERS = ("first", "int", "join", "last", "length", "list", "lower", "map", "replace", "string", "trim", "upper")


def after(text: str, separator: str) -> str:
    """The text after the last ``separator``; the whole text without one."""
    return text.rpartition(separator)[2]


def before(text: str, separator: str) -> str:
    """The text before the first ``separator``; the whole text without one."""
    return text.partition(separator)[0]


def regex_replace(text: str, pattern: str, replacement: str = "") -> str:
    """Replace every match; the pattern comes from the task file, and RE2 matches it."""
    return compiled(pattern).replace(str(text), str(replacement))


def prefixed(text: str, start: str) -> str:
    """Put ``start`` in front; with ``map``: ``endings | map('prefixed', ' ')``."""
    return start + text


def lettered(choices: Sequence[str], pattern: str = "{letter}. {choice}\n") -> str:
    """The choices as a lettered list, A for the first."""
    lines = zip(_LETTERS, choices, strict=False)
    # Two plain replacements, not str.format: a choice that contains braces is not changed.
    head, _, tail = pattern.partition("{choice}")
    return "".join(head.replace("{letter}", letter) + str(choice) + tail for letter, choice in lines)


def letters_of(choices: Sequence[str]) -> list[str]:
    """One letter for each choice: A, B and so on."""
    return list(_LETTERS[: len(choices)])


def letter(index: Any) -> str:
    """The letter of a choice's index: 0 → A."""
    return _LETTERS[int(index)]


def shuffled(choices: Sequence[str]) -> list[str]:
    """The texts in the order of their SHA-256: the same on every machine, each place equally likely to be right."""
    return sorted(choices, key=lambda text: sha256(str(text).encode("utf-8", "replace")).digest())


def boxed(text: str) -> str:
    r"""The content of the last ``\boxed{}`` or ``\fbox{}``; raises ValueError where there is none."""
    found = boxes(text.replace("\\fbox{", "\\boxed{"))
    if not found:
        raise ValueError("a solution without \\boxed{}")
    return found[-1][0].strip()


def at_marks(text: str, images: Sequence[Any], mark: str = "<image {number}>") -> str:
    """A text in which marks such as ``<image 1>`` are the first of ``images``, the second, and so on.

    Raises InputError for a mark without ``{number}``, or with nothing else, and for a text that would be too long.
    """
    parts = str(mark).split("{number}")
    if len(parts) != 2 or parts == ["", ""]:
        raise InputError("a mark of at_marks holds {number} once and other characters beside it, as '[{number}]'")
    text, made, size, end = str(text), [], 0, 0
    # In one pass, so that what an image leaves is not taken for a mark.
    for found in re.finditer(f"{re.escape(parts[0])}([1-9][0-9]{{0,5}}){re.escape(parts[1])}", text):
        if int(found[1]) <= len(images):
            made += [text[end : found.start()], str(images[int(found[1]) - 1])]
            size, end = size + len(made[-2]) + len(made[-1]), found.end()
            check_size(size)
    return "".join([*made, text[end:]])


def literal_list(value: Any) -> list[str]:
    """The texts of a list that the data hold as a text in Python's form; a list as it is."""
    return [str(each) for each in value] if isinstance(value, list | tuple) else texts_in_list(str(value))


def as_json(value: Any) -> str:
    """A value of the row as JSON with sorted keys, for a scorer that reads more than a text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@cache
def _environment() -> BoundedEnvironment:
    ours = (
        *(after, before, regex_replace, prefixed, lettered, letters_of, letter, shuffled, boxed, as_json, at_marks),
        literal_list,
    )
    return BoundedEnvironment({function.__name__: function for function in ours}, _KEPT_FILTERS)


class Template:
    """One text of a prompt format. ``where`` (file and key) is named in every error.

    Raises InputError for invalid Jinja.
    """

    def __init__(self, source: str, where: str) -> None:
        self._where = where
        self._render = _guarded(lambda: _environment().from_string(source).render, where)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill in the values; raises InputError if the template names a missing value."""
        return str(_guarded(lambda: _bounded(self._render(values)), self._where))


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise InputError(f"makes a text of more than {MAX_TEXT:,} characters")
    return text


class Expression:
    """One expression over a row: ``answer | after('####') | trim``. Raises InputError for invalid Jinja."""

    def __init__(self, source: str, where: str) -> None:
        self._where = where
        self._evaluate = _guarded(lambda: _environment().compile_expression(source, undefined_to_none=False), where)
        name = source.strip()
        self._name = name if _NAME.fullmatch(name) and name not in _NO_NAMES else ""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The expression's value; raises InputError if it names a missing value."""
        if self._name and self._name in values:  # most fields of a task are columns: there is nothing to evaluate
            return values[self._name]
        result = _guarded(lambda: self._evaluate(values), self._where)
        if isinstance(result, StrictUndefined):
            raise InputError(f"{self._where}: {result._undefined_message}")
        return result


def _guarded(action: Callable[[], Any], where: str) -> Any:
    try:
        return within_allowance(action)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except TemplateError as error:
        raise InputError(f"{where}: {error.message or type(error).__name__}") from None
    except (RecursionError, MemoryError, SyntaxError):  # of the code that Jinja makes of it
        raise InputError(f"{where}: nested too deep, or larger than the memory") from None
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{where}: {error}".splitlines()[0]) from None
