"""The reference: weights on this machine, by which the texts of an endpoint are held against what it should serve.

Its alternatives are requantisations of the same weights, made once and kept in the user's cache folder
(:mod:`steelyard.models.requantisations`); and the weights themselves at other temperatures.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec

from steelyard.models import Settings
from steelyard.models.embedded import EmbeddedModel
from steelyard.models.embedded_file import SMOLLM2_SHA256, sha256_of_file
from steelyard.models.in_process import threads_to_use
from steelyard.models.llama import Llama, check_installed
from steelyard.models.next_token_candidates import Candidates
from steelyard.models.requantisations import Requantisations
from steelyard.models.requantise import source_file
from steelyard.models.text_likelihood import ALTERNATIVES, QUANTISED, TextLikelihoods, TextReading
from steelyard.records import Capabilities, ModelIdentity

__all__ = ["ReferenceModel", "open_reference"]

_CONTEXT: Final = 2048
_KEPT: Final = 512  # texts: every alternative's scorer asks for the same one


def open_reference(uri: str, settings: Settings) -> ReferenceModel:
    """Open ``embedded:smollm2`` or ``gguf:PATH`` as a reference; raises InputError or MissingDependency."""
    check_installed(uri)
    path = source_file(uri)
    sha256 = SMOLLM2_SHA256 if uri.startswith("embedded:") else sha256_of_file(path)
    return ReferenceModel(uri if uri.startswith("embedded:") else f"gguf:{path.name}", path, sha256, settings)


class ReferenceModel(EmbeddedModel):
    """A GGUF file that says how likely a text is by it, against its alternatives."""

    def __init__(self, uri: str, path: Path, sha256: str, settings: Settings) -> None:
        super().__init__(uri, path, sha256, settings)
        self._path, self._threads = path, threads_to_use(settings)
        self._files = Requantisations(path, sha256)
        self._lock = threading.Lock()
        self._loaded: dict[str, Llama] = {}
        self._likelihoods: TextLikelihoods | None = None
        self._candidates: Candidates | None = None
        self._known: OrderedDict[tuple[str, str, int, bool], TextReading | None] = OrderedDict()
        self._expected: OrderedDict[str, tuple[tuple[str, float], ...]] = OrderedDict()

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """As of any file, with the alternatives and the SHA-256 of their files, which are made where they are missing.

        Raises InputError where that fails.
        """
        identity, capabilities = await super().identify()
        made = await asyncio.to_thread(lambda: {kind: self.requantised(kind) for kind in QUANTISED})
        details = identity.details | {kind: digest for kind, (_, digest) in made.items()}
        return (
            msgspec.structs.replace(identity, details=details),
            msgspec.structs.replace(capabilities, likelihood_of=ALTERNATIVES),
        )

    def prepare(self) -> None:
        """Load the weights, and make what is missing of the requantisations; raises InputError where that fails."""
        with self._lock:
            self._prepared()

    def next_tokens(self, text: str) -> tuple[tuple[str, float], ...]:
        """See :meth:`Candidates.after`; from any thread. The weights alone are loaded for it."""
        with self._lock:
            if self._candidates is None:
                self._candidates = Candidates(self._load("", self._path))
            if text not in self._expected:
                self._expected[text] = self._candidates.after(text)
                if len(self._expected) > _KEPT:
                    self._expected.popitem(last=False)
            return self._expected[text]

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> TextReading | None:
        """See :meth:`TextLikelihoods.reading`; from any thread."""
        key = (prompt, text, tokens, ended)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._prepared().reading(prompt, text, tokens, ended=ended)
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return self._known[key]

    def _prepared(self) -> TextLikelihoods:
        if self._likelihoods is None:
            own = self._load("", self._path)
            others = {kind: self._load(kind, self.requantised(kind)[0]) for kind in QUANTISED}
            self._likelihoods = TextLikelihoods(own, others)
        return self._likelihoods

    def _load(self, name: str, path: Path) -> Llama:
        if name not in self._loaded:
            self._loaded[name] = Llama(path, threads=self._threads, context_limit=_CONTEXT)
        return self._loaded[name]

    def requantised(self, kind: str) -> tuple[Path, str]:
        """See :meth:`steelyard.models.requantisations.Requantisations.file`."""
        return self._files.file(kind)

    async def close(self) -> None:
        """Free the memory; safe to call twice."""
        await super().close()
        with self._lock:
            self._likelihoods = self._candidates = None
            while self._loaded:
                self._loaded.popitem()[1].close()
