"""Known difficulties of a task's samples: the file that a panel's maker writes, and what a plan seals of it."""

from __future__ import annotations

from typing import Final

from steelyard.records.record import Record

__all__ = ["DIFFICULTY_INPUT", "Difficulties"]

DIFFICULTY_INPUT: Final = "difficulty"  # the kind of input of which a measurement has the whole


class Difficulties(Record, frozen=True, kw_only=True):
    """How difficult the samples of a task are, as models of a panel found them, known before anything is asked.

    ``odds`` has a number for each sample, in the order of the items' digests: the odds of a wrong answer in
    thousandths, 1000 for the median sample; 0 where it is not known. ``items`` is the digest of the items, as of a
    :class:`Measurement`. ``panel_sha256`` is the panel's, of which so many ``models`` and ``families`` answered;
    ``made`` is the day, and ``by`` who says that they made it. Nobody can compute it again without the panel.
    """

    format: str
    task: str
    items: str
    odds: tuple[int, ...]
    made: str
    by: str = ""
    panel: str
    panel_sha256: str
    models: int
    families: int
    software: str
