"""The secrets of this room as they lie in the database: for those who use them, and for a rotation, which takes all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.encryption.keyring import UnreadableError

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.encryption.key_file import SecretKeyFile

__all__ = [
    "SealedSecret",
    "about_mail",
    "about_webhook",
    "address_of",
    "all_notify_secrets",
    "encrypt_again",
    "unreadable_secrets",
]


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A ciphertext: whose it is in words, its table and row, and what it was made for."""

    name: str
    table: str
    row: int
    sealed: bytes
    about: dict[str, Any]


def about_webhook(webhook: int, address: str) -> dict[str, Any]:
    """What a webhook's secret is for: with any other address the ciphertext is worth nothing."""
    return {"address": address, "webhook": webhook, "what": "secret of a webhook"}


def about_mail(host: str, port: int, username: str) -> dict[str, Any]:
    """What the password of the mail server is for."""
    return {"host": host, "port": port, "username": username, "what": "password of the mail server"}


def all_notify_secrets(connection: psycopg.Connection[Any]) -> Iterator[SealedSecret]:
    """Those of webhooks, then that of the mail server."""
    rows = connection.execute(
        "SELECT s.id, s.sealed, w.id, p.name, w.scheme, w.host, w.port, w.path FROM steelyard.webhook_key s "
        "JOIN steelyard.webhook w ON w.id = s.webhook_id JOIN steelyard.project p ON p.id = w.project_id "
        "WHERE s.sealed IS NOT NULL ORDER BY s.id"
    ).fetchall()
    for row, sealed, webhook, project, scheme, host, port, path in rows:
        about = about_webhook(webhook, address_of(scheme, host, port, path))
        yield SealedSecret(f"webhook {webhook} of {project}", "webhook_key", row, sealed, about)
    query = "SELECT id, sealed, host, port, username FROM steelyard.mail_server WHERE sealed IS NOT NULL"
    for row, sealed, host, port, username in connection.execute(query).fetchall():
        yield SealedSecret("the mail server", "mail_server", row, sealed, about_mail(host, port, username))


def unreadable_secrets(connection: psycopg.Connection[Any], file: SecretKeyFile) -> list[str]:
    """Whose secrets the file does not decrypt, such as *webhook 3 of default*: all of them, where it cannot be used."""
    found = [*all_notify_secrets(connection)]
    if not found:
        return []
    try:
        ring = file.keyring()
    except InputError:
        return [*dict.fromkeys(each.name for each in found)]
    names = []
    for each in found:
        try:
            ring.decrypt(each.sealed, each.about)
        except UnreadableError:
            names.append(each.name)
    return [*dict.fromkeys(names)]


def encrypt_again(connection: psycopg.Connection[Any], secret: SealedSecret, sealed: bytes) -> None:
    """Put another ciphertext in its place."""
    from psycopg import sql

    query = sql.SQL("UPDATE {} SET sealed = %s WHERE id = %s").format(sql.Identifier("steelyard", secret.table))
    connection.execute(query, (sealed, secret.row))


def address_of(scheme: str, host: str, port: int, path: str = "") -> str:
    """The URL of these parts."""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}:{port}{path}"
