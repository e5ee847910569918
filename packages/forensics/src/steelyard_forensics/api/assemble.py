"""One table against several candidates, as ``steelyard assemble`` does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard_forensics.assemble.assemble import Assembly

__all__ = ["assemble"]


def assemble(*runs: str | Path) -> Assembly:
    """Hold a vendor's table against several models, from a finished audit of each with the same sheet.

    Args:
        runs: the folders of the audits, one of each candidate; each is verified first.

    Returns:
        A frozen record: ``word``, ``p`` of "one of them gave the whole table", ``assembled``, the ``candidates`` and
        the ``rows`` with a cell for each.

    Raises:
        SteelyardError: InputError for audits of other sheets or of one model, VerificationError for a broken bundle.
    """
    from steelyard.api.results import verified
    from steelyard_forensics.assemble.assemble import Audited
    from steelyard_forensics.assemble.assemble import assemble as hold

    found = [(str(run), verified(Path(run)).recomputed) for run in runs]
    return hold([Audited(run, each.plan, each.verdict) for run, each in found])
