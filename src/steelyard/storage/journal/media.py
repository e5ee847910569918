"""Images by digest: the bytes that samples show, a file each, kept apart so that they can be withheld like texts.

A sample in ``texts/`` names an image by its digest. The bytes stand once in ``media/``, however often it is shown.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.media import check_image, images_in
from steelyard.records import Image
from steelyard.storage.journal.texts import read_texts
from steelyard.util.atomic_file import write_file

__all__ = ["Media", "image_at", "size_at"]

WRITERS: Final = 8  # threads: a disk syncs several files in about the time of one


class Media:
    """The writing side. An image is on the disk before the request that shows it is sent.

    The folder is made with the first image, so that a run without images has none.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._kept: set[bytes] = set()
        self._being_kept: dict[bytes, asyncio.Future[None]] = {}
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="media")
        self._is_synced, self._has_folder = True, False

    def missing(self) -> set[str]:
        """For a resume: the SHA-256 of the images that the samples asked so far show and that are not there.

        What a kill left half-written, what was changed, and what no sample shows is removed. (After a power cut an
        image may be there whose sample is not: it is written again when that is asked.)
        """
        shown = {digest for _, text in read_texts(self._run) for digest in images_in(text)}
        folder = self._run / layout.MEDIA
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name in shown and _is_whole(self._run, layout.media_of(path.name)):
                shown.remove(path.name)
            else:
                path.unlink()
        return shown

    async def keep(self, images: Sequence[Image]) -> None:
        """Write each image that is not there yet, and check one that is: only then its request may be sent.

        Raises OSError where the disk takes no more, InputError for an image that came without its bytes.
        """
        for image in images:
            digest = bytes.fromhex(image.sha256)
            if digest in self._kept:
                continue
            if (writing := self._being_kept.get(digest)) is None:
                loop = asyncio.get_running_loop()
                writing = self._being_kept[digest] = loop.run_in_executor(self._threads, self._write, image)
            try:
                await asyncio.shield(writing)  # it may be that of another call, which goes on
            finally:
                if writing.done():
                    self._being_kept.pop(digest, None)
            self._kept.add(digest)

    def sync(self) -> None:
        """Force the names of new files onto the disk; what they hold is there already."""
        if self._is_synced:
            return
        self._is_synced = True
        descriptor = os.open(self._run / layout.MEDIA, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Wait for what is being written, and sync."""
        self._threads.shutdown()
        self.sync()

    def _write(self, image: Image) -> None:
        name = layout.media_of(image.sha256)
        path = self._run / name
        if os.path.lexists(path) and _is_whole(self._run, name):
            return
        if not image.data:
            raise InputError(f"the image {image.sha256[:12]}… came without its bytes", where=self._run)
        if not self._has_folder:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._has_folder = True
        write_file(path, image.data, 0o600)
        self._is_synced = False


def _is_whole(run: Path, name: str) -> bool:
    try:
        check_image(run, name)
    except VerificationError:
        return False
    return True


def image_at(run: Path, digest: str) -> bytes | None:
    """The bytes of an image; None where it is withheld. Raises VerificationError where they have another digest."""
    name = layout.media_of(digest)
    if not layout.is_media(name) or not os.path.lexists(run / name):
        return None
    check_image(run, name)
    return layout.read_bounded(run, name, layout.MAX_MEDIA_BYTES)


def size_at(run: Path, digest: str) -> int | None:
    """The size of an image in bytes, by its file; None where it is withheld."""
    name = layout.media_of(digest)
    if not layout.is_media(name) or not os.path.lexists(run / name):
        return None
    with layout.open_regular(run, name) as file:
        return os.fstat(file.fileno()).st_size
