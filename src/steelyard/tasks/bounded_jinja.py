"""Jinja in a sandbox that counts: a stranger's template ends soon, and takes little memory, whatever it holds.

Jinja's own sandbox keeps a template from the machine, not from its time and memory. Here every rendering has an
allowance of characters and of steps. What is read or made is charged to it, and what can be much larger than what it is
made from (repeated, padded, replaced, joined or formatted texts, powers) is measured before it is made. Macros,
recursion and other templates are not offered, so that the body of a loop is all that can be repeated.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from string import Formatter
from types import BuiltinMethodType, MethodType
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from steelyard.errors import InputError

__all__ = ["MAX_TEXT", "BoundedEnvironment", "check_size", "within_allowance"]

MAX_TEXT: Final = 4 << 20  # characters of one text
MAX_CHARACTERS: Final = 32 << 20  # read or made in one rendering, with what its steps count for
_STEP: Final = 100  # characters that one call, or one expression of a round of a loop, counts for
MAX_VALUES: Final = 1 << 18  # of one list, with what its lists hold
_MAX_BITS: Final = 4096  # of a whole number
_NOT_OFFERED: Final = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
)
_TEXT_METHODS: Final = (
    "strip lstrip rstrip lower upper title capitalize casefold swapcase split rsplit splitlines partition rpartition "
    "startswith endswith removeprefix removesuffix find rfind index rindex count replace join center ljust rjust zfill "
    "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper "
    "format format_map"
)
_METHODS: Final[Mapping[type, frozenset[str]]] = {
    str: frozenset(_TEXT_METHODS.split()),
    list: frozenset({"index", "count"}),
    tuple: frozenset({"index", "count"}),
    dict: frozenset({"get", "items", "keys", "values"}),
    float: frozenset({"is_integer"}),
    LoopContext: frozenset({"cycle", "changed"}),
}
_LESS: Final = "take loops and copies out"
_ROUNDS: Final = "rounds of a loop"  # no filter of a template can have this name
_PADDED: Final = frozenset({"center", "ljust", "rjust", "zfill"})
# A width or precision of a conversion such as %10.3f, and more: what only looks like one counts too.
_WIDTHS: Final = re.compile(r"(\d+)(?:\.(\d*))?[hlL]*[a-zA-Z%]|\.(\d+)[hlL]*[a-zA-Z%]")
_VALUE_WEIGHT: Final = 8  # to look at a value of a list takes as long as to copy so many characters

# One rendering at a time: they hold the interpreter all the while, and a lock is faster than a counter of each thread.
_rendering = threading.Lock()
_left = [0]


def within_allowance(action: Callable[[], Any]) -> Any:
    """Do one rendering, with an allowance of its own; raises InputError where it is spent."""
    with _rendering:
        _left[0] = MAX_CHARACTERS
        return action()


def _charge(characters: int) -> None:
    _left[0] -= characters
    if _left[0] < 0:
        raise InputError(f"takes more than {MAX_CHARACTERS // _STEP:,} steps or {MAX_CHARACTERS:,} characters: {_LESS}")


def check_size(characters: int) -> None:
    """Raise InputError for more characters than a text may have, before they are made."""
    if characters > MAX_TEXT:
        raise InputError(f"makes a text or list of more than {MAX_TEXT:,} characters")


def _size(value: Any) -> int:
    """About how many characters a value has as text; raises InputError beyond the limits, without reading it all."""
    kind = type(value)
    if kind is str:
        return len(value)
    if kind is int or kind is bool:
        if value.bit_length() > _MAX_BITS:
            raise InputError(f"makes a number of more than {_MAX_BITS} bits")
        return int(value.bit_length()) // 3 + 1
    if kind is list and len(value) < 100 and all(type(entry) is str for entry in value):
        return sum(map(len, value)) + _VALUE_WEIGHT * len(value)
    if kind not in (list, tuple, dict):
        return len(value) if isinstance(value, str | bytes) else 1
    waiting, size, count = [value], 0, 0
    while waiting:
        within = waiting.pop()
        count += len(within)
        _check_count(count)
        for each in (within, within.values()) if isinstance(within, dict) else (within,):
            for entry in each:
                if type(entry) is str:
                    size += len(entry)
                elif isinstance(entry, list | tuple | dict):
                    waiting.append(entry)
                else:
                    size += _size(entry)
        if size > MAX_TEXT:
            check_size(size)
    return size + _VALUE_WEIGHT * count


def _check_count(count: int) -> None:
    if count > MAX_VALUES:
        raise InputError(f"makes a list of more than {MAX_VALUES:,} values")


def _made(value: Any) -> Any:
    """A value that was made, charged."""
    size = len(value) if type(value) is str else _size(value)
    if size > MAX_TEXT:
        check_size(size)
    _charge(size)
    return value


def _before_replace(text: Any, old: Any, new: Any = "", *_: Any, **__: Any) -> None:
    text, old, new = str(text), str(old), str(new)
    check_size(len(text) + text.count(old) * len(new))


def _before_join(values: Any, glue: Any = "", *_: Any, **__: Any) -> None:
    if isinstance(values, list | tuple | dict | str):
        check_size(_size(values) + len(values) * len(str(glue)))


def _before_pattern(text: Any, _: Any, new: Any = "") -> None:
    # As if every character matched, which is rare: so a result may be larger for a moment. All matches together put in
    # again at most the whole text for each group.
    text, new = str(text), str(new)
    check_size(((len(text) + 1) * len(new) + len(text) * new.count("\\")) // 16)


_BEFORE: Final[Mapping[str, Callable[..., None]]] = {
    "replace": _before_replace,
    "join": _before_join,
    "regex_replace": _before_pattern,
}


def _metered(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test that is charged for what it reads and makes."""
    before = _BEFORE.get(name)
    makes_values = name == "map"  # lazily, so that nothing could be measured
    skipped = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        cost = _STEP
        for each in args[skipped:] if skipped else args:
            cost += len(each) if type(each) is str else _size(each)
        if named:
            cost += sum(map(_size, named.values()))
        if before is not None:
            before(*args[skipped:], **named)
        result = function(*args, **named)
        if type(result) is str and len(result) <= MAX_TEXT:  # as _made, without a call: most filters end here
            _left[0] -= cost + len(result)
            if _left[0] < 0:
                _charge(0)
            return result
        _charge(cost)
        return _made(_taken(result) if makes_values else result)

    return run


