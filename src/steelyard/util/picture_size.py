"""How many pixels a picture has, by its header: none is shown or decoded that would take the memory of a machine.

Nothing is decoded, and what a header says is believed no further than this.
"""

from __future__ import annotations

import struct

__all__ = ["pixels_of"]

_NO_FRAME = {0xC4, 0xC8, 0xCC}  # JPEG markers among those of frames that are none
_ALONE = {0x01, *range(0xD0, 0xD8)}  # those that no length comes after
_OTHERWISE = {0x00, 0xD8, 0xD9, 0xDA}  # a byte that was escaped, another beginning, the end, or data: before a frame


def pixels_of(data: bytes) -> int | None:
    """Width × height of a PNG, JPEG or WebP; None where its header does not say."""
    width: int
    height: int
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"\xff\xd8"):
            width, height = _of_jpeg(data)
        elif data[8:12] == b"WEBP":
            width, height = _of_webp(data)
        else:
            return None
    except (struct.error, ValueError):
        return None
    return width * height


def _of_jpeg(data: bytes) -> tuple[int, int]:
    """By its first frame; raises ValueError or struct.error where a decoder might find another one first."""
    place = 2
    while True:
        (marker,) = struct.unpack_from(">B", data, place)
        kind = marker
        while kind == 0xFF:  # any number of them may stand before a marker's own byte
            place += 1
            (kind,) = struct.unpack_from(">B", data, place)
        if marker != 0xFF or kind in _OTHERWISE:
            raise ValueError
        place += 1
        if kind in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if length < 2:
            raise ValueError
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAME:
            height, width = struct.unpack_from(">HH", data, place + 3)
            if not height:  # a decoder may find it after the data
                raise ValueError
            return width, height
        place += length


def _of_webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[start : start + 3], "little") + 1 for start in (24, 27))
        if len(data) < 30:
            raise ValueError
        return width, height
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError
