"""API keys: sent on to the endpoint, and removed from everything that is kept.

A key shorter than eight characters is ignored: it is a placeholder ("x", "EMPTY"), and removing it would damage texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from steelyard.models.reply_size import holds_too_much

__all__ = ["KEY_HEADERS", "Mask", "Secrets"]

KEY_HEADERS: Final = ("Authorization", "api-key", "x-api-key", "x-goog-api-key")
_SHORTEST = 8
_GONE = "[key]"
_MAX_NUMBERS: Final = 8_000_000


class Secrets:
    """The keys that one call carries: the client's own and the gateway's."""

    def __init__(self, headers: Mapping[str, str], own: str = "") -> None:
        found = {own}
        for name in KEY_HEADERS:
            if value := headers.get(name):
                found.add(value.rpartition(" ")[2])  # "Bearer KEY" → "KEY"
        # The longest first: one key may hold another.
        self._keys = sorted((key for key in found if len(key) >= _SHORTEST), key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Secrets({len(self._keys)})"

    def __bool__(self) -> bool:
        return bool(self._keys)

    def without(self, text: str) -> str:
        """The text with every key removed, also where it is written with JSON escapes."""
        for key in self._keys:
            text = text.replace(key, _GONE)
        if self._keys and ("\\u" in text or "\\/" in text):
            text = self._without_escaped(text)
        return text

    def in_bytes(self, data: bytes) -> bytes:
        """As :meth:`without`, for bytes that are not text."""
        for key in self._keys:
            data = data.replace(key.encode("utf-8", "replace"), _GONE.encode())
        return data

    def hold(self, text: str) -> bool:
        """Whether the text contains a key."""
        return any(key in text for key in self._keys)

    def _without_escaped(self, text: str) -> str:
        r"""Remove keys that are hidden by JSON escapes (``\u0073k-…``): a value that holds one is replaced whole."""
        if self._hidden_in(text):
            return json.dumps(_GONE)
        lines = text.split("\n")
        for number, line in enumerate(lines):
            start = "data:" if line.startswith("data:") else ""
            if self._hidden_in(line.removeprefix(start)):
                lines[number] = start + json.dumps(_GONE)
        return "\n".join(lines)

    def _hidden_in(self, text: str) -> bool:
        if holds_too_much(text.encode("utf-8", "replace"), _MAX_NUMBERS):
            return True  # or not: nobody looks, so it is not kept
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return self._in_value(value)

    def _in_value(self, value: Any) -> bool:
        if isinstance(value, str):
            return self.hold(value)
        if isinstance(value, dict):
            return any(self.hold(key) or self._in_value(inner) for key, inner in value.items())
        return isinstance(value, list) and any(self._in_value(inner) for inner in value)


class Mask:
    r"""Replaces the gateway's own key by asterisks in a reply, so that no client sees it.

    Found are the key as it is, in UTF-16 and UTF-32, and with any of its letters escaped as JSON, URLs and HTML do:
    ``\u0073``, ``%73``, ``&#115;``. Bytes that could be the beginning of one of these are held back until the next
    bytes arrive; all others pass at once. As many asterisks as bytes, so that a stated length stays true.
    """

    def __init__(self, key: str) -> None:
        self._letters = _spellings(key) if len(key) >= _SHORTEST else ()
        self._whole = _whole(key) if self._letters else None
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; returns those that may be sent now."""
        if self._whole is None:
            return chunk
        data = self._whole.sub(lambda found: b"*" * len(found[0]), self._held + chunk)
        kept = self._possible_beginning(data)
        self._held = data[kept:]
        return data[:kept]

    def end(self) -> bytes:
        """The bytes still held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def text(self, text: str) -> str:
        """A text that is whole, such as a header or a reason phrase."""
        if self._whole is None:
            return text
        data = text.encode("utf-8", "surrogateescape")
        shown = self._whole.sub(lambda found: b"*" * len(found[0]), data)
        return text if shown == data else shown.decode("utf-8", "surrogateescape")

    def _possible_beginning(self, data: bytes) -> int:
        """Where the first possible beginning of the key starts that reaches the end; the end where there is none."""
        start = max(0, len(data) - len(self._letters) * _LONGEST_SPELLING)
        for candidate in self._letters[0][1].finditer(data, start):
            if self._begins(data, candidate.start()):
                return candidate.start()
        return len(data)

    def _begins(self, data: bytes, start: int) -> bool:
        # More than one spelling may fit: a key may hold a percent sign itself.
        places = {start}
        for spelled, _ in self._letters:
            if any(place == len(data) or _UNFINISHED.match(data, place) for place in places):
                return True
            places = {found.end() for place in places for each in spelled if (found := each.match(data, place))}
            if not places:
                return False
        return False


_LONGEST_SPELLING: Final = 40  # bytes of one letter, with the NULs that UTF-16 and UTF-32 put between
_NULS: Final = rb"\0{0,3}"
# A letter whose spelling is cut off by the end of what has arrived, or might be.
_UNFINISHED: Final = re.compile(
    rb"\0{0,3}(?:\\[\0\\ux0-9a-fA-F]{0,39}|%[\x000-9a-fA-F]{0,11}|&[\0#xX0-9a-fA-F]{0,39})?\Z"
)


def _alternatives(letter: str) -> list[bytes]:
    """How one letter of a key may be written, as patterns: as it is, and escaped in JSON, URLs and HTML."""
    code = ord(letter)
    plain = re.escape(letter.encode())
    hexadecimal = [f"[{digit}{digit.upper()}]".encode() for digit in f"{code:02x}"]
    decimal = [digit.encode() for digit in str(code)]
    backslash = _NULS.join((rb"(?:\\", b"){1,4}"))
    zeros = _NULS.join((b"(?:0", b"){0,3}"))
    spelled = [
        [rb"(?:\\" + _NULS + b"){0,4}" + plain if letter in '/"' else plain],  # JSON escapes these without a number
        [backslash + b"u", b"0", b"0", *hexadecimal],
        [backslash + b"x", *hexadecimal],
        [b"%", *hexadecimal],
        [b"&", b"#", zeros + decimal[0], *decimal[1:], b";"],
        [b"&", b"#", b"[xX]", zeros + hexadecimal[0], *hexadecimal[1:], b";"],
    ]
    return [_NULS.join(parts) for parts in spelled]


def _spellings(key: str) -> tuple[tuple[list[re.Pattern[bytes]], re.Pattern[bytes]], ...]:
    """For each letter its spellings, and where one of them may begin."""
    return tuple(
        (
            [re.compile(_NULS + each) for each in _alternatives(letter)],
            re.compile(rb"[\0\\%&" + re.escape(letter.encode()) + b"]"),
        )
        for letter in key
    )


def _whole(key: str) -> re.Pattern[bytes]:
    return re.compile(_NULS.join(b"(?:" + b"|".join(_alternatives(letter)) + b")" for letter in key))
