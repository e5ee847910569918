"""The forms in which a server sends an API key back: as it is, percent-coded as in a URL, and in base64.

In base64 the key may stand anywhere in a longer text, such as ``Bearer KEY`` or ``user:KEY``: its letters then begin at
one of three places of a group, and the whole run of base64 around it is taken out. Who has the key can hide it in other
ways; this is about what a server repeats of a request. The work is linear in the text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

__all__ = ["KeyForms"]

GONE: Final = "[key]"
_SHORTEST: Final = 8  # a key with fewer characters may be a word of any text
_URL_SAFE: Final = str.maketrans("+/", "-_")
_RUN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


class KeyForms:
    """Takes keys of eight characters or more out of texts; a shorter one is a placeholder, and stays."""

    def __init__(self, *keys: str) -> None:
        self._each = tuple(_OneKey(key) for key in keys if len(key) >= _SHORTEST)

    def __repr__(self) -> str:
        return f"KeyForms({bool(self)})"

    def __bool__(self) -> bool:
        return bool(self._each)

    def without(self, text: str) -> str:
        """The text without the keys, in any of their forms."""
        for each in self._each:
            text = each.without(text)
        return text

    def without_bytes(self, data: bytes) -> bytes:
        """As :meth:`without`, for bytes of any encoding that holds ASCII as it is."""
        return self.without(data.decode("latin-1")).encode("latin-1") if self else data


class _OneKey:
    def __init__(self, key: str) -> None:
        self._key = key
        cores = [core for before in range(3) for core in _cores(key, before)]
        self._cores = tuple(dict.fromkeys(cores))
        # Each letter as a percent sign and its two hexadecimal digits, or as it is: in this order, since a percent sign
        # is the beginning of its own form.
        letters = (f"(?:%(?i:{ord(each):02x})|{re.escape(each)})" for each in self._key)
        self._coded = re.compile("".join(letters))

    def without(self, text: str) -> str:
        if "%" in text:
            text = self._coded.sub(GONE, text)
        text = text.replace(self._key, GONE)
        for core in self._cores:
            if core in text:
                text = _without_runs(text, core)
        return text


def _cores(key: str, before: int) -> tuple[str, str]:
    """The letters of base64 that depend on the key alone, where so many bytes stand before it; in both alphabets."""
    coded = b64encode(b"\0" * before + key.encode()).decode()
    first = -(-before * 8 // 6)
    core = coded[first : (before + len(key)) * 8 // 6]
    return core, core.translate(_URL_SAFE)


def _without_runs(text: str, core: str) -> str:
    """The text without each run of base64 that holds ``core``."""
    parts, begun = [], 0
    while (place := text.find(core, begun)) >= 0:
        start, end = place, place + len(core)
        while start > begun and text[start - 1] in _RUN:
            start -= 1
        while end < len(text) and text[end] in _RUN:
            end += 1
        parts += [text[begun:start], GONE]
        begun = end
    return "".join((*parts, text[begun:]))
