"""Pushing a sealed run to a platform: one stream to the one address that was named, redirects refused.

What leaves is what the seal names. Texts of a run that withholds them stay here unless they are asked for, and those of
a private suite go only where its ``suite.yaml`` allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import ModelUnavailable
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.verify import verify_integrity
from steelyard.util.text import one_line
from steelyard_server.archive import is_accepted, packed
from steelyard_server.client.connection import connected
from steelyard_server.wire.records import PushReceipt, RunVerdict

__all__ = ["Pushed", "files_to_push", "push"]

_PATH: Final = "/api/v1/runs"
_FIND_SECONDS: Final = 30.0
_REPLY_SECONDS: Final = 2 * 3600.0  # the server verifies before it answers


@dataclass(frozen=True)
class Pushed:
    """What the platform answered: where the run is, whether it is new there, and what its verification said."""

    seal: str
    url: str
    is_new: bool
    headline: str
    verified_exit: int
    scores_taken: int
    said: tuple[tuple[str, str], ...]


def files_to_push(run: Path, *, with_texts: bool) -> list[str]:
    """The files of a sealed run that would leave, sorted; raises as :meth:`Bundle.open` where it is not sealed."""
    sends_texts = with_texts or not Bundle.open(run).withheld
    return [
        name
        for name in layout.run_files(run)
        if is_accepted(name) and (sends_texts or not (layout.is_text(name) or layout.is_media(name)))
    ]


async def push(
    run: Path,
    names: list[str],
    address: str,
    token: str,
    notify: Callable[[int], None] = lambda _: None,
    find_seconds: float = _FIND_SECONDS,
) -> Pushed:
    """Send these files of a run; ``notify`` gets the bytes sent so far.

    A run that is there already is not sent again; so that this says something of the folder here, its files are held
    against its seal first. The platform has ``find_seconds`` to say whether the run is there.

    Raises VerificationError where the folder is not as it was sealed, or the platform says that it does not verify;
    InputError for another refusal, ModelUnavailable where the platform cannot be reached or is busy.
    """
    integrity = await asyncio.to_thread(verify_integrity, run)
    seal = integrity.bundle.sha256
    async with connected(address, token) as platform:
        found = await platform.get(f"{_PATH}/{seal}", RunVerdict, find_seconds)
        if found is not None:
            return _pushed(found, seal, address, is_new=False)
        body = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
        pieces = _counted(packed(run, names), notify)
        async with platform.post(_PATH, pieces, body, _REPLY_SECONDS) as reply:
            if reply.status not in (200, 201):
                raise await platform.refusal(reply)
            receipt = await platform.record(reply, PushReceipt)
            return _pushed(receipt, seal, address, is_new=reply.status == 201)


async def _counted(pieces: Iterator[bytes], notify: Callable[[int], None]) -> AsyncIterator[bytes]:
    sent = 0
    while True:
        piece = await asyncio.to_thread(next, pieces, None)
        if piece is None:
            return
        if piece:
            sent += len(piece)
            notify(sent)
            yield piece


def _pushed(found: RunVerdict | PushReceipt, seal: str, address: str, *, is_new: bool) -> Pushed:
    """What a platform says of this very run; raises ModelUnavailable for an answer about another one."""
    if found.seal != seal:
        raise ModelUnavailable(f"{address}: this is no answer of a platform about this run")
    return Pushed(
        seal=seal,
        url=one_line(found.url, 300),
        is_new=is_new,
        headline=one_line(found.headline, 1000),
        verified_exit=found.verified_exit,
        scores_taken=found.scores_taken,
        said=tuple((one_line(each.name, 60), one_line(each.text, 600)) for each in found.said[:50]),
    )
