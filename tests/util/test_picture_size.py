"""Sizes from the headers of pictures; a header that lies or ends early gives none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.picture_size import pixels_of
from testkit.vision_server import picture


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + struct.pack("<I", len(body)) + body


JPEG = b"\xff\xd8\xff\xe0\x00\x04JF" + b"\xff\xc4\x00\x03x" + b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 300, 200)


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        (picture(7, side=12), 144),
        (JPEG, 60_000),
        (webp(b"VP8X", b"\0\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")), 640 * 480),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)), 640 * 480),
        (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)), 640 * 480),
        (webp(b"EXIF", b"\0" * 20), None),
        (JPEG[:12], None),
        (b"\xff\xd8" + b"\xff" * 9 + JPEG[2:], 60_000),
        (b"\xff\xd8\xff\x01\xff\xff\xd3" + JPEG[2:], 60_000),
        (b"\xff\xd8\xff\xda\x00\x02" + JPEG[2:], None),
        (b"\xff\xd8" + JPEG, None),
        (JPEG[:-4] + struct.pack(">HH", 0, 200), None),
        (b"\xff\xd8\xff\xe0\x00\x01", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0", None),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_by_the_header(data: bytes, pixels: int | None) -> None:
    assert pixels_of(data) == pixels


def test_bytes_that_fill_a_jpeg_hide_no_frame() -> None:
    """Read as a segment of its own, the second FF leads past the frame that a decoder finds to one of eight pixels."""
    small = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 8, 8)
    large = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 65_500, 65_500)
    hidden = bytearray(b"\xff\xff\xe0" + struct.pack(">H", 0xF000) + bytes(0xF000 - 2))
    hidden[2 + 0xE0F0 : 2 + 0xE0F0 + len(small)] = small
    assert pixels_of(b"\xff\xd8" + bytes(hidden) + large) == 65_500 * 65_500


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF\0\0\0\0WEBPVP8X"]), st.binary(max_size=200))
def test_nothing_breaks_it(start: bytes, rest: bytes) -> None:
    found = pixels_of(start + rest)
    assert found is None or found >= 0
