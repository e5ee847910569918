"""Questions of the user's own under the name of a public benchmark: a new plan has none, and of an old one it is said.

A verdict on such questions would read as one about the benchmark, whoever wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from steelyard.claims.benchmarks import lookup
from steelyard.errors import InputError
from steelyard.planning.sources import FILE
from steelyard.tasks import is_built_in, load_task
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.records import Plan

__all__ = [
    "check_not_built_in",
    "check_not_public",
    "not_the_benchmark",
    "own_file_remark",
    "own_under_public_names",
    "remarked",
]

_REMARK: Final = re.compile(r"Asked from a task file of the user's own, not from the built-in task (.{1,200})\.")


def own_file_remark(task: str, origin: str) -> tuple[str, ...]:
    """The difference to report where a file of the user's own has the name of a built-in task.

    ``origin`` is where the task comes from, as in ``Plan.tasks``.
    """
    if origin != FILE or not is_built_in(task):
        return ()
    return (f"Asked from a task file of the user's own, not from the built-in task {task}.",)


def remarked(differences: Iterable[str]) -> tuple[str, ...]:
    """The tasks that these differences say to be files of the user's own."""
    return tuple(found[1] for each in differences if (found := _REMARK.fullmatch(each)))


def check_not_built_in(names: Iterable[str]) -> None:
    """Raise InputError for a task of the user's own that has the name or an alias of a built-in benchmark."""
    for name in names:
        if is_built_in(name):
            raise _taken(name, load_task(name).title)


def check_not_public(names: Iterable[str]) -> None:
    """As :func:`check_not_built_in`, and for the benchmarks that are known and have no task here, too."""
    for name in names:
        check_not_built_in([name])
        if known := lookup(name):
            raise _taken(name, known.title)


def own_under_public_names(plan: Plan) -> tuple[str, ...]:
    """The names of public benchmarks under which a plan asks questions of the user's own."""
    own = (name for name, origin in plan.tasks.items() if origin == FILE)
    return tuple(one_line(name, 80) for name in own if is_built_in(name) or lookup(name))


def not_the_benchmark(names: Iterable[str]) -> str:
    """``Asked were questions of the user's own, not the benchmark gsm8k.``; "" without a name."""
    named = ", ".join(dict.fromkeys(one_line(name, 80) for name in names))
    if not named:
        return ""
    return f"Asked were questions of the user's own, not the benchmark{'s' if ', ' in named else ''} {named}."


def _taken(name: str, title: str) -> InputError:
    called = one_line(name, 80)
    return InputError(
        f"questions of your own are called {called!r}, which is the public benchmark {one_line(title, 80)}: "
        f"rename them, in the claim sheet, too (a part or a translation as {one_line(name, 40)}_de)"
    )
