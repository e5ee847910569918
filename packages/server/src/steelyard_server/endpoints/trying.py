"""Trying an endpoint in a process of its own: bounded in time and output, without any key but the endpoint's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard_server.endpoints.said import said_without_key
from steelyard_server.endpoints.worker import MAX_REPLY, Looked, Trial, Tried

if TYPE_CHECKING:
    from steelyard_server.endpoints.addresses import OwnPlaces
    from steelyard_server.endpoints.rows import Endpoint

__all__ = ["SECONDS", "try_endpoint"]

SECONDS: Final = 25.0  # for all questions together
_MORE_SECONDS: Final = 20.0  # for Python to start and to end
_AT_ONCE: Final = threading.BoundedSemaphore(2)
# What Python and a connection need to start: proxies and certificates of the operator, and no key or database.
_KEPT: Final = frozenset(
    ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
)
_PROXIES: Final = frozenset(("http_proxy", "https_proxy", "no_proxy"))


def try_endpoint(endpoint: Endpoint, model: str, key: str, own: OwnPlaces, seconds: float = SECONDS) -> Tried:
    """Look at a model of an endpoint as ``steelyard doctor --model`` does.

    Raises InputError where two others are being tried, and where nothing was found in time.
    """
    uri = f"{endpoint.kind}:{model}@{endpoint.address}"
    trial = Trial(uri=uri, host=endpoint.host, port=endpoint.port, key=key, own=own, seconds=seconds)
    if not _AT_ONCE.acquire(blocking=False):
        raise InputError("two other endpoints are being tried: try again in a minute")
    try:
        with tempfile.TemporaryFile() as reply:  # of which no more is read than may be shown
            subprocess.run(  # noqa: S603 — our own module
                [sys.executable, "-P", "-m", "steelyard_server.endpoints.worker", str(os.getpid())],
                input=msgspec.json.encode(trial),
                stdout=reply,
                stderr=subprocess.DEVNULL,
                timeout=seconds + _MORE_SECONDS,
                env={name: value for name, value in os.environ.items() if name in _KEPT or name.lower() in _PROXIES},
                start_new_session=True,
                check=False,
            )
            reply.seek(0)
            written = reply.read(MAX_REPLY + 1)
        if len(written) > MAX_REPLY:
            raise InputError("what was found is too long to be shown")
        return _without_key(msgspec.json.decode(written, type=Tried), key)
    except subprocess.TimeoutExpired:
        raise InputError(f"nothing was found within {seconds + _MORE_SECONDS:g} seconds") from None
    except msgspec.DecodeError:
        raise InputError("the trial ended without a word") from None
    finally:
        _AT_ONCE.release()


def _without_key(tried: Tried, key: str) -> Tried:
    """As it may be shown; each text by itself, so that one with the key hides none of the others."""

    def shown(looked: Looked) -> Looked:
        changed: Looked = msgspec.structs.replace(looked, text=said_without_key(looked.text, key))
        return changed

    changed: Tried = msgspec.structs.replace(
        tried,
        problem=said_without_key(tried.problem, key),
        answers_as=said_without_key(tried.answers_as, key),
        server=said_without_key(tried.server, key),
        can=tuple(map(shown, tried.can)),
        tests=tuple(map(shown, tried.tests)),
    )
    return changed
