"""Compares calls with the right ones, as the reference's ``ast_checker`` does for Python (bfcl-eval 2025.6.16).

A right call lists for each argument the values that are right; an empty text among them says that it may be left out.
Texts are equal whatever their case, spaces and ``, . / - _ * ^`` are, and lists and dictionaries value by value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from steelyard.scorers.function_calls.reading import Call

__all__ = ["fault_of"]

Functions = Sequence[Mapping[str, Any]]
Answers = Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]

_KINDS: Final[Mapping[str, type]] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
_LISTS: Final = ("array", "tuple")
_IGNORED: Final = re.compile(r"[ ,./\-_*^]")
_OMITTED: Final = ""  # among the right values: the argument may be left out


def fault_of(category: str, functions: Functions, calls: Sequence[Call], answers: Answers) -> str:
    """Why calls are wrong, in a few words; empty where they are right.

    In a *parallel* ``category`` the order does not count. Raises LookupError, TypeError, AttributeError or ValueError
    where the functions and answers are none that the reference can compare.
    """
    if "parallel" not in category:
        if len(calls) != (len(answers) if "multiple" in category else 1):
            return f"{len(calls)} calls"
        description = _described(functions, answers[0]) if "multiple" in category else functions[0]
        return _call_fault(description, calls[0], answers[0])
    if len(calls) != len(answers):
        return f"{len(calls)} calls in place of {len(answers)}"
    left = list(calls)
    for answer in answers:
        description, faults = _described(functions, answer), []
        for place, call in enumerate(left):
            if not (fault := _call_fault(description, call, answer)):
                del left[place]
                break
            faults.append(fault)
        else:
            return faults[0] if len(faults) == 1 else f"no call is {next(iter(answer))[:60]!r} as it is right"
    return ""


def _described(functions: Functions, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    name = next(iter(answer))
    found = next((each for each in functions if each["name"] == name), None)
    if found is None:
        raise LookupError(f"no function {name[:60]!r}")
    return found


def _call_fault(description: Mapping[str, Any], call: Call, answer: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    allowed = next(iter(answer.values()))
    properties, required = description["parameters"]["properties"], description["parameters"]["required"]
    if description["name"] not in call:
        return "another function"
    given = call[description["name"]]
    if missing := next((name for name in required if name not in given), ""):
        return f"{missing[:60]!r} is missing"
    for name, value in given.items():
        if name not in properties or name not in allowed:
            return f"{str(name)[:60]!r} is no argument"
        if not _is_right(value, allowed[name], properties[name]):
            return f"{name[:60]!r} has another value"
    return next(
        (f"{name[:60]!r} is missing" for name in allowed if name not in given and _OMITTED not in allowed[name]), ""
    )


def _is_right(value: Any, choices: Sequence[Any], described: Mapping[str, Any]) -> bool:
    said = described["type"]
    kind, inner = _KINDS[said], _KINDS[described["items"]["type"]] if said in _LISTS else None
    if said == "tuple" and type(value) is tuple:
        value = list(value)
    if said == "float" and type(value) is int:
        value = float(value)
    given: type = type(value)
    if not _has_kind(value, choices, kind, inner):
        return False
    # A right value of another kind is a variable, or an expression: a text that is compared as it is.
    if _kind_of(choices) not in (None, kind) or given is not kind:
        return value in choices
    if kind is dict:
        return _is_dictionary(value, choices)
    if kind is list:
        return _is_list_of_dictionaries(value, choices) if inner is dict else _is_list(value, choices)
    return _plain(value) in [_plain(each) for each in choices if type(each) is str] if kind is str else value in choices


def _kind_of(choices: Sequence[Any]) -> type | None:
    return next((type(each) for each in choices if each != _OMITTED), None)


def _has_kind(value: Any, choices: Sequence[Any], kind: type, inner: type | None) -> bool:
    """Whether a value is of the stated kind, its values too, or of the kind of the right values."""
    given: type = type(value)
    if given is not kind:
        stated = _kind_of(choices)
        return stated is not None and given is stated
    return inner is None or any(
        type(each) is not list or all(_has_kind(item, each, inner, None) for item in value) for each in choices
    )


def _plain(value: Any) -> Any:
    return _IGNORED.sub("", value).lower().replace("'", '"') if type(value) is str else value


def _is_list(value: Sequence[Any], choices: Sequence[Any]) -> bool:
    plain = [_plain(each) for each in value]
    return plain in [[_plain(each[place]) for place in range(len(each))] for each in choices]


def _is_list_of_dictionaries(value: Sequence[Any], choices: Sequence[Any]) -> bool:
    return any(
        len(value) == len(choice)
        and all(_is_dictionary(each, [right]) for each, right in zip(value, choice, strict=True))
        for choice in choices
    )


def _is_dictionary(value: Mapping[Any, Any], choices: Sequence[Any]) -> bool:
    return any(_has_entries(value, choice) for choice in choices if choice != _OMITTED)


def _has_entries(value: Mapping[Any, Any], right: Mapping[Any, Sequence[Any]]) -> bool:
    is_whole = all(key in value or _OMITTED in each for key, each in right.items())
    given = all(key in right and _plain(each) in [_plain(one) for one in right[key]] for key, each in value.items())
    return given and is_whole
