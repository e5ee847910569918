"""A plan's end in the ledger of its key: one, with the answers that it had.

Whoever copies a run that has begun, and lets each copy be answered, could otherwise show the verdict that they like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.chain import read_journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import write_file

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner

Ended = Literal["sealed", "finalized"]

__all__ = ["Ended", "check_has_no_other_end", "end_in_ledger"]


def end_in_ledger(run: RunFolder, signer: KeySigner | None, word: Ended) -> None:
    """Write the end of a run's plan into the ledger where it began, and the ledger as it is then into the run.

    Raises InputError where the ledger is not there, and where the plan ended with other answers.
    """
    from steelyard.evidence.ledger_file import LedgerFile, ledger_path

    assert signer is not None, "only the key that began a plan in its ledger seals it"
    with LedgerFile(ledger_path(signer.path), signer) as ledger:
        ledger.end(word, run.plan_sha256, _answers_of(run))
        write_file(run.path / layout.LEDGER, ledger.data)


def check_has_no_other_end(run: RunFolder, signer: KeySigner | None) -> None:
    """Raise InputError where another copy of a run was sealed, or it was finalized: nothing more is asked for it.

    A run that was sealed itself, but for the last file, has the answers that its end names. One that was finalized has
    samples left, and with their answers it could never be sealed.
    """
    from steelyard.evidence.ledger import digest_of_plan, has_other_end, parse_lines
    from steelyard.evidence.ledger_file import OTHER_END, ledger_path, read_ledger

    if run.plan.ledger is None or signer is None:
        return
    path = ledger_path(signer.path)
    try:
        lines = parse_lines(read_ledger(path), path.name)
    except VerificationError as error:
        raise InputError(f"not the ledger of this key: {error}", where=path) from None
    if has_other_end(lines, run.plan_sha256, _answers_of(run)):
        raise InputError(f"{OTHER_END}: begin a new one", where=run.path)
    own = digest_of_plan(run.plan_sha256)
    if any((line.event, line.word, line.plan) == ("ended", "finalized", own) for line in lines):
        raise InputError("the ledger has its end already: steelyard resume RUN --finalize seals it", where=run.path)


def _answers_of(run: RunFolder) -> str:
    names = [name for name in layout.run_files(run.path) if layout.is_journal(name)]
    return read_journal(run.path, names).answers_root
