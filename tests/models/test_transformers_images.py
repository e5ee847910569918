"""What a processor cannot be given is said before it is asked."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image as Pillow

from steelyard.models import transformers_images
from steelyard.models.transformers_images import _picture
from steelyard.records import Image


def image(data: bytes) -> Image:
    return Image(sha256="0" * 64, media_type="image/png", data=data)


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("L", (width, height), 9).save(file, "PNG")
    return file.getvalue()


def test_an_image_is_read_as_rgb() -> None:
    assert _picture(image(png(4, 3))).mode == "RGB"
    assert _picture(image(png(4, 3))).size == (4, 3)


def test_a_huge_image_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_images, "MAX_PIXELS", 100)
    with pytest.raises(ValueError, match="an image of 20 × 6 pixels is more than 100 pixels"):
        _picture(image(png(20, 6)))


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    chunk = len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    return data[:33] + chunk + data[33:]


def png_of_mode(mode: str) -> bytes:
    file = io.BytesIO()
    Pillow.new(mode, (2, 2)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        png(30, 30)[:-40],
        *(with_chunk(png_of_mode(mode), b"tRNS", b"\x01") for mode in ("L", "RGB")),
    ],
)
def test_an_image_that_cannot_be_read_is_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match="an image cannot be read") as caught:
        _picture(image(data))
    assert "\n" not in str(caught.value)
