"""What a user asks of a run, in one record: the command line and the calls from Python both fill it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.records.file_options import FileOptions

if TYPE_CHECKING:
    from socket import socket

    from steelyard.models import Settings
    from steelyard.plugins import Model

__all__ = ["REAL_RANGES", "WHOLE_RANGES", "RunArguments", "effort_word", "ends_after"]

# What numbers may be, from the command line and from Python alike; None: no upper bound.
WHOLE_RANGES: Final[Mapping[str, tuple[int, int | None]]] = {
    "limit": (1, None),
    "concurrency": (1, 1000),
    "repeats": (1, 1000),
    "rpm": (1, None),
    "tpm": (1, None),
    "max_tokens": (1, None),
    "shots": (0, None),
    "output_tokens": (1, None),
}
REAL_RANGES: Final[Mapping[str, tuple[float, float]]] = {"timeout": (0.1, 86400), "temperature": (0, 2)}


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """A user's choices, read and typed.

    ``own_files``: how the questions of task files are read and asked. ``models`` and ``keys`` (environment
    variables that hold API keys) are by role; a model is a URI or an opened one. ``usual_keys``: whether
    STEELYARD_API_KEY and OPENAI_API_KEY are looked at for a model without one of its own. ``price`` is per million
    prompt and completion tokens, ``price_cached`` and ``price_reasoning`` per million of those of them that the
    endpoint had cached, and that were reasoning; ``prices`` is a table of all four. ``ends_at`` is the deadline in
    seconds of ``time.monotonic``. ``new_ledger`` begins a ledger for a key that has none, ``no_ledger`` does
    without; ``timestamp`` is the address of a time stamp authority. ``ray`` is the address of a cluster.
    ``batch`` asks by the provider's batches, ``batch_growth`` is how many times further each ends than the one before.
    ``api_keys`` are keys themselves by role, for a process in which no variable may hold them, and ``socket_factory``
    is as in :class:`steelyard.models.Settings`.
    ``owns_process``: the process does nothing but this run, so that its garbage collection may be tuned for it.
    """

    models: Mapping[str, str | Model] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    usual_keys: bool = True
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    socket_factory: Callable[[Any], socket] | None = None
    out: Path | None = None
    data: Path | None = None
    task_files: tuple[Path, ...] = ()
    own_files: FileOptions = field(default_factory=FileOptions)
    budget_seconds: float | None = None
    limit: int | None = None
    concurrency: int | None = None
    timeout: float = 120.0
    rpm: int | None = None
    tpm: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    output_tokens: int | None = None
    reasoning_effort: str = ""
    price: tuple[float, float] | None = None
    price_cached: float | None = None
    price_reasoning: float | None = None
    prices: Path | None = None
    with_texts: bool = False
    accept_model: bool = False
    allow_part: bool = False
    ends_at: float | None = None
    patience_seconds: float | None = None
    ray: str | None = None
    workers: int | None = None
    key: Path | None = None
    new_ledger: bool = False
    no_ledger: bool = False
    timestamp: str = ""
    scorer: str = ""
    batch: bool = False
    batch_growth: str | None = None
    shows_progress: bool = False
    owns_process: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return None if self.ends_at is None else max(0.0, self.ends_at - time.monotonic())

    def settings(self) -> Settings:
        """How models are opened."""
        from steelyard.models import Settings

        settings = Settings(
            timeout_seconds=self.timeout,
            reasoning_effort=self.reasoning_effort,
            usual_keys=self.usual_keys,
            socket_factory=self.socket_factory,
        )
        return settings if self.concurrency is None else replace(settings, concurrency=self.concurrency)


def effort_word(value: object, option: str) -> str:
    """A reasoning effort, such as ``low``: one word; None is empty. Raises InputError, naming ``option``, otherwise."""
    if value is None:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        raise InputError(f"{option} takes a word that the endpoint knows, such as low, medium or high, not {value!r}")
    return value


def ends_after(seconds: float | None) -> float | None:
    """A deadline that starts now, in seconds of ``time.monotonic``; None stays None."""
    return None if seconds is None else time.monotonic() + seconds
