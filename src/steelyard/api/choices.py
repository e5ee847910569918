"""The keyword arguments of ``audit``, ``run`` and ``resume``: the options of the commands, under the same names."""

from __future__ import annotations

import difflib
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from steelyard.api.arguments import REAL_RANGES, WHOLE_RANGES, RunArguments, effort_word, ends_after
from steelyard.api.limits import price_pair, single_price
from steelyard.api.models import key_of, models_by_role
from steelyard.errors import InputError
from steelyard.records import SUBJECT
from steelyard.records.file_options import FileOptions
from steelyard.util.duration import read_duration

if TYPE_CHECKING:
    from steelyard.api.models import AnyModels

__all__ = [
    "AuditChoices",
    "Choices",
    "ResumeChoices",
    "RunChoices",
    "Sending",
    "arguments_from",
    "check_names",
    "names_in",
    "path_of",
    "takes",
]

Text = str | Path
F = TypeVar("F", bound=Callable[..., Any])


class Sending(TypedDict, total=False):
    """What every call shares that asks a model. None, or leaving an argument out, is the command's default."""

    out: Text | None
    progress: bool
    deadline: str | float | None
    patience: str | float | None
    concurrency: int | None
    timeout: float | None
    rpm: int | None
    tpm: int | None
    max_tokens: int | None
    max_cost: float | None
    output_tokens: int | None
    reasoning_effort: str | None
    price: tuple[float, float] | str | None
    price_cached: float | None
    price_reasoning: float | None
    prices: Text | None
    key: Text | None
    new_ledger: bool
    no_ledger: bool
    timestamp: str | None
    api_key_env: str | Mapping[str, str] | None


class Choices(Sending, total=False):
    """What ``audit`` and ``run`` share: the rest is about what is asked."""

    data: Text | None
    question: str | None
    answer: str | None
    sheet_name: str | None
    instruction: str | None
    choices: str | Iterable[str] | None
    skip_empty: bool
    limit: int | None
    budget: str | float | None
    with_texts: bool
    scorer: str | None
    batch: bool
    batch_growth: str | float | None


class AuditChoices(Choices, total=False):
    """The keyword arguments of ``audit``; ``task_files`` is ``task``."""

    task: Text | Iterable[Text] | None
    task_files: Text | Iterable[Text] | None
    tolerance: str | float | None
    detect: str | Iterable[str] | None
    detect_weight: str | float | None
    accept_model: bool
    allow_part: bool
    difficulty: Text | Iterable[Text] | None
    source: Text | Iterable[Text] | None


class RunChoices(Choices, total=False):
    """The keyword arguments of ``run``."""

    prompt: str
    shots: int | None
    window: str
    temperature: float | None
    repeats: int | None


class ResumeChoices(TypedDict, total=False):
    """The keyword arguments of ``resume``."""

    finalize: bool
    progress: bool
    data: Text | None
    task: Text | Iterable[Text] | None
    question: str | None
    answer: str | None
    deadline: str | float | None
    patience: str | float | None
    key: Text | None
    timestamp: str | None
    api_key_env: str | Mapping[str, str] | None


# Names that the calls had first, and that of the command's option.
_OTHER_NAMES = {"task_files": "task"}


def takes(kind: type) -> Callable[[F], F]:
    """Show the keyword arguments of ``kind`` one by one in a function's signature, for ``help`` and completion."""

    def change(function: F) -> F:
        own = inspect.signature(function)
        plain = [each for each in own.parameters.values() if each.kind is not each.VAR_KEYWORD]
        named = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in _names(kind)]
        function.__signature__ = own.replace(parameters=[*plain, *named])  # type: ignore[attr-defined]
        return function

    return change


