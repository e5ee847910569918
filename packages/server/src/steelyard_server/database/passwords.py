"""The random passwords of the embedded database's three roles, in a file that the server's user alone can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.util.atomic_file import PARTIAL
from steelyard_server.database.folder import DataFolder

__all__ = [
    "APPLICATION",
    "DATABASE",
    "OWNER",
    "SUPERUSER",
    "Passwords",
    "made_passwords",
    "parameters",
    "read_passwords",
]

SUPERUSER: Final = "postgres"
OWNER: Final = "steelyard_owner"
APPLICATION: Final = "steelyard_application"
DATABASE: Final = "steelyard"
_BYTES: Final = 24
_MAX_FILE_BYTES: Final = 10_000


class Passwords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password of each role; their text never says them."""

    superuser: str
    owner: str
    application: str

    def __repr__(self) -> str:
        return "Passwords(…)"


def parameters(folder: DataFolder, user: str, password: str, database: str = DATABASE) -> dict[str, Any]:
    """What psycopg connects to the embedded database with.

    A path that is too long for a socket's address goes by a descriptor of its folder, which stays open: nothing is made
    outside the data folder.
    """
    place = str(folder.socket)
    if len(os.fsencode(place)) > MAX_SOCKET_FOLDER:
        place = f"/proc/self/fd/{_descriptor_of(folder.socket)}"
    return {"host": place, "port": 5432, "user": user, "password": password, "dbname": database}


# A socket's address has 107 bytes, and PostgreSQL's name in it takes 18 with the stroke before it.
MAX_SOCKET_FOLDER: Final = 107 - len("/.s.PGSQL.5432") - 4
_DESCRIPTORS: dict[Path, int] = {}


def _descriptor_of(folder: Path) -> int:
    if folder not in _DESCRIPTORS:
        _DESCRIPTORS[folder] = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return _DESCRIPTORS[folder]


def made_passwords(folder: DataFolder) -> Passwords:
    """New passwords, written before anything uses them; those of a first start that was cut off are taken again."""
    folder.secrets.mkdir(mode=0o700, exist_ok=True)
    if folder.passwords.exists():
        return read_passwords(folder)
    made = Passwords(**{name: secrets.token_urlsafe(_BYTES) for name in ("superuser", "owner", "application")})
    temporary = folder.passwords.with_name(folder.passwords.name + PARTIAL)
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(temporary, "wb", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
        file.write(msgspec.json.encode(made) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder.passwords)
    return made


def read_passwords(folder: DataFolder) -> Passwords:
    """The passwords of the embedded database; raises InputError where the file is gone, broken or another user's."""
    try:
        descriptor = os.open(folder.passwords, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=Passwords)
    except PermissionError:
        raise InputError("belongs to another user: run this as the user that serves", where=folder.passwords) from None
    except (OSError, msgspec.MsgspecError):
        raise InputError(
            "the embedded database's passwords are gone or broken: restore a backup into a new folder "
            "(steelyard serve restore FILE --data NEW)",
            where=folder.passwords,
        ) from None
