"""The images of a page of answers: inside the page, as far as it has room, and only as what a browser just shows.

Each is a PNG, JPEG or WebP by its first bytes, in a data URI that says so: a picture that runs and loads nothing.
One that is broken shows as its description.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.records.images import MediaType, media_type_of
from steelyard.util.picture_size import pixels_of

__all__ = ["PageImage", "Pictures", "Shown"]

PAGE_BYTES: Final = 24_000_000  # of all images of a page, as their files are
IMAGE_BYTES: Final = 2_000_000
PIXELS: Final = 40_000_000  # which a browser holds in 160 MB
PAGE_PIXELS: Final = 200_000_000  # of all images of a page


@dataclass(frozen=True)
class PageImage:
    """An image by its digest; ``size`` is None where it is withheld, and ``read`` gives its bytes.

    ``place`` names its file: below the run's folder where nothing else is said.
    """

    media_type: MediaType
    sha256: str
    size: int | None
    read: Callable[[], bytes | None]
    place: str = ""


@dataclass(frozen=True)
class Shown:
    """An image as a page has it: a description, and a data URI; empty where it is not in the page."""

    words: str
    uri: str = ""


class Pictures:
    """Puts images into a page until its room is used up; ``inside`` is how many are in it.

    ``room``: bytes of their files, where it is not :data:`PAGE_BYTES`.
    """

    def __init__(self, room: int | None = None) -> None:
        self.inside = 0
        self._left, self._pixels_left = PAGE_BYTES if room is None else room, PAGE_PIXELS

    def shown(self, images: tuple[PageImage, ...]) -> tuple[Shown, ...]:
        """The images of one answer."""
        return tuple(self._shown(image, number) for number, image in enumerate(images, 1))

    def _shown(self, image: PageImage, number: int) -> Shown:
        kind = image.media_type.removeprefix("image/").upper()
        name = f"Image {number}: {kind}, "
        if image.size is None:
            return Shown(f"{name}withheld, SHA-256 {image.sha256}")
        words = f"{name}{image.size:,} bytes, {image.place or f'media/{image.sha256}'}"
        if image.size > min(IMAGE_BYTES, self._left):
            return Shown(f"{words} (not in this page: too large for it)")
        try:
            data = image.read()
        except (InputError, VerificationError):
            return Shown(f"{words} (was changed: it does not have this SHA-256)")
        pixels = None if data is None else pixels_of(data)
        if data is None or media_type_of(data) != image.media_type or pixels is None:
            return Shown(f"{words} (broken)")
        if pixels > min(PIXELS, self._pixels_left):
            return Shown(f"{words} (not in this page: {pixels:,} pixels)")
        self._left -= len(data)
        self._pixels_left -= pixels
        self.inside += 1
        return Shown(words, f"data:{image.media_type};base64,{b64encode(data).decode()}")
