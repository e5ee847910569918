"""Published outputs held against served answers, as ``steelyard detect published_outputs --served`` does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.errors import VerificationError

if TYPE_CHECKING:
    from steelyard_forensics.published.texts import HeldLog, PublishedTexts
    from steelyard_forensics.published.texts_seal import SealedTexts

__all__ = ["published_texts", "verify_texts"]


def published_texts(
    run: str | Path,
    served: str | Path,
    *,
    progress: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedTexts:
    """Hold the greedy outputs of a run, mostly a vendor's imported log, against answers of the served model.

    Args:
        run: the folder of a sealed run with its texts.
        served: that of another run, in which the served model was asked the same prompts at temperature 0.
        progress: is told the benchmark, how many of its pairs were read, and how many there are.

    Returns:
        A frozen record with a row for each benchmark; the same for whoever has both runs.

    Raises:
        SteelyardError: InputError for runs without greedy texts, VerificationError for a broken bundle.
    """
    from steelyard_forensics.api.published_outputs import sealed_answers
    from steelyard_forensics.published.texts import published_texts as hold

    return hold(sealed_answers(Path(run)), sealed_answers(Path(served)), progress)


def verify_texts(path: Path, require_key: Path | None = None, runs: tuple[Path, Path] | None = None) -> SealedTexts:
    """Verify a sealed result offline; with the two ``runs``, the log first, every guess is made again.

    Raises VerificationError naming the first thing that does not hold.
    """
    from steelyard_forensics.api.published_outputs import sealed_answers
    from steelyard_forensics.published.texts import published_texts as hold
    from steelyard_forensics.published.texts_seal import open_texts

    opened = open_texts(path, require_key)
    if runs is None:
        return opened
    log, served = (sealed_answers(each) for each in runs)
    sealed = opened.texts
    if (log[1], served[1]) != (sealed.log.answers_root, sealed.served.answers_root):
        raise VerificationError(f"{path}: is about other runs than {runs[0]} (the log) and {runs[1]} (served)")
    again = hold(log, served)
    again = msgspec.structs.replace(
        again, log=_named(again.log, sealed.log), served=_named(again.served, sealed.served)
    )
    if again != sealed:
        raise VerificationError(f"{path}: the runs give other guesses, or are of others, than it says")
    return opened


def _named(again: HeldLog, sealed: HeldLog) -> HeldLog:
    """The same with the name of its folder as it was: a copy of a run may have another."""
    return msgspec.structs.replace(again, run=sealed.run)
