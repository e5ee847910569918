"""Another secret key: everything is encrypted anew in one transaction, beside a server that runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.database.audit import append_audit
from steelyard_server.encryption.keyring import KEY_BYTES, Keyring, UnreadableError
from steelyard_server.endpoints.rows import all_sealed, lock_keys
from steelyard_server.notify.sealed import all_notify_secrets, encrypt_again

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database
    from steelyard_server.encryption.key_file import SecretKeyFile

__all__ = ["Rotated", "rotate"]


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many secrets were encrypted anew, and by name those which no key in the file could read."""

    secrets: int
    unreadable: tuple[str, ...]
    key: str


def rotate(database: Database, file: SecretKeyFile, *, new_key: bool = True) -> Rotated:
    """Put a new key first into the file, encrypt everything by it, and take the old keys out of the file.

    Without ``new_key`` the first key of the file is the one that somebody put there, and the file stays as it is: for
    one that this process may not write. A crash at any moment leaves a file that reads all that is in the database.
    Raises InputError where the file cannot be read or written.
    """
    if new_key and file.source == "credential":
        raise InputError(
            "a credential of systemd cannot be written here: put the new key on its first line, restart the service, "
            "and run this with --as-it-is",
            where=file.path,
        )
    with database.connect_as_owner() as connection, connection.transaction():
        lock_keys(connection, alone=True)
        keys = file.read()
        if new_key:
            keys = [secrets.token_bytes(KEY_BYTES), *keys]
            file.write(keys)
        ring = Keyring(keys)
        done, unreadable = _encrypt_anew(connection, ring)
        details = {"key": ring.ids[0], "secrets": done, "unreadable": len(unreadable)}
        append_audit(connection, "rotate-key", actor="owner", details=details)
    if new_key:
        file.write(keys[:1])
    return Rotated(done, tuple(unreadable), ring.ids[0])


def _encrypt_anew(connection: psycopg.Connection[Any], ring: Keyring) -> tuple[int, list[str]]:
    done, unreadable = 0, []
    for name, number, sealed, about in all_sealed(connection):
        try:
            again = ring.encrypt(ring.decrypt(sealed, about), about)
        except UnreadableError:
            unreadable.append(name)
            continue
        connection.execute("UPDATE steelyard.endpoint_key SET sealed = %s WHERE endpoint_id = %s", (again, number))
        done += 1
    for secret in all_notify_secrets(connection):
        try:
            again = ring.encrypt(ring.decrypt(secret.sealed, secret.about), secret.about)
        except UnreadableError:
            unreadable.append(secret.name)
            continue
        encrypt_again(connection, secret, again)
        done += 1
    return done, unreadable
