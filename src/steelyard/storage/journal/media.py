"""Images by digest: the bytes that samples show, a file each, kept apart so that they can be withheld like texts.

A sample in ``texts/`` names an image by its digest. The bytes stand once in ``media/``, however often it is shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.media import check_image, images_in
from steelyard.records import Image
from steelyard.storage.journal.lines import write_whole
from steelyard.storage.journal.texts import read_texts
from steelyard.storage.store import FOLDER, Store
from steelyard.util.atomic_file import PARTIAL

__all__ = ["Media", "image_at", "size_at"]

_THREADS: Final = 2  # one writes, one forces


class Media:
    """The writing side. An image is in its file before anything is recorded of the request that shows it.

    So a kill takes only images of calls that are asked again. One thread writes, beside the requests: those that come
    meanwhile go together, since to hand over each alone, or to wait for the disk, costs as much as to send it. The disk
    is forced every second and at the end: to force each file costs several times as much. What a power cut takes of the
    last seconds a resume writes again. The folder is made with the first image, so that a run without images has none.
    """

    def __init__(self, run: Path, store: Store = FOLDER) -> None:
        self._run, self._store = run, store
        self._kept: set[bytes] = set()
        self._being_kept: dict[bytes, asyncio.Future[None]] = {}
        self._waiting: list[Image] = []
        self._writing: Future[dict[bytes, Exception]] | None = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="media")
        self._forced: Future[None] | None = None
        self._is_forced = True
        self._found: frozenset[str] | None = None  # the names that an earlier process left

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
        """Write each image that is not there yet, and check one that is.

        Raises OSError where the disk takes no more, InputError for an image that came without its bytes.
        """
        for writing in self.begin(images):
            await asyncio.shield(writing)  # it may be that of another call, which goes on

    def begin(self, images: Sequence[Image]) -> list[asyncio.Future[None]]:
        """Begin to :meth:`keep`; what to await, shielded, before anything is recorded of a request that shows them."""
        begun = []
        for image in images:
            digest = bytes.fromhex(image.sha256)
            if digest in self._kept:
                continue
            if digest not in self._being_kept:
                if not image.data:
                    raise InputError(f"the image {image.sha256[:12]}… came without its bytes", where=self._run)
                future = self._being_kept[digest] = asyncio.get_running_loop().create_future()
                future.add_done_callback(_seen)
                self._waiting.append(image)
            begun.append(self._being_kept[digest])
        self._write_waiting()
        return begun

    def _write_waiting(self) -> None:
        """Hand over all that wait, unless some are being written."""
        if self._waiting and self._writing is None:
            images, self._waiting = self._waiting, []
            self._writing = self._threads.submit(self._write_all, images)
            loop = asyncio.get_running_loop()
            self._writing.add_done_callback(lambda _: _tell(loop, self._written, images))

    def _written(self, images: list[Image]) -> None:
        if self._writing is None:
            return  # it was closed meanwhile
        failed, self._writing = self._writing.result(), None
        for image in images:
            digest = bytes.fromhex(image.sha256)
            future = self._being_kept.pop(digest)
            if digest in failed:
                future.set_exception(failed[digest])
            else:
                self._kept.add(digest)
                self._is_forced = False
                future.set_result(None)
        self._write_waiting()

    def sync(self) -> None:
        """Begin to force what was written onto the disk, unless that is being done."""
        if not self._is_forced and (self._forced is None or self._forced.done()):
            self._is_forced = True
            self._forced = self._threads.submit(_force, self._run / layout.MEDIA)

    def close(self) -> None:
        """Write what still waits, force all onto the disk, and wait for it; raises OSError where the disk fails."""
        self._threads.shutdown()
        waiting, self._waiting = self._waiting, []
        failed = self._writing.result() if self._writing is not None else {}
        failed |= self._write_all(waiting)
        for error in failed.values():
            raise error
        if self._forced is not None:
            self._forced.result()
        if not self._is_forced or waiting or self._writing is not None:
            self._is_forced, self._writing = True, None
            _force(self._run / layout.MEDIA)

    def _write_all(self, images: Sequence[Image]) -> dict[bytes, Exception]:
        """Write images; those that failed, with why."""
        failed: dict[bytes, Exception] = {}
        for image in images:
            try:
                self._write(image)
            except (OSError, SteelyardError) as error:  # the disk's, or the store's: for whoever awaits the image
                failed[bytes.fromhex(image.sha256)] = error
        return failed

    def _write(self, image: Image) -> None:
        name = layout.media_of(image.sha256)
        if self._found is None:
            folder = self._run / layout.MEDIA
            folder.mkdir(mode=0o700, exist_ok=True)
            self._found = frozenset(os.listdir(folder))
        if image.sha256 in self._found and _is_whole(self._run, name):
            return
        path = f"{self._run}/{name}"  # as a text: the thread holds the interpreter while it makes one
        partial_path = f"{path}{PARTIAL}"
        descriptor = os.open(partial_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_whole(descriptor, image.data)
        except OSError:
            os.unlink(partial_path)
            raise
        finally:
            os.close(descriptor)
        os.replace(partial_path, path)
        self._store.image(name, image.data)


def _tell(loop: asyncio.AbstractEventLoop, done: Callable[[list[Image]], None], images: list[Image]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended: close() waits for the thread by itself
        loop.call_soon_threadsafe(done, images)


def _seen(future: asyncio.Future[None]) -> None:
    """A call that was cancelled no longer awaits its image: a failure is told to the others, and by close()."""
    if not future.cancelled():
        future.exception()


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
