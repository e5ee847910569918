"""Where a run is kept: what it writes goes into its folder first, and from there into a store, in the same order.

The folder is the first store, and keeps what was written by itself: :data:`FOLDER` does nothing more. Every other store
gets the same bytes, and decides what is finished: a line that it has not committed is a call in flight.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

__all__ = ["FOLDER", "FolderStore", "Store"]


class Store(Protocol):
    """What gets each line, text and image of a run right after its folder, and keeps them in the order given.

    Every verb raises StorageError once the store takes no more, which ends the run: what it does not hold by then is
    asked again by whoever goes on. ``segment`` is that of the attempts where another process began the run's journal;
    "" is the main one.
    """

    segment: str

    def text(self, line: bytes) -> None:
        """Take the next line of the texts, without its newline; it comes before the journal's line that names it."""

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        """Take a line of a segment of the journal, ``main`` or a worker's, without its newline."""

    def image(self, name: str, data: bytes) -> None:
        """Take an image by its name in the folder; may be called from any thread."""

    async def room(self) -> None:
        """Wait until another call may be sent: while a whole batch of lines is not committed none is."""

    async def committed(self) -> None:
        """Wait until all that was given is committed."""

    async def keep_files(self, run: Path) -> None:
        """Commit, together, the other files of the folder that are new or were changed."""


class FolderStore:
    """The run's folder alone: what was written there needs no other place."""

    segment = ""

    def text(self, line: bytes) -> None:
        """Nothing: the line is in the folder."""

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        """Nothing: the line is in the folder."""

    def image(self, name: str, data: bytes) -> None:
        """Nothing: the image is in the folder."""

    async def room(self) -> None:
        """Return at once."""

    async def committed(self) -> None:
        """Return at once."""

    async def keep_files(self, run: Path) -> None:
        """Nothing: the files are in the folder."""


FOLDER: Final = FolderStore()
