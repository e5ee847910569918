"""While something is planned, the hub of data sets is asked once whether it can be reached.

Its client tries each file six times, which takes half a minute for every benchmark where there is no network. Where the
hub does not answer, only what the client has kept of it here is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from steelyard.util.text import one_line

__all__ = ["hub_asked_once", "using_hub"]

_SECONDS: Final = 10.0  # to connect, as the client itself waits
_TRIES: Final = 2
_OFFLINE: Final = threading.RLock()


@dataclass
class _Asked:
    """``reason``: why the hub cannot be reached, "" where it can, None before it is asked."""

    reason: str | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)


_ASKED: ContextVar[_Asked | None] = ContextVar("hub_asked", default=None)


@contextmanager
def hub_asked_once() -> Iterator[None]:
    """A block in which the hub is asked at most once whether it can be reached, also by the threads that it starts."""
    token = _ASKED.set(_Asked())
    try:
        yield
    finally:
        _ASKED.reset(token)


@contextmanager
def using_hub() -> Iterator[str]:
    """A block that uses the hub's client; yields why the hub cannot be reached, "" where it may be.

    Where it cannot, the client looks at its own copies alone. The client must be installed.
    """
    asked = _ASKED.get()
    if asked is None:
        yield ""
        return
    with asked.guard:
        if asked.reason is None:
            asked.reason = _why_not_reached()
    if not asked.reason:
        yield ""
        return
    with _client_offline():
        yield asked.reason


def _why_not_reached() -> str:
    """One request for the hub's first page: any reply means that it can be reached."""
    try:
        from huggingface_hub import constants
        from huggingface_hub.utils import get_session  # type: ignore[attr-defined]
    except ImportError:  # the client says itself what it needs
        return ""
    if constants.HF_HUB_OFFLINE:
        return ""
    reason = ""
    for _ in range(_TRIES):
        try:
            get_session().head(constants.ENDPOINT, timeout=_SECONDS)
        except Exception as error:  # the client's own library, of which there are several, raises its own types
            reason = f"{type(error).__name__}: {one_line(str(error), 120)}".rstrip(": ")
        else:
            return ""
    return reason


@contextmanager
def _client_offline() -> Iterator[None]:
    """The client's own offline mode, by which it finds its copies at once."""
    with ExitStack() as changed, _OFFLINE:
        for module, name in _switches():
            changed.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, True)
        yield


def _switches() -> list[tuple[Any, str]]:
    from huggingface_hub import constants

    switches: list[tuple[Any, str]] = [(constants, "HF_HUB_OFFLINE")]
    try:
        from datasets import config
    except ImportError:  # a single file needs huggingface_hub alone
        return switches
    return [*switches, (config, "HF_HUB_OFFLINE")]
