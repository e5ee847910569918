"""``steelyard.verify_result``: sealed results of tests over finished runs, whichever test made them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import ExitCode, InputError
from steelyard.evidence import layout

if TYPE_CHECKING:
    from steelyard.comparison.published import PublishedOutputs
    from steelyard.comparison.published_texts import PublishedTexts
    from steelyard.comparison.text_identity import TextIdentity
    from steelyard.panels.record import Detection

__all__ = ["ResultVerified", "result_file", "verify_result"]


@dataclass(frozen=True, kw_only=True)
class ResultVerified:
    """A sealed result that holds: ``found`` is what was sealed, ``headline`` its conclusion in one sentence.

    ``signed_by`` is the key, empty where it is unsigned; ``trusted``: it is the one that was required.
    ``not_recomputed`` names a rule that this version has not.
    """

    folder: Path
    found: Detection | PublishedOutputs | PublishedTexts | TextIdentity
    headline: str
    signed_by: str
    trusted: bool
    not_recomputed: str = ""

    @property
    def holds(self) -> bool:
        """Always True: what does not hold raises VerificationError."""
        return True

    @property
    def exit_code(self) -> ExitCode:
        """3 where something was not recomputed, else 0: what was found is no matter of the evidence."""
        return ExitCode.UNDECIDED if self.not_recomputed else ExitCode.CONSISTENT


def result_file(folder: Path) -> str:
    """The file by which a folder is a sealed result, and by which it is known whose; empty where it is none."""
    return next((name for name in _KINDS if os.path.lexists(folder / name)), "")


def verify_result(path: str | Path, *, require_key: str | Path | None = None) -> ResultVerified:
    """Check a sealed result of ``steelyard detect``, ``published_outputs`` and the like offline, from what it holds.

    With ``require_key`` it must be signed by that public key. What it read of its runs is taken as sealed: the command,
    ``steelyard verify``, holds it against them with ``--run``, ``--panel`` and ``--model``. Raises VerificationError
    naming the first check that fails, InputError where ``path`` is no such folder.
    """
    folder = Path(path).expanduser()
    name = result_file(folder)
    if not name:
        raise InputError(f"is no sealed result: it holds none of {', '.join(layout.RESULTS)}", where=folder)
    found, headline, signed_by, trusted, open_rule = _KINDS[name](
        folder, None if require_key is None else Path(require_key).expanduser()
    )
    return ResultVerified(
        folder=folder, found=found, headline=headline, signed_by=signed_by, trusted=trusted, not_recomputed=open_rule
    )


_Checked = tuple[Any, str, str, bool, str]


def _outputs(path: Path, key: Path | None) -> _Checked:
    from steelyard.api.published_outputs import verify_outputs
    from steelyard.comparison.published_pages import headline

    held = verify_outputs(path, key)
    return held.outputs, headline(held.outputs), held.signed_by, held.trusted, ""


def _texts(path: Path, key: Path | None) -> _Checked:
    from steelyard.api.published_texts import verify_texts
    from steelyard.comparison.published_texts_pages import headline

    held = verify_texts(path, key)
    return held.texts, headline(held.texts), held.signed_by, held.trusted, ""


def _identity(path: Path, key: Path | None) -> _Checked:
    from steelyard.api.text_identity import verify_identity
    from steelyard.comparison.text_identity_pages import headline

    held = verify_identity(path, key)
    return held.identity, headline(held.identity), held.signed_by, held.trusted, ""


def _detection(path: Path, key: Path | None) -> _Checked:
    from steelyard.api.detect import verify_detection
    from steelyard.panels.words import headline

    held = verify_detection(path, key)
    said = "" if held.not_recomputed else headline(held.detection)
    return held.detection, said, held.signed_by, held.trusted, held.not_recomputed


_KINDS: Final[Mapping[str, Callable[[Path, Path | None], _Checked]]] = {
    layout.OUTPUTS: _outputs,
    layout.OUTPUT_TEXTS: _texts,
    layout.TEXT_IDENTITY: _identity,
    layout.DETECTION: _detection,
}
