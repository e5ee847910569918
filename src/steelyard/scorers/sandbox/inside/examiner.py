"""Runs in the examiner's sandbox: the data set's tests, which see the model's code only through the values it returns.

The model's code is not in this process, nor in this sandbox. What it returns is plain data, built here from bytes, so
that every comparison in a test is made by this interpreter's own ``==``; anything else is a :class:`Remote`,
which equals nothing. The verdict goes to a pipe that only this process holds.
"""

from __future__ import annotations

import builtins
import os

from .values import Malformed, NotPlain, TooMuch, decode, encode, read_frame, write_frame

TYPE_CHECKING = False  # typing itself takes longer to import than all that is done here
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main"]


class Ended(BaseException):
    """The candidate's process has ended or sent invalid data. It is detected even where a test catches this."""


class Unsendable(BaseException):
    """A test passes something that is not plain data: an error of the task."""


class Remote:
    """An object that stays with the candidate. It can be called and have its attributes read and set, nothing else."""

    __slots__ = ("_line", "_number")

    def __init__(self, line: Line, number: int) -> None:
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_number", number)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._line.ask("call", self, arguments, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._line.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._line.ask("set", self, name, value)

    def _refused(self, *_: Any) -> bool:
        raise TypeError("the candidate returned an object that is not plain data")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refused
    __hash__ = None  # type: ignore[assignment]


class Line:
    """The line to the candidate: one question, one answer."""

    def __init__(self, receive: int, send: int) -> None:
        self._receive, self._send = receive, send
        self.last_raised = ""
        self.fault: BaseException | None = None

    def ask(self, *message: Any) -> Any:
        """The value that the candidate gives; raises the built-in exception that it raised, Ended or Unsendable."""
        if self.fault is not None:
            raise self.fault
        self.last_raised = ""
        try:
            write_frame(self._send, encode(message, _number_of))
            word, *rest = self.hear()
        except TooMuch:
            # It can only contain values from the candidate, so it is not an error of the task.
            self.last_raised = "ValueError"
            raise ValueError("a value larger than allowed") from None
        except NotPlain as error:
            self.fault = Unsendable(str(error))
        except (OSError, Ended):
            self.fault = Ended()
        if self.fault is not None:
            raise self.fault
        if word != "raised":
            return rest[0] if rest else None
        named = getattr(builtins, rest[0], None) if rest and isinstance(rest[0], str) else None
        kind: Any = named if isinstance(named, type) and issubclass(named, BaseException) else RuntimeError
        self.last_raised = kind.__name__
        arguments = _ARGUMENTS.get(kind.__name__, ("the candidate raised this",))
        # SystemExit and its like would end this process: they are a failure of the candidate like any other.
        raise kind(*arguments) if issubclass(kind, Exception) else RuntimeError(*arguments)

    def hear(self) -> tuple[Any, ...]:
        """The next message; raises Ended where there is none, or an invalid one."""
        try:
            frame = read_frame(self._receive)
            message = None if frame is None else decode(frame, lambda number: Remote(self, number))
        except (Malformed, OSError, RecursionError, MemoryError):
            message = None
        if not isinstance(message, tuple) or not message or not isinstance(message[0], str):
            raise Ended
        return message


# These cannot be made without their own arguments.
_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "UnicodeDecodeError": ("utf-8", b"", 0, 1, "the candidate raised this"),
    "UnicodeEncodeError": ("utf-8", "", 0, 1, "the candidate raised this"),
    "UnicodeTranslateError": ("", 0, 1, "the candidate raised this"),
    "ExceptionGroup": ("the candidate raised this", [RuntimeError()]),
}


def _number_of(value: Any) -> int:
    if type(value) is not Remote:
        raise NotPlain(f"the tests hand over an object of type {type(value).__name__}, which cannot be sent")
    number: int = object.__getattribute__(value, "_number")
    return number


def main() -> None:
    """Write ``started`` once both sides are up, run the tests, write the verdict: ASCII lines on standard error."""
    verdict = os.dup(2)
    line = Line(os.dup(0), os.dup(1))
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    try:
        line.hear()  # the candidate's side is up; of the model's code, nothing has run
    except Ended:
        return
    os.write(verdict, b"started\n")
    words = _examined(line)
    os.write(verdict, words.encode("ascii", "backslashreplace")[:400].replace(b"\n", b" ") + b"\n")
    os._exit(0)  # no exit handler of a test may run


def _examined(line: Line) -> str:
    with open("/job", "rb") as file:
        setup, names, tests = decode(file.read(), lambda number: None)
    namespace: dict[str, Any] = {"__name__": "tests"}
    try:
        exec(compile(setup, "<setup>", "exec", dont_inherit=True), namespace)  # noqa: S102
        program = compile(tests, "<tests>", "exec", dont_inherit=True)
    except BaseException as error:
        return f"unusable the code of the task does not run: {type(error).__name__}"
    try:
        line.ask("go")
        for name in names:
            namespace.pop(name, None)  # the data set's own stub of it
            try:
                namespace[name] = line.ask("name", name)
            except NameError:  # for the test that uses it to trip over
                continue
        exec(program, namespace)  # noqa: S102
        words = "passed"
    except AssertionError:
        words = "raised AssertionError" if line.last_raised else "wrong"
    except BaseException as error:  # a test of the data set may end in any way but ours
        words = f"raised {line.last_raised or type(error).__name__}"
    if isinstance(line.fault, Unsendable):
        return f"unusable {line.fault}"
    return words if line.fault is None else "ended"
