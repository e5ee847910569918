"""``python:PACKAGE.MODULE:FUNCTION``: a function of the user's own as the model, in this process and not sandboxed.

It gets the messages (``[{"role": "user", "content": "…"}]``) and returns the answer as text; it may be ``async``. One
that says ``FUNCTION.takes_images = True`` is asked what shows images, too: the content is then a list of parts, each
``{"type": "text", "text": "…"}`` or ``{"type": "image", "media_type": "image/png", "data": b"…"}``. Its
name is imported when it is opened, as a user's command says it: a plan, a suite or a folder names no model to open.
What identifies it is its name and the SHA-256 of the named module's file and of the one that defines the function.
What the function calls is in neither.

A plain function runs on a thread, one call at a time, since it may not be safe for several; an ``async`` one on an
event loop of its own, so that it holds up nothing else where it blocks. An exception is a failed call, and one whose
time is over a missing answer. Neither is made again: what may be tried again is the function's own business.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.content_parts import parts_of
from steelyard.models.environment_secrets import without_secrets
from steelyard.models.function_threads import CallEnded, OwnLoop, OwnThread, named
from steelyard.models.stops import cut_answer_at_stop
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    Image,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
)
from steelyard.util.text import one_line

__all__ = ["PythonFunction", "open_python"]

ASYNC_AT_ONCE: Final = 16
MAX_DETAIL: Final = 300
_NAME: Final = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def open_python(rest: str, settings: Settings) -> PythonFunction:
    """Import and open ``PACKAGE.MODULE:FUNCTION``; raises InputError where there is none, or its source is no file."""
    if settings.reasoning_effort:
        raise InputError(f"python:{one_line(rest, 120)} takes no reasoning effort: leave out --reasoning-effort")
    found = _NAME.fullmatch(rest)
    if found is None:
        raise InputError(f"a function is named python:PACKAGE.MODULE:FUNCTION, not python:{one_line(rest, 120)}")
    function = _imported(found[1], found[2])
    return PythonFunction(rest, function, _sources_of(function, found[1]), settings)


class PythonFunction:
    """A function as a :class:`steelyard.plugins.Model`; ``sources`` are the files that identify it, one or two."""

    def __init__(self, name: str, function: Callable[..., Any], sources: Sequence[Path], settings: Settings) -> None:
        self._name, self._function = name, function
        self._digests = [sha256(source.read_bytes()).hexdigest() for source in sources]
        self._defined_in = sources[-1].name
        call = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
        self._is_async = inspect.iscoroutinefunction(call)
        self._takes_images = bool(getattr(function, "takes_images", False))
        self._at_once = min(settings.concurrency, ASYNC_AT_ONCE) if self._is_async else 1
        self._thread, self._loop = OwnThread(), OwnLoop()
        self._turn = asyncio.Semaphore(self._at_once)

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """The function's name, the SHA-256 of its source, and the distribution that it came with.

        Of two files it is that of their digests, one a line; the details hold both.
        """
        module, _, qualified = self._name.partition(":")
        details = {"module": module, "function": qualified, "package": _distribution_of(module)}
        whole = self._digests[0]
        if len(self._digests) > 1:
            of_module, of_definition = self._digests
            details |= {"module_sha256": of_module}
            details |= {"defined_in": one_line(self._defined_in, 120), "defined_in_sha256": of_definition}
            whole = sha256(f"{of_module}\n{of_definition}\n".encode()).hexdigest()
        identity = ModelIdentity(
            uri=f"python:{self._name}",
            name=self._name,
            sha256=whole,
            backend=f"Python {platform.python_version()}",
            machine=platform.machine(),
            details=details,
        )
        return identity, Capabilities(
            chat=True, completions=False, concurrency=self._at_once, images=self._takes_images
        )

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Call the function with the messages of a request."""
        if request.images and not self._takes_images:
            return _failed("the function does not say that it takes images")
        try:
            answer = await self._called(_messages(request))
        except CallEnded as ended:
            return _failed(str(ended))
        except Exception as error:  # the user's own code may raise anything
            return _failed(named(error))
        if not isinstance(answer, str):
            return _failed(f"the function returned {type(answer).__name__}, not text")
        text, _ = cut_answer_at_stop(answer, request.stop)
        return ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop")

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """A function gives text alone."""
        return _failed("a function gives no log-likelihoods")

    async def wait_turn(self, seconds: float) -> None:
        """Wait, at most so long, until what an earlier call left running is over."""
        await (self._loop if self._is_async else self._thread).wait(seconds)

    async def close(self) -> None:
        """Give up the event loop: a call that still runs ends with the process."""
        self._loop.close()

    async def _called(self, messages: list[dict[str, Any]]) -> Any:
        if self._is_async:
            async with self._turn:
                return await self._loop.call(lambda: self._function(messages))
        answer = await self._thread.call(lambda: self._function(messages))
        return await self._loop.call(lambda: answer) if inspect.isawaitable(answer) else answer


