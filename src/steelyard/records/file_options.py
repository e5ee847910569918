"""How files of the user's own questions are to be read and asked, as the user said it."""

from __future__ import annotations

import msgspec

__all__ = ["FileOptions"]


class FileOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The user's choices for every file of questions. They are not sealed: what follows from them is.

    ``question`` and ``answer`` name columns, ``sheet`` a sheet of a workbook. ``instruction`` is put before each
    question, and ``choices`` are the labels that an answer is one of. ``skip_empty`` leaves out rows without question
    or answer.
    """

    question: str = ""
    answer: str = ""
    sheet: str = ""
    instruction: str = ""
    choices: tuple[str, ...] = ()
    skip_empty: bool = False
