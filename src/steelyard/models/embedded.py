"""``embedded:smollm2`` and ``gguf:PATH``: a language model inside this process, on one worker thread.

The event loop stays free while llama.cpp decodes. One request runs at a time, so greedy answers and log-likelihoods
are reproducible by construction, independent of the number of threads (see :mod:`steelyard.models.llama`).
"""

from __future__ import annotations

from pathlib import Path

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.embedded_file import SMOLLM2_SHA256, ensure_smollm2, sha256_of_file
from steelyard.models.in_process import CONTEXT_LIMIT, InProcessModel, check_no_effort, processor_name, threads_to_use
from steelyard.models.llama import BATCH, Llama, backend_version, check_installed
from steelyard.models.session import InferenceSession
from steelyard.records import Capabilities, ModelIdentity

__all__ = ["EmbeddedModel", "open_embedded", "open_gguf"]


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


class EmbeddedModel(InProcessModel):
    """A GGUF file as a :class:`steelyard.plugins.Model`. The URI holds its name only; the SHA-256 is its identity."""

    def __init__(self, uri: str, path: Path, sha256: str, settings: Settings, *, name: str = "") -> None:
        check_no_effort(uri, settings)
        self._name, self._sha256 = name, sha256
        self._llama = Llama(path, threads=threads_to_use(settings), context_limit=CONTEXT_LIMIT)
        super().__init__(uri, InferenceSession(self._llama), self._llama.close)

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