# ── saying ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _messages(request: GenerateRequest) -> list[dict[str, Any]]:
    system = [("system", request.system)] if request.system else []
    said: Sequence[tuple[str, Any]] = [
        *system,
        *((turn.role, turn.text) for turn in request.history),
        ("user", [_part(each) for each in parts_of(request)] if request.images else request.prefix + request.prompt),
    ]
    return [{"role": role, "content": content} for role, content in said]


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image", "media_type": part.media_type, "data": part.data}


def _failed(detail: str) -> ModelOutput:
    """A failed call, in one line without what the environment calls a secret."""
    return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=one_line(without_secrets(detail), MAX_DETAIL))


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _imported(module: str, qualified: str) -> Callable[..., Any]:
    """The function by its name; modules in the working folder come after those that are installed."""
    if (here := os.getcwd()) not in sys.path:  # sys.path holds texts
        sys.path.append(here)
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(module)
        for name in qualified.split("."):
            if not hasattr(found, name):
                raise InputError(f"python:{module}:{qualified}: there is no {name} in {module}")
            found = getattr(found, name)
    except (KeyboardInterrupt, InputError):
        raise
    except ModuleNotFoundError as error:
        missing = one_line(without_secrets(str(error.name)), MAX_DETAIL)
        raise InputError(
            f"python:{module}: there is no module {missing}: run from the folder that it is in, or install it"
        ) from None
    except BaseException as error:  # a module runs when it is imported: sys.exit, pytest's skip, a cancelled task
        raise InputError(
            f"python:{module}: cannot be imported: {one_line(without_secrets(named(error)), MAX_DETAIL)}"
        ) from None
    if not callable(found) or inspect.isclass(found):
        raise InputError(f"python:{module}:{qualified}: is no function: it is called with a list of messages")
    function: Callable[..., Any] = found
    return function


def _sources_of(function: Callable[..., Any], module: str) -> list[Path]:
    """The named module's file, and the one in which the function is defined where that is another."""
    files = [getattr(sys.modules[module], "__file__", None)]
    with suppress(TypeError, ValueError):  # written in C, or wrapped in itself: the module's file is all there is
        files.append(inspect.getsourcefile(inspect.unwrap(_code_of(function))))
    found = [Path(file).resolve() for file in files if file is not None and Path(file).is_file()]
    if len(found) < len(files):
        raise InputError(f"python:{module}: its source is no file, so that nothing would identify it")
    return list(dict.fromkeys(found))


def _code_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """What runs when a function is called: of a partial its function, of another object its class's method."""
    while isinstance(function, partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def _distribution_of(module: str) -> str:
    """The installed distribution with its version, as ``support-bot 1.2``; ``file`` where the module is in none."""
    names = packages_distributions().get(module.partition(".")[0], [])
    return f"{names[0]} {version(names[0])}" if names else "file"
