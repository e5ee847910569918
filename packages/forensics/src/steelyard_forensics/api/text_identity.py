"""Two runs held against each other by their texts alone, as ``steelyard detect text_identity`` does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.errors import VerificationError

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard_forensics.text_identity.identity import TextIdentity
    from steelyard_forensics.text_identity.seal import SealedIdentity

__all__ = ["text_identity", "verify_identity"]


def text_identity(
    run: str | Path,
    reference: str | Path,
    *,
    task: str = "",
    signer: KeySigner | None = None,
    progress: Callable[[int, int], None] = lambda read, of: None,
) -> TextIdentity:
    """Hold a run against another one by their texts: were both answered from the same distribution?

    Args:
        run: the folder of a sealed run of ``steelyard run``, with its texts, drawn at a temperature above 0.
        reference: that of another run on the same samples: of another endpoint, or of the same one at another time.
        task: which of its tasks, where a run has several.
        signer: the key that fixes the order in which pairs are read; without one it is drawn.
        progress: is told how many prompts were read, and how many there are.

    Returns:
        A frozen record; the same for whoever has both runs, whichever is named first.

    Raises:
        SteelyardError: InputError for runs that were not asked the same in the same way, or are not sealed,
            VerificationError for one that does not hold.
    """
    from steelyard_forensics.api.published_outputs import sealed_answers
    from steelyard_forensics.sealed.reading import drawn_reading
    from steelyard_forensics.text_identity.identity import text_identity as hold

    (mine, root), (theirs, other) = sealed_answers(Path(run)), sealed_answers(Path(reference))
    return hold((mine, theirs), (root, other), task, lambda *roots: drawn_reading(signer, *roots), progress)


def verify_identity(
    path: Path, require_key: Path | None = None, runs: tuple[Path, Path] | None = None
) -> SealedIdentity:
    """Verify a sealed result offline; with the two ``runs``, in either order, every guess is made again.

    Raises VerificationError naming the first thing that does not hold.
    """
    from steelyard_forensics.api.published_outputs import sealed_answers
    from steelyard_forensics.text_identity.identity import text_identity as hold
    from steelyard_forensics.text_identity.seal import open_identity

    opened = open_identity(path, require_key)
    if runs is None:
        return opened
    sealed = opened.identity
    given = [sealed_answers(each) for each in runs]
    wanted = [each.answers_root for each in sealed.runs]
    if [root for _, root in given] != wanted:
        given.reverse()
    if [root for _, root in given] != wanted:
        raise VerificationError(f"{path}: is about other runs than {runs[0]} and {runs[1]}")
    (mine, root), (theirs, other) = given
    again = hold((mine, theirs), (root, other), sealed.task, lambda *roots: sealed.reading)
    if _named(again, sealed) != sealed:
        raise VerificationError(f"{path}: the runs give other guesses, or were asked otherwise, than it says")
    return opened


def _named(again: TextIdentity, sealed: TextIdentity) -> TextIdentity:
    """The same with the names of folders as they were: a copy of a run may have another."""
    from steelyard_forensics.text_identity.identity import decided_again

    runs = [msgspec.structs.replace(new, run=old.run) for new, old in zip(again.runs, sealed.runs, strict=True)]
    return decided_again(msgspec.structs.replace(again, runs=(runs[0], runs[1])))
