"""Showing that one holds a reader's key: a platform encrypts a code to it, and whoever holds it opens that.

What is opened must begin with words of its own, so that nobody can have a reader open anything else, such as a suite's
key, and read the result out.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.tasks.suite_vault import age_package, identity_path

__all__ = ["PREFIX", "opened_proof"]

PREFIX: Final = "steelyard reader's key, shown to a platform: "
_MAX_TEXT: Final = 4_000  # characters
_MAX_FILE: Final = 1 << 20


def opened_proof(text: str, file: Path | None = None) -> str:
    """The code in a platform's ``text`` (Base64), opened with one's own reader's key.

    Raises InputError where the key is not there or does not open it, and for anything else than such a code.
    """
    path = identity_path() if file is None else file
    age = age_package(path)
    try:
        with path.open("rb") as opened:
            lines = opened.read(_MAX_FILE).decode("ascii", "replace").splitlines()
        identity = age.x25519.Identity.from_str(next(each.strip() for each in lines if each.startswith("AGE-SECRET")))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): steelyard suite reader makes a key", where=path) from None
    except (StopIteration, age.IdentityError, ValueError):
        raise InputError("holds no key of a reader", where=path) from None
    try:
        data = base64.b64decode(text[: _MAX_TEXT + 1].strip(), validate=True)
        plain = age.decrypt(data, [identity]).decode()
    except (binascii.Error, age.DecryptError, UnicodeDecodeError, ValueError):
        raise InputError("--open: this key does not open it; copy the whole text of the page") from None
    if not plain.startswith(PREFIX):
        raise InputError("--open: this is no text of a platform's page about readers' keys: it is not shown")
    code: str = plain.removeprefix(PREFIX)
    return code
