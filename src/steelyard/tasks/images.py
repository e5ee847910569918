"""The images of a row: what a column that holds them shows, and where a prompt shows it.

In a template an image is an opaque value. Printed, it leaves a mark of two characters that no text may hold (Unicode
keeps them for such uses); a row whose data hold them is refused. When all is rendered the marks are taken out, and each
is the place of an image. A template reads nothing of an image, and no image is decoded. One that a generator gives is
drawn when a prompt shows it (:mod:`steelyard.tasks.drawing.picture`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.records import Image
from steelyard.records.images import MAX_ENCODED_BYTES, MAX_IMAGES, ImageDetail
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.file_of_suite import check_no_suite_image
from steelyard.tasks.image_files import folder_of_image, read_image_file, type_of_image

__all__ = ["RowImages", "check_unmarked"]

_OPENS, _CLOSES = "\ufdd0", "\ufdd1"
_MARKS: Final = re.compile(f"[{_OPENS}{_CLOSES}]")
_MARK: Final = re.compile(f"{_OPENS}([0-9]{{1,9}}){_CLOSES}")
# Python would print the address of each, and no image would be shown.
_WHOLE: Final = "prints a list of images whole: print each, as {% for each in NAME %}{{ each }}{% endfor %}"


class _Shown:
    """An image as a template has it: it can be printed, and nothing else."""

    __slots__ = ("_image", "_number")

    def __init__(self, number: int, image: Image | Picture) -> None:
        self._number, self._image = number, image

    def __str__(self) -> str:
        return f"{_OPENS}{self._number}{_CLOSES}"

    def __repr__(self) -> str:
        raise InputError(_WHOLE)


class _NoImage:
    """An empty cell: false in a condition, and an error where it is printed."""

    __slots__ = ("_column",)

    def __init__(self, column: str) -> None:
        self._column = column

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise InputError(f"the row has no image in {self._column!r}")

    def __repr__(self) -> str:
        raise InputError(_WHOLE)


class RowImages:
    """The images in some columns of a row, by ``columns``; their files lie in ``folder`` or below.

    A cell is an image's bytes, ``{bytes: …}`` as the hub has it, the path of a file, a generator's picture, a list of
    these, or empty. A row that has one of the columns need not have the others: they are empty, and an error where they
    are printed. Raises InputError for anything else, a path that leads elsewhere, a file that is no PNG, JPEG or WebP
    or is too large, and a row whose other texts hold a mark.
    """

    def __init__(self, row: Mapping[str, Any], columns: Sequence[str], folder: Path | None) -> None:
        self._folder = folder
        self._shown: list[_Shown] = []
        self.values: dict[str, Any] = {}
        for name, value in row.items():
            if name not in columns:
                check_unmarked(value)
        if columns and not any(name in row for name in columns):
            raise InputError(f"the row has no column {columns[0]!r}, which holds images by the task's file")
        for name in columns:
            cell = row.get(name)
            self.values[name] = (
                [self._cell(each, name) for each in cell] if isinstance(cell, list) else self._cell(cell, name)
            )

    @property
    def digests(self) -> tuple[str, ...]:
        """The SHA-256 of each image in the order of the columns; of a drawn one that of its drawing, whoever draws."""
        return tuple(each._image.sha256 for each in self._shown)

    def placed_in(self, text: str, detail: ImageDetail = "") -> tuple[str, tuple[Image, ...]]:
        """A rendered text without its marks, and the images at their places.

        Raises InputError where a mark was cut by the template, and where more is shown than one request may hold.
        """
        found, parts, place = [], [], 0
        for part, number in _split(text):
            if _MARKS.search(part) or (number is not None and number >= len(self._shown)):
                raise InputError("the template takes an image's mark apart: print images as they are")
            parts.append(part)
            place += len(part)
            if number is not None:
                shown = _as_file(self._shown[number]._image)
                found.append(
                    Image(sha256=shown.sha256, media_type=shown.media_type, at=place, detail=detail, data=shown.data)
                )
        encoded = sum((len(each.data) + 2) // 3 * 4 for each in found)
        if len(found) > MAX_IMAGES or encoded > MAX_ENCODED_BYTES:
            raise InputError(
                f"shows {len(found)} images of {encoded:,} bytes in base64; a request has at most {MAX_IMAGES}, and "
                f"{MAX_ENCODED_BYTES:,} bytes"
            )
        return "".join(parts), tuple(found)

    def _cell(self, value: Any, column: str) -> _Shown | _NoImage:
        if isinstance(value, Picture):
            self._shown.append(_Shown(len(self._shown), value))
            return self._shown[-1]
        data = self._bytes(value, column)
        if data is None:
            return _NoImage(column)
        media_type = type_of_image(data, column)
        shown = _Shown(len(self._shown), Image(sha256=sha256(data).hexdigest(), media_type=media_type, data=data))
        self._shown.append(shown)
        return shown

    def _bytes(self, value: Any, column: str) -> bytes | None:
        if isinstance(value, Mapping):  # as the hub has it; the path there names a file of whoever made the data set
            value = value.get("bytes")
            if value is not None and not isinstance(value, bytes):
                raise InputError(f"{column}: its bytes are none")
        if value is None or value == "":
            return None
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise InputError(f"{column}: is neither an image nor the path of one, but {type(value).__name__}")
        if self._folder is None:
            raise InputError(f"{column}: a path, and these rows lie in no folder: give a mirror with --data")
        shown = f"{column}: {value[:120]!r}"
        place = folder_of_image(self._folder, value, shown)
        check_no_suite_image(place)
        return read_image_file(place, value.rpartition("/")[2], shown)


def _as_file(image: Image | Picture) -> Image:
    """An image with its bytes."""
    if isinstance(image, Image):
        return image
    data = image.png()
    return Image(sha256=sha256(data).hexdigest(), media_type="image/png", data=data)


def _split(text: str) -> Iterator[tuple[str, int | None]]:
    """The parts of a text, each with the number of the image that stands after it; None after the last."""
    begun = 0
    for mark in _MARK.finditer(text):
        yield text[begun : mark.start()], int(mark[1])
        begun = mark.end()
    yield text[begun:], None


def check_unmarked(value: Any) -> None:
    """Raise InputError where a text in a value could be taken for the mark of an image."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            if _OPENS in each or _CLOSES in each:
                raise InputError("its text holds U+FDD0 or U+FDD1, which stand for images here: take them out")
        elif isinstance(each, Mapping):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple):
            left += each
