"""Taking in a suite: received within bounds, read in a process of its own, then put in whole; or refused in one line.

What is inside names no place on this server: names of files are plain, and what a page shows is what our code read.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard.suites.exposures import EXPOSURES
from steelyard.suites.review import REVIEW
from steelyard_server.archive import Unpacker
from steelyard_server.database.beneath import open_file
from steelyard_server.push.intake import BusyError
from steelyard_server.push.verifying import Verifier, VerifyLimits
from steelyard_server.runs.folders import incoming_folder
from steelyard_server.suites.content import LIMITS, SUITE_FILES, is_suite_file
from steelyard_server.suites.rows import NewVersion, SuiteFile, SuiteRow, Suites
from steelyard_server.suites.summary import ItemLine
from steelyard_server.suites.worker import Reply

if TYPE_CHECKING:
    from steelyard_server.access.callers import Caller
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.http.facts import RequestFacts

__all__ = ["Additions", "SuiteIntake"]

_AT_ONCE: Final = 2
_RECEIVE_SECONDS: Final = 1800.0
_LIMITS: Final = VerifyLimits(cpu_seconds=120, memory=2 << 30, wall_seconds=600.0)
_FREE: Final = 1 << 30  # bytes of the disk that stay free: the database lies there too


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What is put into a suite's files: lines of ``review.jsonl``, the last of them the decision ``reviewed_to``.

    ``exposures`` are lines of ``exposures.jsonl``, of runs that may be on the suite's record already.
    """

    review: bytes
    reviewed_to: int
    exposures: bytes = b""


class SuiteIntake:
    """Takes in suites, two at a time, and makes a new version of decisions; each is read in a process of its own."""

    def __init__(self, data: DataFolder, suites: Suites, checker: Verifier | None = None) -> None:
        self._data = data
        self._suites = suites
        self._checker = checker or Verifier(_LIMITS, "steelyard_server.suites.worker")
        self._places = asyncio.Semaphore(_AT_ONCE)

    def stop(self) -> None:
        """End the processes that run: their suites are refused, and can be brought again."""
        self._checker.stop()

    async def take(
        self,
        pieces: AsyncIterator[bytes],
        *,
        compressed: bool,
        caller: Caller,
        facts: RequestFacts,
        may_still: Callable[[], bool],
    ) -> tuple[SuiteRow, bool]:
        """The version, and whether it is new in the token's project.

        Raises InputError for what is no suite, which is put on record, and BusyError where too many come at once.
        """
        if self._places.locked():
            raise BusyError("too many suites are being brought at once: try again in a minute")
        async with self._places:
            try:
                return await self._take(pieces, compressed=compressed, caller=caller, facts=facts, may_still=may_still)
            except InputError:
                await asyncio.to_thread(self._suites.note_refused, caller, facts)
                raise

    async def _take(
        self,
        pieces: AsyncIterator[bytes],
        *,
        compressed: bool,
        caller: Caller,
        facts: RequestFacts,
        may_still: Callable[[], bool],
    ) -> tuple[SuiteRow, bool]:
        project = caller.token_project
        assert project is not None
        with incoming_folder(self._data) as path, incoming_folder(self._data) as beside:
            try:
                async with asyncio.timeout(_RECEIVE_SECONDS):
                    await self._receive(path, pieces, compressed=compressed)
            except TimeoutError:
                raise InputError(f"the suite was not here after {_RECEIVE_SECONDS / 60:.0f} minutes") from None
            new, _ = await asyncio.to_thread(self._read, path, beside)
            if not await asyncio.to_thread(may_still):
                raise InputError("the token, or its person's role, ended while the suite was read")
            return await asyncio.to_thread(self._suites.add, project.project_id, new, caller, facts)

    async def _receive(self, path: Path, pieces: AsyncIterator[bytes], *, compressed: bool) -> None:
        unpacker = Unpacker(path, LIMITS, compressed=compressed, content=SUITE_FILES)
        try:
            async for piece in pieces:
                await asyncio.to_thread(unpacker.feed, piece)
                if shutil.disk_usage(path).free < _FREE:
                    raise BusyError("the disk of the server is nearly full")
            unpacker.finish()
        finally:
            unpacker.close()

    def _read(self, path: Path, beside: Path, more: str = "") -> tuple[NewVersion, int]:
        """What a process of its own reads of the suite in ``path``, and how many items what is in ``more`` changed."""
        items = beside / "items"
        written = self._checker.written(path, str(items), *([more] if more else []))
        try:
            reply = msgspec.json.decode(written, type=Reply)
        except msgspec.DecodeError:
            raise InputError("the process that read the suite ended without a word") from None
        if reply.suite is None:
            raise InputError(reply.problem)
        lines = tuple(msgspec.json.decode(line, type=ItemLine) for line in items.read_bytes().splitlines())
        return NewVersion(summary=reply.suite, files=tuple(_files(path)), items=lines), reply.changed

    def apply(
        self, version: SuiteRow, project: int, more: Additions, caller: Caller, facts: RequestFacts
    ) -> tuple[SuiteRow, int]:
        """The version that decisions make of the last one, and how many items they changed.

        Raises InputError as ``steelyard suite review`` does: then there is no new version.
        """
        with incoming_folder(self._data) as path, incoming_folder(self._data) as beside:
            for file in self._suites.files(version.id):
                _write(path, file)
            (beside / REVIEW).write_bytes(more.review)
            (beside / EXPOSURES).write_bytes(more.exposures)
            new, changed = self._read(path, beside, str(beside))
            made = replace(new, made_of=version.id, reviewed_to=more.reviewed_to)
            row, _ = self._suites.add(project, made, caller, facts, "apply-review")
            return row, changed


def _files(path: Path) -> Iterable[SuiteFile]:
    """The files of a folder and of the folders there, by name."""
    found = [(Path(above), name) for above, _, names in os.walk(path) for name in names]
    for name in sorted(name if above == path else f"{above.name}/{name}" for above, name in found):
        if is_suite_file(name):
            with open_file(path, *name.split("/")) as file:
                content = file.read()
            yield SuiteFile(name, hashlib.sha256(content).hexdigest(), content)


def _write(path: Path, file: SuiteFile) -> None:
    place = path / file.name
    place.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
        out.write(file.content)
