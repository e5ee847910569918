"""A model inside this process, on one worker thread: the event loop stays free while it decodes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings
from steelyard.models.session import Cancelled, InferenceSession
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, NextTokenRequest, Outcome

__all__ = ["CONTEXT_LIMIT", "InProcessModel", "check_no_effort", "processor_name", "threads_to_use"]

T = TypeVar("T")

CONTEXT_LIMIT: Final = 8192
MAX_THREADS: Final = 512


class InProcessModel:
    """What a :class:`steelyard.plugins.Model` in this process answers: one request at a time, from one thread.

    ``start`` runs first on the worker thread, ``free`` when the last request is over.
    """

    def __init__(
        self,
        uri: str,
        session: InferenceSession,
        free: Callable[[], None],
        *,
        start: Callable[[], None] = lambda: None,
    ) -> None:
        self._uri, self._session, self._free = uri, session, free
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="steelyard-model", initializer=start)
        self._closed = threading.Event()

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Generate text; raises ModelUnavailable once closed."""
        return await self._ask(lambda cancelled: self._session.generate(request, cancelled))

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Compute one exact log-likelihood (nats) per continuation; raises ModelUnavailable once closed."""
        return await self._ask(lambda cancelled: self._session.loglikelihood(request, cancelled))

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """Give the likeliest next tokens, exactly; raises ModelUnavailable once closed."""
        return await self._ask(lambda cancelled: self._session.next_token(request))

    async def close(self) -> None:
        """Stop at the next token, wait for the decode in flight, free the memory; safe to call twice."""
        self._closed.set()
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=True)
        self._free()

    async def _ask(self, work: Callable[[Cancelled], ModelOutput]) -> ModelOutput:
        try:
            return await self._on_worker(work)
        except RuntimeError as error:
            return ModelOutput(outcome=Outcome.SERVER_ERROR, detail=str(error))

    async def _on_worker(self, work: Callable[[Cancelled], T]) -> T:
        """Run on the worker thread; a cancelled caller frees the worker at the next token."""
        if self._closed.is_set():
            raise ModelUnavailable(f"{self._uri} is closed")
        given_up = threading.Event()

        def cancelled() -> bool:
            return given_up.is_set() or self._closed.is_set()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work, cancelled)
        finally:
            given_up.set()


def check_no_effort(uri: str, settings: Settings) -> None:
    """Raise InputError where a reasoning effort was asked for: there is no such setting beside the prompt here."""
    if settings.reasoning_effort:
        raise InputError(f"{uri} takes no reasoning effort: leave out --reasoning-effort")


def threads_to_use(settings: Settings) -> int:
    """The number of threads: from the settings or STEELYARD_THREADS, otherwise one.

    Raises InputError for a bad number. With llama.cpp threads change no result. Two decode 1.3 to 1.7 times as fast as
    one on a quiet machine of two cores, but at 2 to 50 % of its speed beside other busy processes, because they wait
    for each other: so one, unless the user knows better.
    """
    wanted = str(settings.threads or os.environ.get("STEELYARD_THREADS", "").strip() or 1)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= MAX_THREADS:
        raise InputError(f"STEELYARD_THREADS is a number from 1 to {MAX_THREADS}, not {wanted!r}")
    return int(wanted)


def processor_name() -> str:
    """Give the processor's own name, such as ``AMD EPYC``; its architecture where it has none."""
    import platform

    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
