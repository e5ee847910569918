"""Images by digest: the bytes that samples show, a file each, kept apart so that they can be withheld like texts.

A sample in ``texts/`` names an image by its digest. The bytes stand once in ``media/``, however often it is shown.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.media import check_image, images_in
from steelyard.records import Image
from steelyard.storage.journal.lines import write_whole
from steelyard.storage.journal.texts import read_texts
from steelyard.storage.store import FOLDER, Store
from steelyard.util.atomic_file import PARTIAL

__all__ = ["Media", "image_at", "size_at"]

WRITERS: Final = 4  # threads, for large images
AT_ONCE: Final = 1 << 20  # bytes that are written without one: a thread would take longer


class Media:
    """The writing side. An image is in its file before the request that shows it is sent, so that a kill loses none.

    The disk is forced beside the run, every second and at the end: to force each file costs several times as much as to
    send it. What a power cut takes of the last seconds a resume writes again. The folder is made with the first image,
    so that a run without images has none.
    """

    def __init__(self, run: Path, store: Store = FOLDER) -> None:
        self._run, self._store = run, store
        self._kept: set[bytes] = set()
        self._being_kept: dict[bytes, asyncio.Future[None]] = {}
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="media")
        self._forced: Future[None] | None = None
        self._is_forced, self._has_folder = True, False

    def missing(self) -> set[str]:
        """For a resume: the SHA-256 of the images that the samples asked so far show and that are not there.

        What a kill left half-written, what was changed, and images that no sample shows are removed. (After a power cut
        an image may be there whose sample is not: it is written again when that is asked.) Raises VerificationError
        for a folder that is a link, and for what is no image.
        """
        shown = {digest for _, text in read_texts(self._run) for digest in images_in(text)}
        for name in list(layout.run_files(self._run)):
            folder, _, own_name = name.rpartition("/")
            if f"{folder}/" != layout.MEDIA:
                continue
            if own_name in shown and _is_whole(self._run, name):
                shown.remove(own_name)
            elif layout.is_media(name.removesuffix(PARTIAL)):
                (self._run / name).unlink()
            elif not layout.LITTER.fullmatch(own_name):
                raise VerificationError(f"{name}: no image: move it out")
        return shown

    async def keep(self, images: Sequence[Image]) -> None:
        """Write each image that is not there yet, and check one that is: only then its request may be sent.

        Raises OSError where the disk takes no more, InputError for an image that came without its bytes.
        """
        for image in images:
            digest = bytes.fromhex(image.sha256)
            if digest in self._kept:
                continue
            if len(image.data) <= AT_ONCE:
                self._write(image)
            else:
                await self._keep_apart(digest, image)
            self._kept.add(digest)

    async def _keep_apart(self, digest: bytes, image: Image) -> None:
        """Write a large image in a thread, once, however many calls show it."""
        if (writing := self._being_kept.get(digest)) is None:
            loop = asyncio.get_running_loop()
            writing = self._being_kept[digest] = loop.run_in_executor(self._threads, self._write, image)
        try:
            await asyncio.shield(writing)  # it may be that of another call, which goes on
        finally:
            if writing.done():
                self._being_kept.pop(digest, None)

    def sync(self) -> None:
        """Begin to force what was written onto the disk, unless that is being done."""
        if not self._is_forced and (self._forced is None or self._forced.done()):
            self._is_forced = True
            self._forced = self._threads.submit(_force, self._run / layout.MEDIA)

    def close(self) -> None:
        """Force all onto the disk, and wait for it; raises OSError where the disk fails."""
        self._threads.shutdown()
        if self._forced is not None:
            self._forced.result()
        if not self._is_forced:
            self._is_forced = True
            _force(self._run / layout.MEDIA)

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
        self._is_forced = False
        partial = f"{path}{PARTIAL}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_whole(descriptor, image.data)
        except OSError:
            os.unlink(partial)
            raise
        finally:
            os.close(descriptor)
        os.replace(partial, path)
        self._store.image(name, image.data)


def _force(folder: Path) -> None:
    """Force the file system of a folder onto the disk; where a system cannot do so for one, all of them."""
    force_one = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if force_one is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if force_one(descriptor):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(folder))
    finally:
        os.close(descriptor)


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
