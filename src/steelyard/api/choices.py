"""The keyword arguments of ``audit`` and ``run``: the options of the commands, under the same names."""

from __future__ import annotations

import inspect
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar

from steelyard.errors import InputError
from steelyard.records import SUBJECT
from steelyard.util.duration import read_duration

if TYPE_CHECKING:
    from steelyard.planning.options import Options

__all__ = [
    "AuditChoices",
    "Choices",
    "RunChoices",
    "check_names",
    "deadline_of",
    "keys_by_role",
    "options_from",
    "path_of",
    "takes",
]

Text = str | Path
F = TypeVar("F", bound=Callable[..., Any])


class Choices(TypedDict, total=False):
    """What ``audit`` and ``run`` share. None, or leaving an argument out, is the command's default."""

    out: Text | None
    progress: bool
    data: Text | None
    task_files: Text | Iterable[Text] | None
    limit: int | None
    budget: str | float | None
    deadline: str | float | None
    patience: str | float | None
    concurrency: int | None
    timeout: float | None
    rpm: int | None
    tpm: int | None
    max_tokens: int | None
    max_cost: float | None
    price: tuple[float, float] | str | None
    prices: Text | None
    with_texts: bool
    key: Text | None
    api_key_env: str | Mapping[str, str] | None


class AuditChoices(Choices, total=False):
    """The keyword arguments of ``audit``."""

    tolerance: str | float | None
    detectors: Iterable[str] | None


class RunChoices(Choices, total=False):
    """The keyword arguments of ``run``."""

    prompt: str
    shots: int | None
    temperature: float | None
    repeats: int | None


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
    """The arguments that were given; raises TypeError for a name that there is not, as Python does."""
    for name in given:
        if name not in _names(kind):
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return {name: value for name, value in given.items() if value is not None}


def _names(kind: type) -> list[str]:
    return list(kind.__annotations__)


def path_of(value: Text | None) -> Path | None:
    """A path of a str or Path; ``~`` is the home folder."""
    return None if value is None else Path(value).expanduser()


def deadline_of(given: Mapping[str, Any]) -> float | None:
    """When the call must end, in seconds of ``time.monotonic``; raises InputError for what is no duration."""
    seconds = read_duration(given.get("deadline"), "deadline")
    return None if seconds is None else time.monotonic() + seconds


def options_from(given: Mapping[str, Any], uris: Mapping[str, str]) -> Options:
    """The plan's options; prices of a table are looked up by each role's URI. Raises InputError for bad values."""
    from steelyard.api.limits import limits_of
    from steelyard.planning.options import Options

    _check_numbers(given)
    files = given.get("task_files", ())
    data = given.get("data", os.environ.get("STEELYARD_DATA") or None)
    chosen = {name: given[name] for name in ("limit", "concurrency", "with_texts", "repeats") if name in given}
    return Options(
        **chosen,
        tolerance=str(given.get("tolerance", "2")),
        budget_seconds=read_duration(given.get("budget"), "budget"),
        data=path_of(data),
        task_files=tuple(Path(file).expanduser() for file in ([files] if isinstance(files, Text) else files)),
        role_limits={role: limits_of(_limits(given), uri) for role, uri in uris.items()},
        attempt_timeout=float(given.get("timeout", 120.0)),
        detectors=tuple(given.get("detectors", ())),
    )


def _limits(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of limits as the command line gives them."""
    price = given.get("price")
    joined = price if price is None or isinstance(price, str) else ",".join(map(str, price))
    return {**given, "price": joined, "prices": path_of(given.get("prices"))}


# The ranges of the command's options; None: no upper bound.
_WHOLE: Final = {
    "limit": (1, None),
    "concurrency": (1, 1000),
    "repeats": (1, 1000),
    "rpm": (1, None),
    "tpm": (1, None),
    "max_tokens": (1, None),
    "shots": (0, None),
}
_REAL: Final = {"timeout": (0.1, 86400), "temperature": (0, 2)}


def _check_numbers(given: Mapping[str, Any]) -> None:
    for ranges, kinds, noun in ((_WHOLE, int, "a whole number"), (_REAL, int | float, "a number")):
        for name, (low, high) in ranges.items():
            value = given.get(name, low)
            fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value
            if not fits or (high is not None and value > high):
                bounds = f"from {low} on" if high is None else f"from {low} to {high:,}"
                raise InputError(f"{name} takes {noun} {bounds}, not {value!r}")
    cost = given.get("max_cost", 1.0)
    if not isinstance(cost, int | float) or not 0 < cost < math.inf:
        raise InputError(f"max_cost takes an amount above 0, not {cost!r}")


def keys_by_role(given: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables that hold API keys, by role; a plain name is the subject's."""
    names = given.get("api_key_env") or {}
    return {SUBJECT: names} if isinstance(names, str) else dict(names)