def check_names(function: str, kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were given, by the command's names.

    Raises TypeError for a name that there is not, as Python does, and names the likeliest; and where one is given by
    both of its names.
    """
    for name in given:
        if name not in _names(kind):
            near = difflib.get_close_matches(name, _names(kind), 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(_names(kind))}"
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{meant}")
    found = {name: value for name, value in given.items() if value is not None}
    for other, name in _OTHER_NAMES.items():
        if other in found and name in found:
            raise TypeError(f"{function}() got {name!r} and {other!r}, which are the same: give {name!r}")
        if other in found:
            found[name] = found.pop(other)
    return found


def names_in(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """One name or several."""
    return (value,) if isinstance(value, str) else tuple(value or ())


def _names(kind: type) -> list[str]:
    return list(kind.__annotations__)


def path_of(value: Text | None) -> Path | None:
    """A path of a str or Path; ``~`` is the home folder."""
    return None if value is None else Path(value).expanduser()


def arguments_from(given: Mapping[str, Any], model: AnyModels | None) -> RunArguments:
    """The record of what a call asks; a resume needs no model. Raises InputError for a value that cannot be used."""
    _check_numbers(given)
    models = {} if model is None else models_by_role(model)
    files = given.get("task", ())
    plain = (
        "limit",
        "concurrency",
        "timeout",
        "rpm",
        "tpm",
        "max_tokens",
        "max_cost",
        "output_tokens",
        "with_texts",
        "scorer",
    )
    flags = ("accept_model", "allow_part", "new_ledger", "no_ledger", "batch")
    return RunArguments(
        models=models,
        keys=_keys_by_role(given) | {role: name for role, each in models.items() if (name := key_of(each))},
        out=path_of(given.get("out")),
        data=path_of(given.get("data", os.environ.get("STEELYARD_DATA") or None)),
        task_files=tuple(Path(file).expanduser() for file in ([files] if isinstance(files, Text) else files)),
        budget_seconds=read_duration(given.get("budget"), "budget"),
        price=price_pair(given.get("price"), "price"),
        price_cached=single_price(given.get("price_cached"), "price_cached"),
        price_reasoning=single_price(given.get("price_reasoning"), "price_reasoning"),
        prices=path_of(given.get("prices")),
        ends_at=ends_after(read_duration(given.get("deadline"), "deadline")),
        patience_seconds=read_duration(given.get("patience"), "patience"),
        key=path_of(given.get("key")),
        timestamp=given.get("timestamp", ""),
        reasoning_effort=effort_word(given.get("reasoning_effort"), "reasoning_effort"),
        own_files=_own_files(given),
        batch_growth=None if given.get("batch_growth") is None else str(given["batch_growth"]),
        shows_progress=bool(given.get("progress")),
        **{name: given[name] for name in (*plain, *flags) if name in given},
    )


def _own_files(given: Mapping[str, Any]) -> FileOptions:
    from steelyard.tasks.file_options import instruction_of, labels_of

    return FileOptions(
        **{name: given[name] for name in ("question", "answer", "skip_empty") if name in given},
        sheet=given.get("sheet_name", ""),
        instruction=instruction_of(given.get("instruction", "")),
        choices=labels_of(given.get("choices", ())),
    )


def _check_numbers(given: Mapping[str, Any]) -> None:
    for ranges, kinds, noun in ((WHOLE_RANGES, int, "a whole number"), (REAL_RANGES, int | float, "a number")):
        for name, (low, high) in ranges.items():
            value = given.get(name, low)
            fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value
            if not fits or (high is not None and value > high):
                bounds = f"from {low} on" if high is None else f"from {low} to {high:,}"
                raise InputError(f"{name} takes {noun} {bounds}, not {value!r}")
    cost = given.get("max_cost", 1.0)
    if not isinstance(cost, int | float) or not 0 < cost < math.inf:
        raise InputError(f"max_cost takes an amount above 0, not {cost!r}")


def _keys_by_role(given: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables that hold API keys, by role; a plain name is the subject's."""
    names = given.get("api_key_env") or {}
    return {SUBJECT: names} if isinstance(names, str) else dict(names)
