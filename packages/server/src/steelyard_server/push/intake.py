"""Taking in a pushed run: received within bounds, verified apart, then kept; or refused in one line, with nothing kept.

Who pushes chooses what to push and when, and nothing else: verdict, table and findings on our pages are what the
verification computed. The run's name here is the digest of its seal, so that the same run pushed twice is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard.evidence import layout
from steelyard_server.answers.keeping import keep_index
from steelyard_server.archive import Limits, Unpacker
from steelyard_server.push.verifying import Verifier
from steelyard_server.runs.folders import folder_key, incoming_folder, is_kept, keep
from steelyard_server.runs.gone import GoneError
from steelyard_server.runs.summary import RunSummary

if TYPE_CHECKING:
    from steelyard_server.access.callers import Caller
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.http.facts import RequestFacts
    from steelyard_server.metrics import Metrics
    from steelyard_server.runs.rows import RunRow, Runs

__all__ = ["BusyError", "Intake"]

AT_ONCE: Final = 4  # pushes that are received or wait
AT_ONCE_OF_TOKEN: Final = 2  # of these: one token alone cannot keep all others out
RECEIVE_SECONDS: Final = 4 * 3600.0  # 2 GB at 150 KB a second
VERIFIED_AT_ONCE: Final = 1
_FREE: Final = 1 << 30  # bytes of the disk that stay free: the database lies there too
_PIECE: Final = 1 << 20


class BusyError(SteelyardError):
    """Too many pushes at once: the same push succeeds later."""


class Intake:
    """Takes in runs, a few at a time, of which one at a time is verified."""

    def __init__(
        self,
        data: DataFolder,
        runs: Runs,
        metrics: Metrics,
        limits: Limits | None = None,
        verifier: Verifier | None = None,
        receive_seconds: float = RECEIVE_SECONDS,
    ) -> None:
        self._data = data
        self._runs = runs
        self._metrics = metrics
        self._limits = limits or Limits()
        self._verifier = verifier or Verifier()
        self._receive_seconds = receive_seconds
        self._waiting: Counter[int | None] = Counter()  # by token
        self._verifying = asyncio.Semaphore(VERIFIED_AT_ONCE)

    def stop(self) -> None:
        """End the verification that runs: its run is refused, and can be pushed again."""
        self._verifier.stop()

    async def take(
        self,
        pieces: AsyncIterator[bytes],
        *,
        compressed: bool,
        caller: Caller,
        facts: RequestFacts,
        may_still: Callable[[], bool],
    ) -> tuple[RunSummary, bool]:
        """The run, and whether it is new in the token's project.

        ``may_still`` is asked after the verification, which takes minutes: the token may have ended. Raises InputError
        for an archive that no run is, or that does not come to its end, VerificationError where the run does not
        verify: both are put on record. Raises BusyError, which is counted alone, where too many are pushed at once or
        the disk is full.
        """
        try:
            with self._place(caller.token):
                run, is_new = await self._take(
                    pieces, compressed=compressed, caller=caller, facts=facts, may_still=may_still
                )
        except BusyError:
            self._metrics.count_push("busy")
            raise
        except (InputError, VerificationError, GoneError) as error:
            self._metrics.count_push("refused")
            await asyncio.to_thread(self._runs.note_refused, str(error), caller, facts)
            raise
        self._metrics.count_push("accepted" if is_new else "known")
        return run, is_new

    @contextmanager
    def _place(self, token: int | None) -> Iterator[None]:
        """One of the few places, of which a token may have two; raises BusyError where none is free."""
        if self._waiting[token] >= AT_ONCE_OF_TOKEN:
            raise BusyError(f"this token pushes {AT_ONCE_OF_TOKEN} runs already: try again when one is here")
        if self._waiting.total() >= AT_ONCE:
            raise BusyError("too many runs are being pushed at once: try again in a minute")
        self._waiting[token] += 1
        try:
            yield
        finally:
            self._waiting[token] -= 1
            self._waiting += Counter()  # drops who has none any more

    async def _take(
        self,
        pieces: AsyncIterator[bytes],
        *,
        compressed: bool,
        caller: Caller,
        facts: RequestFacts,
        may_still: Callable[[], bool],
    ) -> tuple[RunSummary, bool]:
        with incoming_folder(self._data) as path, incoming_folder(self._data) as beside:
            try:
                async with asyncio.timeout(self._receive_seconds):
                    await self._receive(path, pieces, compressed=compressed)
            except TimeoutError:
                raise InputError(f"the run was not here after {self._receive_seconds / 3600:.1f} hours") from None
            known = await asyncio.to_thread(self._known, path, caller)
            if known is not None:
                return known.summary, False
            async with self._verifying:
                index = beside / "index"
                run = await asyncio.to_thread(self._verifier.verify, path, index)
                if not await asyncio.to_thread(may_still):
                    raise InputError("the token, or its person's role, ended while the run was verified")
                return run, await asyncio.to_thread(self._keep, path, index, run, caller, facts)

    async def _receive(self, path: Path, pieces: AsyncIterator[bytes], *, compressed: bool) -> None:
        unpacker = Unpacker(path, self._limits, compressed=compressed)
        try:
            async for piece in pieces:
                for start in range(0, len(piece), _PIECE):
                    await asyncio.to_thread(unpacker.feed, piece[start : start + _PIECE])
                if shutil.disk_usage(path).free < _FREE:
                    raise BusyError("the disk of the server is nearly full")
            unpacker.finish()
        finally:
            unpacker.close()
        if layout.BUNDLE not in unpacker.files:
            raise InputError(f"the archive has no {layout.BUNDLE}: push the folder of a sealed run")

    def _known(self, path: Path, caller: Caller) -> RunRow | None:
        """The run that is here with this very seal: it was verified then, and need not be again.

        Where its files are no longer in the data folder they are taken from this push, if they are the same. Raises
        VerificationError where they are not.
        """
        row = self._find(layout.digest_and_lines(path, layout.BUNDLE)[0], caller)
        if row is not None and not is_kept(self._data, row.folder):
            self._take_again(path, row)
        return row

    def _take_again(self, path: Path, row: RunRow) -> None:
        withheld = self._runs.withheld_at(row.listed.id) is not None
        known = {
            name: sha256
            for name, sha256 in self._runs.digests(row.listed.id).items()
            if not withheld or not (layout.is_text(name) or layout.is_media(name))
        }
        for name in [*layout.run_files(path)]:
            if withheld and (layout.is_text(name) or layout.is_media(name)):
                (path / name).unlink()
            elif known.pop(name, "") != layout.digest_and_lines(path, name)[0]:
                raise VerificationError(f"{name}: is not as it was when this run was first pushed")
        if known:
            raise VerificationError(f"{min(known)}: is missing, and was there when this run was first pushed")
        keep(self._data, path, row.folder)

    def _keep(self, path: Path, index: Path, run: RunSummary, caller: Caller, facts: RequestFacts) -> bool:
        project = caller.token_project
        assert project is not None
        if self._find(run.seal, caller) is not None:
            return False
        key = folder_key(project.project_id, project.project, run.seal)
        keep(self._data, path, key)
        is_new = self._runs.add(run, caller, facts)
        with contextlib.suppress(OSError):  # without it, it is made when somebody looks
            keep_index(self._data, index, key)
        return is_new

    def _find(self, seal: str, caller: Caller) -> RunRow | None:
        assert caller.token_project is not None
        return self._runs.find(caller.token_project.project_id, seal)
