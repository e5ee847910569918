"""Files of images beside rows: of one folder or below it, through no link, and no more of a file than may be sent."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.records.images import MAX_IMAGE_BYTES, MediaType, media_type_of

__all__ = ["HEAD", "folder_of_image", "read_image_file", "type_of_image"]

HEAD: Final = 16  # bytes of a file that say what it is


@lru_cache(maxsize=256)
def _inside(folder: Path, name: str) -> str | None:
    """A folder in ``folder``, without links in its path; None where it lies elsewhere."""
    inside = folder.resolve()
    place = (inside / name).resolve()
    return str(place) if place.is_relative_to(inside) else None


def folder_of_image(folder: Path, name: str, shown: str) -> str:
    """The folder in which an image lies that data name as ``name``: ``folder`` or one below, without links.

    Raises InputError, with the words ``shown``, for any other place: data may be a stranger's, and what they name is
    sent to an endpoint.
    """
    above, _, last = name.rpartition("/")
    try:
        place = _inside(folder, above or ".")
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(shown, error) from None
    if name.startswith("/") or last in ("", ".", "..") or place is None:
        raise InputError(f"{shown} lies outside the folder of the data, and nothing from elsewhere is sent")
    return place


def read_image_file(folder: str, name: str, shown: str, most: int = MAX_IMAGE_BYTES + 1) -> bytes:
    """The first ``most`` bytes of a regular file of this folder; raises InputError, with the words ``shown``."""
    try:
        # Not blocking: a named pipe must not stall the reader.
        descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise InputError(f"{shown} is no regular file")
        return _read(descriptor, min(about.st_size, most))  # of what grows meanwhile, no more than there was
    except OSError as error:
        raise _unreadable(shown, error) from None
    finally:
        os.close(descriptor)


def _read(descriptor: int, most: int) -> bytes:
    """So many bytes, or all that there are: a file's own object would ask once more what the descriptor is."""
    data = os.read(descriptor, most)
    while 0 < len(data) < most and (more := os.read(descriptor, most - len(data))):
        data += more
    return data


def type_of_image(data: bytes, shown: str) -> MediaType:
    """What a file is by its bytes, or by its first ones; raises InputError where it is too large, or none of ours."""
    if len(data) > MAX_IMAGE_BYTES:
        raise InputError(f"{shown}: an image of {len(data):,} bytes; at most {MAX_IMAGE_BYTES:,} are sent")
    media_type = media_type_of(data)
    if media_type is None:
        raise InputError(f"{shown}: is no PNG, JPEG or WebP by its first bytes, and nothing else is sent")
    return media_type


def _unreadable(shown: str, error: Exception) -> InputError:
    is_link = isinstance(error, OSError) and error.errno == errno.ELOOP
    reason = "it is a link" if is_link else getattr(error, "strerror", None) or "it is no path"
    return InputError(f"{shown} cannot be read: {reason}")
