"""Runs in the candidate's sandbox: the model's code, which serves the examiner's requests and returns values only.

This process holds no tests, expected values, token or verdict. Code that takes it over gains only what it has anyway:
to choose the values that it returns.
"""

from __future__ import annotations

import builtins
import os
import sys
import types

from .values import NotPlain, decode, encode, read_frame, write_frame

TYPE_CHECKING = False  # typing itself takes longer to import than all that is done here
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["main"]


def main() -> None:
    """Report ready, wait for the examiner, run the program, then answer until the examiner goes."""
    receive, send = _private_pipes()
    kept: list[Any] = []

    def keep(value: Any) -> int:
        kept.append(value)
        return len(kept) - 1

    def reply(*message: Any) -> None:
        write_frame(send, encode(message, keep))

    reply("ready")
    if read_frame(receive) is None:
        return
    with open("/job", "rb") as file:
        sources: list[str] = decode(file.read(), kept.__getitem__)
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # which programs expect, and start-up without packages left out
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        for number, source in enumerate(sources):
            exec(compile(source, f"<solution {number}>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        reply("loaded")
    except BaseException as error:  # whatever the model's code throws is an answer, SystemExit too
        reply("raised", _kind(error))
    for message in _messages(receive, kept):
        try:
            reply("value", _done(message, module))
        except NotPlain:
            reply("raised", "NotPlain")
        except BaseException as error:
            reply("raised", _kind(error))


def _private_pipes() -> tuple[int, int]:
    """Move the examiner's pipes away from standard input and output, so that prints are discarded."""
    receive, send = os.dup(0), os.dup(1)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return receive, send


def _messages(receive: int, kept: list[Any]) -> Iterator[Any]:
    while (frame := read_frame(receive)) is not None:
        yield decode(frame, kept.__getitem__)


def _done(message: tuple[Any, ...], module: types.ModuleType) -> Any:
    action, *rest = message
    if action == "name":
        if rest[0] not in module.__dict__:
            raise NameError(rest[0])
        return module.__dict__[rest[0]]
    if action == "call":
        function, arguments, named = rest
        return function(*arguments, **named)
    if action == "get":
        return getattr(rest[0], rest[1])
    setattr(rest[0], rest[1], rest[2])
    return None


def _kind(error: BaseException) -> str:
    """The name of the nearest built-in exception."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
