"""The images of a suite: ``images/`` in its folder, each file named by its own SHA-256, as items name it.

So an item's digest, and with it the suite's and its seal's, is over its images too, and no item can name another path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.records.images import MAX_IMAGES, MediaType
from steelyard.tasks.image_files import read_image_file, type_of_image

__all__ = ["IMAGES", "about_image", "check_image_names", "check_images", "image_name", "suite_image"]

IMAGES: Final = "images"
_TYPES: Final[dict[str, MediaType]] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_ENDINGS: Final = {media_type: ending for ending, media_type in _TYPES.items()}
_NAME: Final = re.compile(r"[0-9a-f]{64}\.(?:png|jpg|webp)", re.ASCII)


def image_name(data: bytes, shown: str) -> str:
    """What an image is called in a suite; raises InputError, with the words ``shown``, for what cannot be sent."""
    return f"{sha256(data).hexdigest()}.{_ENDINGS[type_of_image(data, shown)]}"


def check_image_names(item: SuiteItem, path: Path, line: int) -> None:
    """Raise InputError, naming file and line, for a name that is none of an image of a suite, and for too many."""
    for name in item.images:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"images: {name[:80]!r} is none: a file in {IMAGES}/ is called its own SHA-256, in hexadecimal digits, "
                "and .png, .jpg or .webp",
                where=path,
                line=line,
            )
    if len(item.images) > MAX_IMAGES:
        raise InputError(f"images: {len(item.images)}; a request has at most {MAX_IMAGES}", where=path, line=line)


def about_image(folder: Path, name: str) -> tuple[MediaType, int]:
    """The type of an image by its name, and its size in bytes; raises InputError where it is not there."""
    try:
        size = (folder / IMAGES / name).lstat().st_size
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=folder / IMAGES / name) from None
    return _TYPES[name.rpartition(".")[2]], size


def suite_image(folder: Path, name: str) -> bytes:
    """The bytes of an image of the suite in ``folder``; raises InputError where they are not what its name says.

    ``name`` is one that :func:`check_image_names` took.
    """
    place = folder / IMAGES
    if place.is_symlink():
        raise InputError("is a link: the images of a suite lie in its own folder", where=place)
    data = read_image_file(str(place), name, f"{IMAGES}/{name}")
    if image_name(data, f"{IMAGES}/{name}") != name:
        raise InputError("was changed: it does not have the SHA-256 that it is named by", where=place / name)
    return data


def check_images(folder: Path, items: Iterable[SuiteItem]) -> int:
    """Read every image that items show, each once; their number. Raises InputError as :func:`suite_image` does."""
    names = dict.fromkeys(name for item in items for name in item.images)
    for name in names:
        suite_image(folder, name)
    return len(names)
