"""``steelyard.verify_result``: sealed results of tests over finished runs, whichever test made them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.evidence import layout

if TYPE_CHECKING:
    from steelyard.plugins import ResultVerified, ResultVerifier

__all__ = ["result_file", "verifier_of", "verify_result"]


def result_file(folder: Path) -> str:
    """The file by which a folder is a sealed result, and by which it is known whose; empty where it is none."""
    return next((name for name in layout.RESULTS if os.path.lexists(folder / name)), "")


def verifier_of(name: str) -> ResultVerifier:
    """What verifies the results that have this file; raises MissingDependency where it is not installed."""
    from steelyard.plugins import find

    verifier: ResultVerifier = find("result", name.removesuffix(".dsse.json"))()
    return verifier


def verify_result(path: str | Path, *, require_key: str | Path | None = None) -> ResultVerified:
    """Check a sealed result of ``steelyard detect``, ``published_outputs`` and the like offline, from what it holds.

    With ``require_key`` it must be signed by that public key. What it read of its runs is taken as sealed: the command,
    ``steelyard verify``, holds it against them with ``--run``, ``--panel`` and ``--model``. Raises VerificationError
    naming the first check that fails, InputError where ``path`` is no such folder, MissingDependency where the test
    that made it is not installed.
    """
    folder = Path(path).expanduser()
    name = result_file(folder)
    if not name:
        raise InputError(f"is no sealed result: it holds none of {', '.join(layout.RESULTS)}", where=folder)
    return verifier_of(name).check(folder, None if require_key is None else Path(require_key).expanduser())
