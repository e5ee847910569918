"""What a processor cannot be given is said before it is asked."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image as Pillow

from steelyard.models import transformers_images
from steelyard.models.transformers_images import _picture, _pictures
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


def test_many_small_files_are_measured_before_the_first_is_decoded() -> None:
    """50 images of 6 kB are 9 GB; each has its last bytes cut off, which only decoding finds."""
    each = png(7000, 7000)
    with pytest.raises(ValueError, match="the request's 50 images have 2,450,000,000 pixels, more than 100,000,000"):
        _pictures([image(each[:-40])] * 50)
    with pytest.raises(ValueError, match="an image cannot be read"):
        _pictures([image(each[:-40])] * 2)


def test_what_pillow_decodes_counts_whatever_our_own_reading_of_a_header_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_images, "REQUEST_PIXELS", 100)
    monkeypatch.setattr(transformers_images, "pixels_of", lambda data: None)
    with pytest.raises(ValueError, match="the request's 2 images have 120 pixels, more than 100"):
        _pictures([image(png(10, 6))] * 2)
    assert [each.size for each in _pictures([image(png(10, 5))] * 2)] == [(10, 5)] * 2


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
