"""Questions of somebody's own as they are pasted: a table, by the same code as on the command line, or JSON lines."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard_server.suites.plain_questions import questions_in_lines

__all__ = ["MAX_QUESTIONS", "are_lines", "pasted_questions"]

MAX_QUESTIONS: Final = 400_000  # characters
_OF_A_COMMAND: Final = (
    (re.compile(r", or --(?:question|answer) COLUMN"), ""),
    (re.compile(r"fill in, or leave out with --skip-empty"), "fill in, or leave these lines out"),
)


def are_lines(text: str) -> bool:
    """Whether a text is JSON lines, which the process of a job reads."""
    return text.removeprefix("\ufeff").lstrip().startswith("{")


def pasted_questions(text: str) -> str:
    """Questions as JSON lines, which stay as they are.

    Else they are a table, CSV with any usual delimiter or cells as Excel copies them, or a JSON list. Raises
    InputError, which calls the text *questions.csv*, as :func:`questions_in_lines`, and for more than
    :data:`MAX_QUESTIONS` characters.
    """
    if len(text) > MAX_QUESTIONS:
        raise InputError(f"questions of your own have {MAX_QUESTIONS:,} characters at most here")
    plain = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if are_lines(plain):
        return plain
    with tempfile.TemporaryDirectory(prefix="steelyard-questions-") as folder:
        path = Path(folder) / f"questions.{'json' if plain.lstrip().startswith('[') else 'csv'}"
        try:
            path.write_text(plain, encoding="utf-8", newline="")
            return questions_in_lines(path)[0]
        except UnicodeEncodeError:
            raise InputError("the questions have characters that no file can hold: paste them again") from None
        except InputError as error:
            said = str(error).replace(f"{folder}/", "")
            for pattern, words in _OF_A_COMMAND:
                said = pattern.sub(words, said)
            raise InputError(said) from None
