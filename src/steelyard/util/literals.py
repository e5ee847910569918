"""Lists that a data set holds as a text, as Python writes them: ``['one', "it's", 3]``. Nothing is evaluated."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["texts_in_list"]

MAX_CHARACTERS: Final = 100_000
_VALUE: Final = re.compile(
    r"""\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|(-?[0-9]{1,30}(?:\.[0-9]{1,30})?))\s*(,|\Z)""", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ONE_CHARACTER: Final = {
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "\n": "",
}  # fmt: skip


def texts_in_list(text: str) -> list[str]:
    """The texts of a flat list of texts and plain numbers, in order; numbers as they are written.

    Raises ValueError for anything else, and for more than 100,000 characters.
    """
    inside = text.strip()
    if len(inside) > MAX_CHARACTERS:
        raise ValueError(f"a list of {len(inside):,} characters; at most {MAX_CHARACTERS:,} are read")
    if not (inside.startswith("[") and inside.endswith("]")):
        raise ValueError(f"no list in Python's form, such as ['a', 'b']: {text[:60]!r}")
    inside, found, place = inside[1:-1].strip(), [], 0
    while place < len(inside):
        value = _VALUE.match(inside, place)
        if value is None:
            raise ValueError(f"no list of texts in Python's form, from {inside[place : place + 60]!r}")
        single, double, number = value[1], value[2], value[3]
        found.append(number if number is not None else _ESCAPE.sub(_unescaped, double if single is None else single))
        place = value.end()
    return found


def _unescaped(found: re.Match[str]) -> str:
    if (code := found[1] or found[2] or found[3]) is not None:
        try:
            return chr(int(code, 16))
        except (ValueError, OverflowError):
            raise ValueError(f"no character: {found[0]}") from None
    return _ONE_CHARACTER.get(found[4], found[0])
