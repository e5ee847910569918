"""Pushing a sealed run to a platform: one stream to the one address that was named, redirects refused.

What leaves is what the seal names. Texts of a run that withholds them stay here unless they are asked for, and those of
a private suite go only where its ``suite.yaml`` allows.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from steelyard.errors import InputError, ModelUnavailable, StorageError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.verify import verify_integrity
from steelyard.models.proxy import is_loopback, proxy_of
from steelyard.server.push.archive import is_accepted, packed
from steelyard.util.text import one_line

if TYPE_CHECKING:
    import aiohttp

__all__ = ["TOKEN_VARIABLE", "Pushed", "files_to_push", "platform_address", "push", "read_token"]

TOKEN_VARIABLE: Final = "STEELYARD_TOKEN"  # noqa: S105 — its name
_TOKEN: Final = re.compile(r"steelyard_[A-Za-z0-9_-]{43}")
_MAX_REPLY: Final = 1 << 20
_CONNECT_SECONDS: Final = 20.0
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


def platform_address(url: str) -> str:
    """Scheme and host of ``--to``; raises InputError for what is none, and for http to another machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InputError(
            f"--to takes the address of a platform, such as https://evals.example.com, not {url[:120]!r}"
        ) from None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.username is None
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise InputError(f"--to takes the address of a platform, such as https://evals.example.com, not {url[:120]!r}")
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(f"the token would travel in clear to {host[:120]}: give --to https://…")
    return f"{parts.scheme}://{parts.netloc}"


def read_token(file: Path | None) -> str:
    """The token from ``--token-file``, else from the environment; raises InputError where it is none of ours.

    A file that others may read is refused, so that it is noticed.
    """
    if file is None:
        found = os.environ.get(TOKEN_VARIABLE, "").strip()
        where = TOKEN_VARIABLE
    else:
        found, where = _in_file(file), str(file)
    if not found:
        raise InputError(
            f"no token: set {TOKEN_VARIABLE}, or give --token-file; the page Account of the platform makes one"
        )
    if not _TOKEN.fullmatch(found):
        raise InputError("holds no token of a platform (it is not repeated here)", where=where)
    return found


def _in_file(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InputError("is no regular file", where=file)
            if found.st_mode & 0o077:
                raise InputError("can be read by others: chmod 600 it, and make another token", where=file)
            return opened.read(1000).decode("ascii", "replace").strip()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=file) from None


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
    import aiohttp

    integrity = await asyncio.to_thread(verify_integrity, run)
    seal = integrity.bundle.sha256
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_REPLY_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    proxy = proxy_of(address)
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            place = f"{address}/api/v1/runs"
            finding = aiohttp.ClientTimeout(total=find_seconds)
            async with session.get(f"{place}/{seal}", allow_redirects=False, proxy=proxy, timeout=finding) as reply:
                if reply.status == 200:
                    return _pushed(await _document(reply), seal, address, is_new=False)
                if reply.status != 404:
                    raise await _refusal(reply, address)
            body = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
            pieces = _counted(packed(run, names), notify)
            async with session.post(place, data=pieces, headers=body, allow_redirects=False, proxy=proxy) as reply:
                if reply.status not in (200, 201):
                    raise await _refusal(reply, address)
                return _pushed(await _document(reply), seal, address, is_new=reply.status == 201)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ModelUnavailable(
            f"{address}: the platform cannot be reached: {one_line(str(error) or type(error).__name__, 200)}"
        ) from None


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


async def _document(reply: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON object of a reply; what a platform says is somebody else's text."""
    import json

    data = await reply.content.read(_MAX_REPLY)
    while len(data) < _MAX_REPLY and (more := await reply.content.read(_MAX_REPLY - len(data))):
        data += more
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{reply.url.host}: this is no answer of a platform (status {reply.status})")
    return found


async def _refusal(reply: aiohttp.ClientResponse, address: str) -> Exception:
    if 300 <= reply.status < 400:
        return InputError(
            f"{address} sends elsewhere, and the token goes only where --to says: give the address itself"
        )
    problem = one_line(str((await _document(reply)).get("problem", f"status {reply.status}")), 600)
    if reply.status == 422:
        return VerificationError(f"{address}: refused: {problem}")
    if reply.status in (502, 503, 504, 507):
        return StorageError(f"{address}: {problem}")
    return InputError(f"{address}: refused: {problem}")


def _pushed(document: dict[str, Any], seal: str, address: str, *, is_new: bool) -> Pushed:
    """What a platform says of this very run; raises ModelUnavailable for an answer of something else."""
    said, code, taken = (document.get(name) for name in ("said", "verified_exit", "scores_taken"))
    is_about_it = document.get("seal") == seal and type(code) is int and code in (0, 3)
    if not is_about_it or not isinstance(code, int) or not isinstance(said, list) or not isinstance(taken, int):
        raise ModelUnavailable(f"{address}: this is no answer of a platform about this run")
    pairs = [each for each in said if isinstance(each, dict)]
    return Pushed(
        seal=seal,
        url=one_line(str(document.get("url", "")), 300),
        is_new=is_new,
        headline=one_line(str(document.get("headline", "")), 1000),
        verified_exit=int(code or 0),
        scores_taken=taken,
        said=tuple((one_line(str(each.get("name")), 60), one_line(str(each.get("text")), 600)) for each in pairs[:50]),
    )
