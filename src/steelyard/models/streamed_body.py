"""A body of JSON that shows images, in pieces: each image is encoded in base64 as it is sent, and never held so whole.

The bytes of an image are in memory once, as its file has them. Around them goes the rest of the body, and the length of
all is known before anything is sent, as many servers want it.
"""

from __future__ import annotations

import itertools
import secrets
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from steelyard.records import Image

__all__ = ["Places", "StreamedBody", "data_uri", "in_base64"]

PIECE: Final = 3 << 15  # bytes of an image that are encoded at once: a multiple of three, which needs no padding
LEAST: Final = 1 << 14  # bytes that are sent on their own: what is smaller goes with what stands beside it
MOST: Final = 5 << 15  # bytes that are put together before they are sent: an encoded piece, and what is small beside it
_SECRET: Final = secrets.token_hex(16)  # of this process; to draw one for each image costs as much as to encode it
_NUMBERS: Final = itertools.count()


@dataclass
class Places:
    """The places of images in a body, in the order in which it is written: each a text that no data set can hold.

    ``data_uris``: an image goes as a data URI; otherwise as its base64 alone.
    """

    data_uris: bool = True
    shown: list[tuple[str, Image]] = field(default_factory=list)

    def put(self, image: Image) -> str:
        """What stands for the image's data URI, or for its base64."""
        place = f"image-{_SECRET}-{next(_NUMBERS):x}."
        self.shown.append((place, image))
        return place


@dataclass(frozen=True)
class StreamedBody:
    """The pieces of a body: JSON, or an image between two of them."""

    pieces: tuple[bytes | Image, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any], places: Places) -> StreamedBody:
        """The body with each place filled; raises ValueError for an image that has no place in it, or no bytes."""
        left = msgspec.json.encode(body)
        pieces: list[bytes | Image] = []
        for place, image in places.shown:
            before, found, left = left.partition(place.encode())
            if not found or not image.data:
                raise ValueError("an image has no place in the body, or no bytes")
            uri = f"data:{image.media_type};base64," if places.data_uris else ""
            pieces += [before + uri.encode(), image]
        return cls((*pieces, left))

    @property
    def size(self) -> int:
        """The length in bytes as it is sent."""
        return sum((len(each.data) + 2) // 3 * 4 if isinstance(each, Image) else len(each) for each in self.pieces)

    def sent(self) -> Iterator[bytes]:
        """What is sent, a piece at a time: each is made when it is asked for."""
        if self.size <= MOST:
            yield b"".join(self._encoded())
            return
        waiting: list[bytes] = []
        size = 0
        for piece in self._encoded():
            if (size >= LEAST and len(piece) >= LEAST) or (waiting and size + len(piece) > MOST):
                yield b"".join(waiting)
                waiting, size = [], 0
            waiting.append(piece)
            size += len(piece)
        yield b"".join(waiting)

    def _encoded(self) -> Iterator[bytes]:
        for each in self.pieces:
            if not isinstance(each, Image):
                yield each
                continue
            view = memoryview(each.data)
            for start in range(0, len(view), PIECE):
                yield b2a_base64(view[start : start + PIECE], newline=False)


def in_base64(image: Image) -> str:
    """An image in base64, for a body that is held whole; raises ValueError for one that came without its bytes."""
    if not image.data:
        raise ValueError("an image came without its bytes")
    return b2a_base64(image.data, newline=False).decode()


def data_uri(image: Image) -> str:
    """An image as a data URI, for a body that is held whole."""
    return f"data:{image.media_type};base64,{in_base64(image)}"
