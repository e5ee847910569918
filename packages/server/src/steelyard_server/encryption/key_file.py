"""The file with the platform's secret keys: outside the database, and in no backup.

One key a line: 32 random bytes in base64, as ``openssl rand -base64 32`` prints them; lines that begin with # are left
out. It is read at each use, so that a rotation at the machine reaches a server that runs.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.util.atomic_file import PARTIAL
from steelyard_server.database.folder import DataFolder
from steelyard_server.encryption.keyring import KEY_BYTES, Keyring

__all__ = ["CREDENTIAL", "VARIABLE", "SecretKeyFile", "secret_key_file"]

VARIABLE: Final = "STEELYARD_SECRET_KEY_FILE"
CREDENTIAL: Final = "steelyard-secret-key"  # its name as a credential of systemd
_MAX_BYTES: Final = 10_000
_MAX_KEYS: Final = 20
_LINE: Final = re.compile(r"[A-Za-z0-9+/_-]{43}=?")
_HEAD: Final = (
    b"# The secret keys of a steelyard platform: the first encrypts, all decrypt. Without this file the keys of\n"
    b"# endpoints in the database cannot be read. It is in no backup: keep a copy where the backups are not.\n"
)


@dataclass(frozen=True, slots=True)
class SecretKeyFile:
    """Where the secret keys are. ``source`` says who put them there: *variable*, *credential* or *data folder*."""

    path: Path
    source: str

    def make(self) -> bool:
        """Make the file with a new key where it is the data folder's and is missing; whether it was made."""
        if self.source != "data folder" or os.path.lexists(self.path):
            return False
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self.write([secrets.token_bytes(KEY_BYTES)])
        return True

    def read(self) -> list[bytes]:
        """The keys; raises InputError where there is none, or where others may read them. No key is quoted."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise InputError("is no regular file", where=self.path)
                # A credential lies in a folder of the service alone, with an access list that looks like a group's.
                if self.source != "credential" and found.st_mode & 0o077:
                    raise InputError("can be read by others: chmod 600 it", where=self.path)
                content = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"the secret key cannot be read: {error.strerror}", where=self.path) from None
        return _keys_in(content, self.path)

    def keyring(self) -> Keyring:
        """The keys, ready for use; raises as :meth:`read`."""
        return Keyring(self.read())

    def problem(self) -> str:
        """Why it cannot be used, in one line; "" where it can."""
        try:
            self.read()
        except InputError as error:
            return str(error)
        return ""

    def write(self, keys: Sequence[bytes]) -> None:
        """Write the file whole, for its owner alone, on disk to stay; raises InputError where that fails."""
        # A file that somebody named may be a link to where it really is.
        path = Path(os.path.realpath(self.path)) if self.source == "variable" else self.path
        temporary = path.with_name(path.name + PARTIAL)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            temporary.unlink(missing_ok=True)
            with open(temporary, "wb", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
                file.write(_HEAD + b"".join(base64.b64encode(key) + b"\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise InputError(f"the secret key cannot be written: {error.strerror}", where=self.path) from None


def secret_key_file(folder: DataFolder, environment: Mapping[str, str] = os.environ) -> SecretKeyFile:
    """The file that STEELYARD_SECRET_KEY_FILE names, else systemd's credential, else that of the data folder."""
    if named := environment.get(VARIABLE, "").strip():
        return SecretKeyFile(Path(os.path.abspath(named)), "variable")
    if place := environment.get("CREDENTIALS_DIRECTORY", ""):
        credential = Path(place) / CREDENTIAL
        if credential.exists():
            return SecretKeyFile(credential, "credential")
    return SecretKeyFile(folder.secret_key, "data folder")


def _keys_in(content: bytes, where: Path) -> list[bytes]:
    if len(content) > _MAX_BYTES:
        raise InputError("is too large to be a file of secret keys", where=where)
    keys = []
    for number, line in enumerate(content.decode("ascii", "replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not _LINE.fullmatch(text):
            raise InputError("is no key: 32 random bytes in base64 (openssl rand -base64 32)", where=where, line=number)
        keys.append(base64.b64decode(text.rstrip("=").translate(_STANDARD) + "="))
    if not 1 <= len(set(keys)) <= _MAX_KEYS:
        raise InputError(f"has no key, or more than {_MAX_KEYS}", where=where)
    return keys


_STANDARD: Final = str.maketrans("-_", "+/")
