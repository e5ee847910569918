"""API keys: sent on to the endpoint, and removed from everything that is kept.

A key shorter than eight characters is ignored: it is a placeholder ("x", "EMPTY"), and removing it would damage texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["KEY_HEADERS", "Mask", "Secrets"]

KEY_HEADERS: Final = ("Authorization", "api-key", "x-api-key", "x-goog-api-key")
_SHORTEST = 8
_GONE = "[key]"


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
    """Replaces the gateway's own key by asterisks in a streamed reply, so that no client sees it.

    Bytes that could be the beginning of the key are held back until the next bytes arrive; all others pass at once.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode() if len(key) >= _SHORTEST else b""
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; returns those that may be sent now."""
        if not self._key:
            return chunk
        data = (self._held + chunk).replace(self._key, b"*" * len(self._key))
        self._held = self._possible_beginning(data)
        return data[: len(data) - len(self._held)]

    def end(self) -> bytes:
        """The bytes still held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def _possible_beginning(self, data: bytes) -> bytes:
        for length in range(min(len(self._key) - 1, len(data)), 0, -1):
            if data.endswith(self._key[:length]):
                return self._key[:length]
        return b""
