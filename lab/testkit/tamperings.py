"""How a file of a bundle is changed, by name."""

from __future__ import annotations

import random
from collections.abc import Callable


def _flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _lines(change: Callable[[list[bytes], random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def apply(data: bytes, dice: random.Random) -> bytes:
        lines = data.splitlines(keepends=True)
        change(lines, dice)
        return b"".join(lines)

    return apply


def _delete(lines: list[bytes], dice: random.Random) -> None:
    lines.pop(dice.randrange(len(lines)))


def _swap(lines: list[bytes], dice: random.Random) -> None:
    if len(lines) > 1:
        one = dice.randrange(len(lines) - 1)
        lines[one], lines[one + 1] = lines[one + 1], lines[one]


TAMPERINGS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip a bit": _flip,
    "delete a line": _lines(_delete),
    "repeat a line": _lines(lambda lines, dice: lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))),
    "insert a line": _lines(lambda lines, dice: lines.insert(dice.randrange(len(lines) + 1), b'{"seq":1}\n')),
    "reorder lines": _lines(_swap),
    "truncate": lambda data, dice: data[: dice.randrange(len(data))],
    "append": lambda data, dice: data + bytes([dice.randrange(256)]),
    "change a digit": lambda data, dice: data.replace(b"1", b"7", 1 + dice.randrange(3)),
}
