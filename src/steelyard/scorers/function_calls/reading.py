"""Reads calls of functions out of a text in Python's syntax, without evaluating any of it.

It reads what the reference reads (bfcl-eval 2025.6.16, ``default_decode_ast_prompting`` and ``resolve_ast_call``), its
quirks included, in bounds: the reference evaluates arithmetic with Python's ``eval``, here plain numbers alone are
computed. What is beyond the bounds is :class:`Unsettled`, neither calls nor none.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

__all__ = ["Call", "NoCalls", "Unsettled", "block_in", "calls_in"]

MAX_CHARACTERS: Final = 50_000
MAX_BRACKETS: Final = 50  # open at once
MAX_OPERATORS: Final = 2_000  # each may nest what follows one deeper
MAX_DEPTH: Final = 100  # of values in one another
_MAX_NUMBER: Final = 10**100
_MAX_EXPONENT: Final = 64
_BLOCK: Final = re.compile(r"```(?:python|py|json|tool_code|tool_call)\s(?P<inside>.*?)(?:```)?", re.DOTALL)
_OPERATORS: Final = re.compile(r"[-+~*/%@.|&^<>=]|\b(?:not|lambda|if|await|yield|and|or|in|is|for)\b")
_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}

Call = dict[str, dict[Any, Any]]
"""The name of a function, and its arguments by their names; those without a name are left out, as there."""


class NoCalls(ValueError):
    """The text is no list of calls."""


class Unsettled(ValueError):
    """Whether the text is a list of calls, or of which, is not settled here."""


def calls_in(text: str) -> list[Call]:
    """The calls that a whole text is, with or without brackets and backticks around it.

    Raises NoCalls for any other text, and Unsettled beyond the bounds of this module.
    """
    plain = text.strip("`\n ")
    _check_bounds(plain)
    listed = f"{'' if plain.startswith('[') else '['}{plain}{'' if plain.endswith(']') else ']'}"
    body = _body_of(listed)
    if isinstance(body, ast.Call):
        return [_call(body, 0)]
    if not isinstance(body, ast.List | ast.Tuple | ast.Set):
        raise NoCalls("no list of calls")
    return [_call(each, 0) for each in body.elts]


def block_in(text: str) -> str | None:
    """What stands in a whole text that is one block, marked as *python*, say; None for any other text.

    The reference takes the marks of some models' answers off (*python* and *json* of Phi's, *tool_code* of Gemini's),
    and of others' not.
    """
    found = _BLOCK.fullmatch(text.strip()) if len(text) <= MAX_CHARACTERS else None
    return None if found is None else found["inside"]


def _body_of(listed: str) -> ast.expr:
    """The list without its brackets, as version 3 takes it; version 4 keeps them, and so reads a list of many lines."""
    try:
        return _parsed(listed.strip("[]'"))
    except NoCalls:
        with suppress(NoCalls):
            kept = _parsed(listed.strip().strip("'"))
            if isinstance(kept, ast.List) and kept.elts and all(isinstance(each, ast.Call) for each in kept.elts):
                raise Unsettled("a list that version 4 reads and version 3 does not") from None
        raise


def _check_bounds(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise Unsettled(f"more than {MAX_CHARACTERS:,} characters")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_BRACKETS or sum(1 for _ in _OPERATORS.finditer(text)) > MAX_OPERATORS:
        raise Unsettled("nested too deeply")


def _parsed(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model's escape sequences are no business of the user's
        try:
            return ast.parse(text, mode="eval").body
        except (RecursionError, MemoryError):
            raise Unsettled("nested too deeply") from None
        except (SyntaxError, ValueError):
            raise NoCalls("no Python expression") from None


def _call(node: ast.expr, depth: int) -> Call:
    if not isinstance(node, ast.Call):
        raise NoCalls("something that is no call")
    return {_name(node.func): {each.arg: _value(each.value, depth + 1) for each in node.keywords}}


def _name(node: ast.expr) -> str:
    """``a.b.c``; of another expression only the attributes at its end."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _value(node: ast.expr | None, depth: int) -> Any:
    """The value of an argument: a name is its text, a call without named arguments and a subscript are their code."""
    if depth > MAX_DEPTH:
        raise Unsettled("nested too deeply")
    match node:
        case ast.Constant():
            return "..." if node.value is Ellipsis else node.value
        case ast.List():
            return [_value(each, depth + 1) for each in node.elts]
        case ast.Tuple():
            return tuple(_value(each, depth + 1) for each in node.elts)
        case ast.Dict():
            return _dictionary(node, depth + 1)
        case ast.Name():
            return node.id
        case ast.UnaryOp():
            return _negated(node)
        case ast.BinOp():
            return _computed(node, depth + 1)
        case ast.Call() if node.keywords:
            return _call(node, depth + 1)
        case ast.Call():
            return _code(node)
        case ast.Subscript():
            return f"{_code(node.value)}[{_code(node.slice)}]"
        case _:
            raise NoCalls("an argument of a kind that the reference does not read")


def _dictionary(node: ast.Dict, depth: int) -> dict[Any, Any]:
    try:
        return {_value(key, depth): _value(each, depth) for key, each in zip(node.keys, node.values, strict=True)}
    except TypeError:
        raise NoCalls("a key that cannot be one") from None


def _negated(node: ast.UnaryOp) -> Any:
    """The number with another sign, whatever the operator is."""
    if isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int | float | complex):
        return -node.operand.value
    raise NoCalls("a sign before something that is no number")


def _computed(node: ast.expr, depth: int) -> Any:
    """The value of arithmetic with plain numbers; raises Unsettled for any other, which the reference evaluates."""
    if depth > MAX_DEPTH:
        raise Unsettled("nested too deeply")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_computed(node.operand, depth + 1)
    if not isinstance(node, ast.BinOp) or type(node.op) not in _ARITHMETIC:
        raise Unsettled("an expression that would have to be evaluated")
    left, right = _computed(node.left, depth + 1), _computed(node.right, depth + 1)
    if abs(left) > _MAX_NUMBER or abs(right) > (_MAX_EXPONENT if isinstance(node.op, ast.Pow) else _MAX_NUMBER):
        raise Unsettled("a number that is too large")
    try:
        return _ARITHMETIC[type(node.op)](left, right)
    except ArithmeticError:
        raise NoCalls("arithmetic without a result") from None


def _code(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except (RecursionError, MemoryError):
        raise Unsettled("nested too deeply") from None
