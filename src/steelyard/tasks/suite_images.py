"""The images of a suite: ``images/`` in its folder, each file named by its own SHA-256, as items name it.

So an item's digest, and with it the suite's and its seal's, is over its images too, and no item can name another path.
In an encrypted suite each is sealed under the key of the subject whose item shows it, in a file whose name says nothing
without that key: whoever deletes the key has erased the image.
"""

from __future__ import annotations

import hmac
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.records.images import MAX_IMAGE_BYTES, MAX_IMAGES, MediaType
from steelyard.tasks.image_files import read_image_file, type_of_image

__all__ = [
    "IMAGES",
    "about_image",
    "box_path",
    "boxed_image",
    "check_image_names",
    "image_name",
    "is_box",
    "opened_image",
    "plain_images",
    "suite_image",
]

IMAGES: Final = "images"
_TYPES: Final[dict[str, MediaType]] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_ENDINGS: Final = {media_type: ending for ending, media_type in _TYPES.items()}
_NONCE_BYTES: Final = 12
_BOX_BYTES: Final = 28  # that a box is longer than its image: the nonce, and the tag
_BOX: Final = re.compile(r"[0-9a-f]{32}\.box", re.ASCII)
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
    place = _place(folder)
    data = read_image_file(str(place), name, f"{IMAGES}/{name}")
    if image_name(data, f"{IMAGES}/{name}") != name:
        raise InputError("was changed: it does not have the SHA-256 that it is named by", where=place / name)
    return data


def plain_images(folder: Path) -> list[Path]:
    """The images in a suite's folder that are not encrypted, whether an item shows them or not."""
    place = _place(folder)
    return sorted(each for each in place.iterdir() if _NAME.fullmatch(each.name)) if place.is_dir() else []


def is_box(name: Path) -> bool:
    """Whether a path, below a suite's folder, is that of an encrypted image."""
    return len(name.parts) == 2 and name.parts[0] == IMAGES and _BOX.fullmatch(name.parts[1]) is not None


def box_path(folder: Path, name: str, key: bytes) -> Path:
    """Where the encrypted image of this name is, under this key."""
    return folder / IMAGES / f"{hmac.new(key, f'image {name}'.encode(), sha256).hexdigest()[:32]}.box"


def boxed_image(name: str, data: bytes, key: bytes) -> bytes:
    """An image, sealed by AES-256-GCM under a subject's key: the nonce, then the box."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, f"image {name}".encode())


def opened_image(folder: Path, name: str, key: bytes) -> bytes:
    """The bytes of an encrypted image; raises InputError where it is not there, or not what its name says."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = box_path(folder, name, key)
    boxed = read_image_file(str(_place(folder)), path.name, f"{IMAGES}/{path.name}", MAX_IMAGE_BYTES + _BOX_BYTES + 1)
    try:
        data = AESGCM(key).decrypt(boxed[:_NONCE_BYTES], boxed[_NONCE_BYTES:], f"image {name}".encode())
    except (InvalidTag, ValueError):
        raise InputError("was changed since it was encrypted", where=path) from None
    if image_name(data, f"{IMAGES}/{path.name}") != name:
        raise InputError("holds another image than its item names", where=path)
    return data


def _place(folder: Path) -> Path:
    place = folder / IMAGES
    if place.is_symlink():
        raise InputError("is a link: the images of a suite lie in its own folder", where=place)
    return place
