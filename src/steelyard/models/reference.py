"""The reference: weights on this machine, by which the texts of an endpoint are held against what it should serve.

Its alternatives are requantisations of the same weights, made once and kept in the user's cache folder by their file's
SHA-256, their type and the build of llama.cpp; and the weights themselves at other temperatures.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from steelyard.models import Settings
from steelyard.models.embedded import EmbeddedModel, threads_to_use
from steelyard.models.embedded_file import SMOLLM2_SHA256, cache_folder, sha256_of_file
from steelyard.models.llama import Llama, backend_version, check_installed
from steelyard.models.next_token_candidates import Candidates
from steelyard.models.requantise import requantise, source_file
from steelyard.models.text_likelihood import ALTERNATIVES, QUANTISED, LogRatios, TextLikelihoods
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


def _folder() -> Path:
    return cache_folder() / "requantised"


class ReferenceModel(EmbeddedModel):
    """A GGUF file that says how likely a text is by it, against its alternatives."""

    def __init__(self, uri: str, path: Path, sha256: str, settings: Settings) -> None:
        super().__init__(uri, path, sha256, settings)
        self._path, self._file_sha256, self._threads = path, sha256, threads_to_use(settings)
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._made: dict[str, tuple[Path, str]] = {}
        self._loaded: dict[str, Llama] = {}
        self._likelihoods: TextLikelihoods | None = None
        self._candidates: Candidates | None = None
        self._known: OrderedDict[tuple[str, str, int, bool], Mapping[str, LogRatios] | None] = OrderedDict()
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

    def log_ratios(self, prompt: str, text: str, tokens: int, *, ended: bool) -> Mapping[str, LogRatios] | None:
        """See :meth:`TextLikelihoods.log_ratios`; from any thread."""
        key = (prompt, text, tokens, ended)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._prepared().log_ratios(prompt, text, tokens, ended=ended)
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
        """The file of a requantisation and its SHA-256, made where it is missing or damaged.

        Its name holds the beginning of its own digest, which is compared at each start of a process. Raises InputError
        where it cannot be made.
        """
        with self._making:
            if kind not in self._made:
                self._made[kind] = self._found(kind) or self._new(kind)
            return self._made[kind]

    def _stem(self, kind: str) -> str:
        build = re.sub(r"[^A-Za-z0-9.]+", "-", backend_version().partition(" (")[0])
        return f"{self._file_sha256[:16]}-{kind}-{build}"

    def _found(self, kind: str) -> tuple[Path, str] | None:
        for path in sorted(_folder().glob(f"{self._stem(kind)}-*.gguf")):
            digest = sha256_of_file(path)
            if path.stem.endswith(f"-{digest[:16]}"):
                return path, digest
            path.unlink(missing_ok=True)
        return None

    def _new(self, kind: str) -> tuple[Path, str]:
        _folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_folder()) as own:  # another process may make the same
            made = requantise(f"gguf:{self._path}", Path(own) / "made.gguf", kind)
            path = _folder() / f"{self._stem(kind)}-{made.sha256[:16]}.gguf"
            made.path.replace(path)
        return path, made.sha256

    async def close(self) -> None:
        """Free the memory; safe to call twice."""
        await super().close()
        with self._lock:
            self._likelihoods = self._candidates = None
            while self._loaded:
                self._loaded.popitem()[1].close()
