"""An image in a request: what it is by its digest, where it stands, and, while the request lives, its bytes."""

from __future__ import annotations

from typing import Final, Literal

from steelyard.records.record import Record

__all__ = [
    "MAX_ENCODED_BYTES",
    "MAX_IMAGES",
    "MAX_IMAGE_BYTES",
    "USUAL_TOKENS",
    "Image",
    "ImageDetail",
    "MediaType",
    "media_type_of",
]

MAX_IMAGE_BYTES: Final = 20_000_000  # of one image, as its file is
MAX_IMAGES: Final = 50  # in one request
USUAL_TOKENS: Final = 1500  # about what models count for a chart or a page: an estimate, for plans and rate limits
MAX_ENCODED_BYTES: Final = 64_000_000  # of all images of one request in base64, as they are sent

MediaType = Literal["image/png", "image/jpeg", "image/webp"]
ImageDetail = Literal["", "low", "high", "auto"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"


class Image(Record, frozen=True, kw_only=True):
    """An image that stands before the character ``at`` of a request's prompt; several at one place in their order.

    ``sha256`` is the digest of its file, ``detail`` what the task asks of an endpoint that has such a setting. ``data``
    are the file's bytes, as they are sent: no sealed form has them, and a record that was read back has none.
    """

    sha256: str
    media_type: MediaType
    at: int = 0
    detail: ImageDetail = ""
    data: bytes = b""


def media_type_of(data: bytes) -> MediaType | None:
    """The type of a file by its first bytes, whatever its name is; None for all but PNG, JPEG and WebP."""
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(_JPEG):
        return "image/jpeg"
    return "image/webp" if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else None
