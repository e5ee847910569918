"""``steelyard.compare``: runs on the same samples, as ``steelyard compare`` compares them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.comparison.record import Comparison

__all__ = ["compare"]


def compare(*runs: str | Path, all_pairs: bool = False, see: float = 2.0, with_texts: bool = True) -> Comparison:
    """Compare runs on the samples that they share, as ``steelyard compare`` does. Nothing is asked.

    Args:
        runs: folders of runs or audits; ``RUN#ROLE`` is one model of a run that has several, and ``RUN`` all of them.
        all_pairs: compare each with each other, not only with the first.
        see: the difference, in percentage points, for which the needed number of samples is given.
        with_texts: give the texts of samples on which two runs differ, where their folders hold them.

    Returns:
        A frozen record: ``pairs`` of runs with their ``contrasts`` (shares), ``notes``, and ``exit``, which is 3 where
        something could not be compared.

    Raises:
        SteelyardError: InputError for folders that cannot be compared, VerificationError for a broken journal.
    """
    from steelyard.comparison.compare import compare_runs
    from steelyard.comparison.scored_run import read_run

    if not 0 < see < 100:
        raise InputError(f"see is {see:g}, and it is a number of percentage points between 0 and 100")
    read = [run for each in runs for run in read_run(str(each))]
    return compare_runs(read, all_pairs=all_pairs, see=see / 100, with_texts=with_texts)
