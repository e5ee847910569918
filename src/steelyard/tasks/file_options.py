"""What a user says of a file of questions, read: an instruction, and labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from steelyard.errors import InputError

__all__ = ["MAX_LABELS", "instruction_of", "labels_of"]

MAX_INSTRUCTION = 100_000  # characters
MAX_LABELS = 26  # as many as there are letters


def instruction_of(text: str) -> str:
    """The instruction: the text itself, or what the file holds that ``@FILE`` names.

    Raises InputError for a file that cannot be read, and for an instruction that is empty or too long.
    """
    if not text:
        return ""
    found = _of_file(Path(text[1:]).expanduser()) if text.startswith("@") else text
    found = found.strip()
    if not found or len(found) > MAX_INSTRUCTION or "\0" in found:
        raise InputError(f"--instruction takes a text of 1 to {MAX_INSTRUCTION:,} characters, or @FILE")
    return found


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4 * MAX_INSTRUCTION + 4).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"--instruction: cannot be read ({error.strerror})", where=path) from None
    except UnicodeDecodeError:
        raise InputError("--instruction: is not UTF-8 text", where=path) from None


def labels_of(value: str | Iterable[str]) -> tuple[str, ...]:
    """Labels of a list, or of a text that separates them by bars, else by commas.

    Raises InputError for fewer than two, more than 26, and for equal ones.
    """
    texts = value.split("|" if "|" in value else ",") if isinstance(value, str) else [str(each) for each in value]
    labels = tuple(" ".join(text.split()) for text in texts)
    if not any(labels):
        return ()
    if not all(labels) or not 2 <= len({label.casefold() for label in labels}) == len(labels) <= MAX_LABELS:
        raise InputError(f"--choices takes 2 to {MAX_LABELS} different labels, such as 'yes,no' or 'a|b, c|d'")
    return labels
