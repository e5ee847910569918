"""Which platform is asked, and with which token: the one address that was named, and a secret that is no argument."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard.models.proxy import is_loopback

__all__ = ["TOKEN_VARIABLE", "platform_address", "read_token"]

TOKEN_VARIABLE: Final = "STEELYARD_TOKEN"  # noqa: S105 — its name
_TOKEN: Final = re.compile(r"steelyard_[A-Za-z0-9_-]{43}")


def platform_address(url: str, option: str = "--to") -> str:
    """Scheme and host of ``option``; raises InputError for what is none, and for http to another machine."""
    wrong = InputError(
        f"{option} takes the address of a platform, such as https://evals.example.com, not {url[:120]!r}"
    )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.username is None
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise wrong
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(f"the token would travel in clear to {host[:120]}: give {option} https://…")
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
