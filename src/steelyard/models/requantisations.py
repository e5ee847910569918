"""Requantisations of a file of weights, made once and kept in the user's cache folder.

They are kept by the file's SHA-256, their type and the build of llama.cpp. The name of each holds the beginning of its
own digest, so that a damaged one is made again.
"""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path

from steelyard.models.embedded_file import cache_folder, sha256_of_file
from steelyard.models.llama import backend_version
from steelyard.models.requantise import requantise

__all__ = ["Requantisations", "folder"]


def folder() -> Path:
    """Where they are kept."""
    return cache_folder() / "requantised"


class Requantisations:
    """Those of one file; from any thread. ``sha256`` is the file's, computed where it is not given."""

    def __init__(self, path: Path, sha256: str = "") -> None:
        self.path, self.sha256 = path, sha256 or sha256_of_file(path)
        self._making = threading.Lock()
        self._made: dict[str, tuple[Path, str]] = {}

    def file(self, kind: str) -> tuple[Path, str]:
        """The file of a requantisation and its SHA-256, made where it is missing or damaged.

        Digests are compared at each start of a process. Raises InputError where it cannot be made.
        """
        with self._making:
            if kind not in self._made:
                self._made[kind] = self._found(kind) or self._new(kind)
            return self._made[kind]

    def _stem(self, kind: str) -> str:
        build = re.sub(r"[^A-Za-z0-9.]+", "-", backend_version().partition(" (")[0])
        return f"{self.sha256[:16]}-{kind}-{build}"

    def _found(self, kind: str) -> tuple[Path, str] | None:
        for path in sorted(folder().glob(f"{self._stem(kind)}-*.gguf")):
            digest = sha256_of_file(path)
            if path.stem.endswith(f"-{digest[:16]}"):
                return path, digest
            path.unlink(missing_ok=True)
        return None

    def _new(self, kind: str) -> tuple[Path, str]:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder()) as own:  # another process may make the same
            made = requantise(f"gguf:{self.path}", Path(own) / "made.gguf", kind)
            path = folder() / f"{self._stem(kind)}-{made.sha256[:16]}.gguf"
            made.path.replace(path)
        return path, made.sha256
