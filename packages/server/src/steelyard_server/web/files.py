"""Replies with what a run brought: somebody else's, so without rights, and under a name and a type that are ours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from steelyard_server.archive import packed, packed_contents
from steelyard_server.web.headers import SANDBOX_POLICY

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.responses import Response

__all__ = ["HTML", "archive_reply", "contents_reply", "download_reply", "file_reply"]

HTML: Final = "text/html; charset=utf-8"
_CHUNK: Final = 1 << 18


def file_reply(file: BinaryIO, name: str, media_type: str, *, as_download: bool) -> Response:
    """A file of a run, which is closed at the end."""
    from starlette.responses import StreamingResponse

    headers = {**_headers(name.replace("/", "-"), as_download=as_download)}
    headers["content-length"] = str(os.fstat(file.fileno()).st_size)
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def archive_reply(folder: Path, seal: str) -> Response:
    """The whole folder as tar.gz: ``steelyard verify`` on it needs nobody's word, not ours either."""
    from starlette.responses import StreamingResponse

    headers = _headers(f"{seal[:16]}.tar.gz", as_download=True)
    # A compressor gives empty pieces between full ones.
    pieces = (piece for piece in packed(folder) if piece)
    return StreamingResponse(pieces, media_type="application/gzip", headers=headers)


def contents_reply(name: str, files: Iterable[tuple[str, bytes]]) -> Response:
    """Files by name and content as ``NAME.tar.gz``; ``name`` is plain."""
    from starlette.responses import StreamingResponse

    pieces = (piece for piece in packed_contents(files) if piece)
    return StreamingResponse(
        pieces, media_type="application/gzip", headers=_headers(f"{name}.tar.gz", as_download=True)
    )


def download_reply(data: bytes, name: str) -> Response:
    """Bytes as a download of no type; ``name`` is plain."""
    from starlette.responses import Response

    return Response(data, media_type="application/octet-stream", headers=_headers(name, as_download=True))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _headers(name: str, *, as_download: bool) -> dict[str, str]:
    found = {"content-security-policy": SANDBOX_POLICY, "referrer-policy": "no-referrer"}
    if as_download:
        found["content-disposition"] = f'attachment; filename="{name}"'  # names of a run are plain: SEALABLE
    return found
