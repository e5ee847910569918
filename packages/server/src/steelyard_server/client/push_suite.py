"""Bringing a private suite to a platform: one stream to the one address that was named, redirects refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import ModelUnavailable
from steelyard_server.archive import packed
from steelyard_server.client.connection import connected
from steelyard_server.suites.content import SUITE_FILES
from steelyard_server.wire.records import SuiteReceipt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["push_suite"]

_PATH: Final = "/api/v1/suites"
_REPLY_SECONDS: Final = 900.0  # the server reads the suite before it answers


async def push_suite(folder: Path, names: list[str], digest: str, address: str, token: str) -> SuiteReceipt:
    """Send these files of a suite whose version has this digest; what the platform says that it has.

    Raises InputError for a refusal, ModelUnavailable where the platform cannot be reached, is busy, or answers about
    another suite.
    """
    body = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
    async with (
        connected(address, token) as platform,
        platform.post(_PATH, _pieces(packed(folder, names, SUITE_FILES)), body, _REPLY_SECONDS) as reply,
    ):
        if reply.status not in (200, 201):
            raise await platform.refusal(reply)
        found = await platform.record(reply, SuiteReceipt)
    if found.digest != digest:
        raise ModelUnavailable(f"{address}: this is no answer of a platform about this suite")
    return found


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        if piece:
            yield piece
