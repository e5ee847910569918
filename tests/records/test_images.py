"""Images in records: known by their first bytes, sealed by their digests alone, and old digests stay as they were."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical
from steelyard.records import GenerateRequest, Image, Sample
from steelyard.records.images import MAX_IMAGE_BYTES, media_type_of


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"GIF89a", None),
        (b"\x89PNG\n", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_type_is_that_of_the_first_bytes(data: bytes, kind: str | None) -> None:
    assert media_type_of(data) == kind


def test_bytes_are_never_sealed() -> None:
    plain = Image(sha256="ab", media_type="image/png", at=3)
    assert canonical(msgspec.structs.replace(plain, data=b"\x89PNG")) == canonical(plain)
    assert canonical(plain) == b'{"at":3,"media_type":"image/png","sha256":"ab"}'


def test_a_request_without_images_has_its_old_digest() -> None:
    sample = Sample(id="x", request=GenerateRequest(prompt="What is 2 + 2?"), target="4")
    assert canonical(sample) == b'{"id":"x","request":{"kind":"generate","prompt":"What is 2 + 2?"},"target":"4"}'


def test_an_image_that_may_be_sent_may_be_kept() -> None:
    assert layout.MAX_MEDIA_BYTES == MAX_IMAGE_BYTES


def test_other_types_are_no_image() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"sha256":"ab","media_type":"image/svg+xml"}', type=Image)
