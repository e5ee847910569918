"""What an endpoint says, before people read it: never its key, and nothing that may be a part of it.

Its client has taken the key out already, where it stands whole (:class:`~steelyard.models.key_forms.KeyForms`). Vendors
write shortened keys into their errors, too, and a short key is a word of any text. So where its words may hold a part,
its HTTP status alone is shown, which says whether the key is refused.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import unquote

__all__ = ["said_without_key"]

_STATUS: Final = re.compile(r"\bHTTP [1-5][0-9]{2}\b")
_SHORTEST: Final = 8  # a key with fewer characters may be a word of ours
_PART_OF_ERROR: Final = 4  # letters and digits of a key that stand together in what an error says
_PART: Final = 8  # in any other text, which is mostly ours, and with a digit or a capital among them: no words of ours
_LONGEST: Final = 20_000
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([/\"']))")
_CODED: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}[ :,]?){4,}")
# What stands for letters that are left out, as in sk-ab****yz, ****yz and sk-ab...yz; and sk-ab... at a word's end.
_SHORTENED: Final = re.compile(
    r"\w[-_]?[*•●█]|[*•●█][-_]?\w|\w[-_]?(?:\.{2,}|…|[xX]{4,})[-_]?\w|[-_0-9]\w{0,80}(?:\.{2,}|…)"
)
_OTHERS: Final = re.compile(r"[^a-z0-9]+")


def said_without_key(text: str, key: str) -> str:
    """A text with an endpoint's words, of which its status alone is left where they may hold a part of the ``key``."""
    if not key:
        return text
    found = _STATUS.search(text)
    ours, words = (text[: found.end()], text[found.end() :]) if found else (text, "")
    if len(key) >= _SHORTEST and _holds_part(ours, key, _PART):
        return "what the endpoint says may hold a part of its key, so it is not shown"
    if words and (_SHORTENED.search(words) or _holds_word(words, key) or _holds_part(words, key, _PART_OF_ERROR)):
        return f"{ours} (what else it says may hold a part of its key, so it is not shown)"
    return text


def _holds_word(words: str, key: str) -> bool:
    """Whether a key of any length stands between other characters than letters and digits."""
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(key)}(?![A-Za-z0-9])", re.IGNORECASE)
    return any(whole.search(each) for each in _readings(words))


def _holds_part(text: str, key: str, length: int) -> bool:
    """Whether so many letters and digits of the key stand together, whatever stands between them."""
    letters = re.sub("[^A-Za-z0-9]+", "", key)
    if len(letters) < _PART_OF_ERROR:
        return False
    parts = [letters[start : start + length] for start in range(max(1, len(letters) - length + 1))]
    if length == _PART:
        parts = [part for part in parts if not (part.isalpha() and part.islower())] or [letters]
    parts = [part.lower() for part in parts]
    return any(part in found for found in map(_plain, _readings(text)) for part in parts)


def _plain(text: str) -> str:
    return _OTHERS.sub("", text.lower())


def _readings(text: str) -> Iterator[str]:
    """The text, and as it reads where escapes of URLs, JSON and HTML, base64 and hexadecimal digits are decoded."""
    read = text[:_LONGEST]
    for _ in range(3):
        yield read
        for run in _CODED.findall(read):
            yield from _from_base64(run)
        for run in _HEXADECIMAL.findall(read):
            yield bytes.fromhex(re.sub("[ :,]", "", run)).decode("latin-1")
        decoded = unquote(unescape(_ESCAPE.sub(_unescaped, read)), errors="replace")
        if decoded == read:
            return
        read = decoded


def _from_base64(run: str) -> Iterator[str]:
    """What a run of base64 says, wherever its first group begins."""
    letters = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        whole = letters[start : start + (len(letters) - start) // 4 * 4]
        try:
            yield b64decode(whole).decode("latin-1")
        except binascii.Error:
            continue


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else found[3]