def _taken(values: Any) -> list[Any]:
    taken: list[Any] = []
    for value in values:
        taken.append(value)
        _check_count(len(taken))
    return taken


@pass_context  # so that nothing is printed when the template is compiled, where it could not be charged each time
def _shown(_: Context, value: Any) -> Any:
    """What is printed."""
    if type(value) is str:
        _left[0] -= len(value)
        if _left[0] < 0:
            _charge(0)
        return value
    return _made(value)


class _Generator(CodeGenerator):
    """Generates code that asks the environment where Jinja's own would not."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.concatenated((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.made(")
        self.visit(node.node, frame)
        self.write(")[")
        self.visit(node.arg, frame)
        self.write("]")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802
        self._made_by(super().visit_List, node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        self._made_by(super().visit_Dict, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802
        if node.ctx == "load":
            self._made_by(super().visit_Tuple, node, frame)
        else:  # names that are set
            super().visit_Tuple(node, frame)

    def _made_by(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        # Lists that hold one list many times begin here: what a row holds has its own size.
        self.write("environment.made(")
        visit(node, frame)
        self.write(")")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        self.write("(environment.made(")
        self.visit(node.expr, frame)
        self.write(")")
        for operand in node.ops:
            self.write(f" {operators[operand.op]} environment.made(")
            self.visit(operand.expr, frame)
            self.write(")")
        self.write(")")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The environment: strict, without globals, with the ``filters`` that are given. Use it within :func:`allowance`.

    Everything raises InputError, jinja2.TemplateError or Python's own errors of the values.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Generator

    def __init__(self, filters: Mapping[str, Callable[..., Any]], kept: tuple[str, ...]) -> None:
        # Prompts are plain text, not HTML: escaping would change what the model is asked.
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            cache_size=0,
            finalize=_shown,
            optimized=False,  # nothing is computed before the rendering, and so outside its allowance
        )
        self.globals.clear()
        offered: dict[str, Callable[..., Any]] = {name: self.filters[name] for name in kept} | dict(filters)
        self.filters = {name: _metered(name, function) for name, function in offered.items()}
        self.filters[_ROUNDS] = _rounds
        plain = {name: test for name, test in self.tests.items() if name in ("defined", "undefined")}
        tests: Mapping[str, Any] = self.tests
        self.tests = {name: _metered(name, test) for name, test in tests.items()} | plain

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for refused in tree.find_all(_NOT_OFFERED):
            raise InputError(f"line {refused.lineno}: {type(refused).__name__.lower()} is not offered in templates")
        for loop in list(tree.find_all(nodes.For)):
            if loop.recursive:
                raise InputError(f"line {loop.lineno}: a recursive loop is not offered in templates")
            written = sum(len(part.data) for part in loop.find_all(nodes.TemplateData))
            written += sum(len(part.value) for part in loop.find_all(nodes.Const) if isinstance(part.value, str))
            weight = 1 + sum(1 for _ in loop.find_all(nodes.Expr))
            cost: list[nodes.Expr] = [nodes.Const(written + _STEP * weight)]
            loop.iter = nodes.Filter(loop.iter, _ROUNDS, cost, [], None, None, lineno=loop.lineno, environment=self)
        return tree

    def made(self, value: Any) -> Any:
        """A value that was read or made, charged."""
        return _made(value)

    def concatenated(self, values: tuple[Any, ...]) -> str:
        """The texts of the values, one after another: ``a ~ b``."""
        for value in values:
            _made(value)
        return str(_made("".join(map(str, values))))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """``+``, ``*``, ``**`` and ``%``: what they would make is measured before."""
        if type(left) is int and type(right) is int and -(1 << 31) < left < 1 << 31 and -(1 << 31) < right < 1 << 31:
            if operator == "**" and right * left.bit_length() > _MAX_BITS:
                raise InputError(f"makes a number of more than {_MAX_BITS} bits")
            return super().call_binop(context, operator, left, right)
        size = _size(left) + _size(right)
        if operator == "*":
            times = [each for each in (left, right) if isinstance(each, int)]
            check_size(max(0, *times) * size if times and not all(isinstance(e, int) for e in (left, right)) else size)
        elif operator == "**":
            if isinstance(left, int) and isinstance(right, int):
                raise InputError(f"makes a number of more than {_MAX_BITS} bits")
        elif operator == "%" and isinstance(left, str):
            if "*" in left:
                raise InputError("a width that is a value is not offered in templates")
            numbers = [number for each in _WIDTHS.findall(left) for number in each if number]
            _check_formatted(len(left), left.count("%"), numbers, right)
        _charge(size)
        return _made(super().call_binop(context, operator, left, right))

    def call(self, context: Context, called: Any, /, *args: Any, **named: Any) -> Any:
        """A method of a text, a list or a mapping, of those that are offered."""
        if isinstance(called, Undefined):
            return super().call(context, called, *args, **named)  # raises, and says what is missing
        owner = getattr(called, "__self__", None)
        name = getattr(called, "__name__", "")
        is_format = name in ("format", "format_map") and hasattr(called, "_steelyard_format")
        if not is_format and (
            not isinstance(called, MethodType | BuiltinMethodType) or name not in _METHODS.get(type(owner), ())
        ):
            raise InputError(f"{name[:40] or 'what is called'!r} is not a method that templates offer")
        _charge(_STEP + _size([owner, *args, *named.values()]))
        if type(owner) is str:
            _before_method(owner, name, args, named)
        result = super().call(context, called, *args, **named)
        return _made(list(result) if type(owner) is dict and name != "get" else result)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """As Jinja's, and measured before."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        inner = wrapped

        @wraps(inner)
        def run(*args: Any, **named: Any) -> str:
            pattern = value.__self__
            fields = [(name, spec or "") for _, name, spec, _ in Formatter().parse(pattern) if name is not None]
            if any("{" in spec for _, spec in fields):
                raise InputError("a width that is a value is not offered in templates")
            numbers = [number for _, spec in fields for number in re.findall(r"\d+", spec)]
            _check_formatted(len(pattern), len(fields), numbers, [*args, named])
            return inner(*args, **named)

        run._steelyard_format = True  # type: ignore[attr-defined]
        return run


def _rounds(values: Any, cost: int) -> Iterator[Any]:
    """The values of a loop; each round is charged for the text that stands in the loop and for what it does."""
    left = _left
    for value in values:
        left[0] -= cost
        if left[0] < 0:
            _charge(0)
        yield value


def _before_method(owner: str, name: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    if name in _PADDED and args and isinstance(args[0], int):
        check_size(args[0])
    elif name == "replace" and len(args) > 1:
        _before_replace(owner, *args[:2])
    elif name == "join" and args:
        _before_join(args[0], owner)


def _check_formatted(length: int, fields: int, numbers: list[str], values: Any) -> None:
    """Check a formatted text before it is made: its widths, and each field as if it held all the values."""
    if any(len(number) > len(str(MAX_TEXT)) for number in numbers):
        check_size(MAX_TEXT + 1)
    check_size(length + sum(map(int, numbers)) + fields * _size(values))
