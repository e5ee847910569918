"""``embedded:smollm2`` and ``gguf:PATH``: a language model inside this process, on one worker thread.

The event loop stays free while llama.cpp decodes. One request runs at a time, so greedy answers and log-likelihoods
are reproducible by construction, independent of the number of threads (see :mod:`steelyard.models.llama`).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings
from steelyard.models.embedded_file import SMOLLM2_SHA256, ensure_smollm2, sha256_of_file
from steelyard.models.llama import BATCH, Llama, backend_version, check_installed
from steelyard.models.session import Cancelled, InferenceSession
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)

__all__ = ["EmbeddedModel", "open_embedded", "open_gguf"]

T = TypeVar("T")

CONTEXT_LIMIT = 8192
MAX_THREADS = 512


def open_embedded(rest: str, settings: Settings) -> EmbeddedModel:
    """Open ``embedded:smollm2``, fetching its file on first use; raises InputError or MissingDependency."""
    if rest != "smollm2":
        raise InputError(f"no embedded model is called {rest!r}; there is: smollm2 (for a file of your own: gguf:PATH)")
    check_installed(f"embedded:{rest}")  # before 98 MB are fetched for nothing
    path = ensure_smollm2()
    return EmbeddedModel(f"embedded:{rest}", path, SMOLLM2_SHA256, settings, name="SmolLM2-135M-Instruct")


def open_gguf(rest: str, settings: Settings) -> EmbeddedModel:
    """Open a GGUF file; raises InputError where it is not one, or not a decoder-only transformer."""
    path = Path(rest).expanduser()
    if not path.is_file():
        raise InputError("there is no such file: give the path of a GGUF file", where=path)
    check_installed("gguf:PATH")
    try:
        sha256 = sha256_of_file(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check its permissions", where=path) from error
    return EmbeddedModel(f"gguf:{path.name}", path, sha256, settings)


class EmbeddedModel:
    """A GGUF file as a :class:`steelyard.plugins.Model`. The URI holds its name only; the SHA-256 is its identity."""

    def __init__(self, uri: str, path: Path, sha256: str, settings: Settings, *, name: str = "") -> None:
        if settings.reasoning_effort:
            raise InputError(f"{uri} takes no reasoning effort: leave out --reasoning-effort")
        self._uri = uri
        self._name = name
        self._sha256 = sha256
        self._llama = Llama(path, threads=threads_to_use(settings), context_limit=CONTEXT_LIMIT)
        self._session = InferenceSession(self._llama)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="steelyard-llama")
        self._closed = threading.Event()

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Identify the file, the llama.cpp build and the processor; raises ModelUnavailable once closed."""
        no_chat = await self._on_worker(lambda cancelled: self._session.chat_unavailable_reason())
        identity = ModelIdentity(
            uri=self._uri,
            name=self._name or self._llama.metadata("general.name") or self._llama.description(),
            sha256=self._sha256,
            backend=backend_version(),
            machine=f"{processor_name()} ({self._llama.processor_features()})",
            details=self._details(),
        )
        reasons = not no_chat and self._session.reasons
        capabilities = Capabilities(
            chat=not no_chat,
            loglikelihood=True,
            deterministic=True,
            concurrency=1,
            reasons=reasons,
            output_tokens=self._llama.context_tokens if reasons else 0,
        )
        return identity, capabilities

    def _details(self) -> dict[str, str]:
        return {
            "quantisation": " ".join(self._llama.description().split()[2:]),  # llama 135M Q4_K - Medium
            "parameters": str(self._llama.parameters()),
            "context_tokens": str(self._llama.context_tokens),
            "batching": f"one sequence; prefix, context and each option apart, in pieces of at most {BATCH} tokens",
            "flash_attention": "off",
        }

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
        self._llama.close()

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


def threads_to_use(settings: Settings) -> int:
    """The number of threads: from the settings or STEELYARD_THREADS, otherwise one.

    Raises InputError for a bad number. Threads change no result. Two decode 1.3 to 1.7 times as fast as one on a quiet
    machine of two cores, but at 2 to 50 % of its speed beside other busy processes, because they wait for each other:
    so one, unless the user knows better.
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
