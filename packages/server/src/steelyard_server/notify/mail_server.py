"""The one server by which the platform sends mail: an administrator's settings, with the password encrypted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.database.reading import reading
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.endpoints.rows import lock_keys
from steelyard_server.notify.sealed import about_mail
from steelyard_server.notify.smtp import MailServer, check_address

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.encryption.key_file import SecretKeyFile
    from steelyard_server.http.facts import RequestFacts

__all__ = ["SECURITY", "MailServers", "ServerRow", "read_mail_server"]

SECURITY: Final = ("starttls", "tls", "none")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_MAX_PASSWORD: Final = 1024


@dataclass(frozen=True, slots=True)
class ServerRow:
    """The settings that there are; ``has_password`` where one is kept, which no page shows."""

    host: str
    port: int
    security: str
    sender: str
    username: str
    has_password: bool
    is_on: bool
    set_at: datetime


def read_mail_server(
    *, host: str, port: str, security: str, sender: str, username: str = "", password: str = ""
) -> MailServer:
    """Read what was typed; raises InputError with what to type instead. The password is never quoted."""
    if not _HOST.fullmatch(host):
        raise InputError("a mail server is named by its host, such as mail.example.com")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise InputError("a port is a whole number, such as 587 for STARTTLS or 465 for TLS")
    if security not in SECURITY:
        raise InputError(f"the connection is one of {', '.join(SECURITY)}")
    if len(username) > 254 or not username.isprintable() or not username.isascii():
        raise InputError("a name has at most 254 plain characters")
    if len(password) > _MAX_PASSWORD or not password.isprintable() or not password.isascii():
        raise InputError(f"a password has at most {_MAX_PASSWORD} plain characters; it was not kept")
    if username and security == "none":
        raise InputError("without TLS name and password would travel in clear: choose starttls or tls, or no name")
    if password and not username:
        raise InputError("a password needs a name, too; it was not kept")
    return MailServer(
        host=host.lower(), port=int(port), security=security, sender=check_address(sender), username=username,
        password=password,
    )  # fmt: skip


class MailServers:
    """What administrators do with the settings. Each change is one transaction, with its audit line."""

    def __init__(self, pool: ConnectionPool, key_file: SecretKeyFile) -> None:
        self._pool = pool
        self._key_file = key_file

    def row(self) -> ServerRow | None:
        """The settings, None where there are none yet."""
        with reading(self._pool) as connection:
            found = connection.execute(
                "SELECT host, port, security, sender, username, sealed IS NOT NULL, is_on, set_at "
                "FROM steelyard.mail_server"
            ).fetchone()
        return None if found is None else ServerRow(*found)

    def keep(self, server: MailServer, caller: Caller, facts: RequestFacts) -> None:
        """Keep these settings and switch mail on.

        A password that is left empty stays as it was, where host, port and name do; it is for no other server. Raises
        InputError where the secret key cannot be used.
        """
        values = (server.host, server.port, server.security, server.sender, server.username)
        with self._pool.connection() as connection:
            lock_keys(connection)
            sealed = self._sealed(connection, server)
            connection.execute(
                "INSERT INTO steelyard.mail_server (host, port, security, sender, username, sealed, set_by) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET host = excluded.host, "
                "port = excluded.port, security = excluded.security, sender = excluded.sender, "
                "username = excluded.username, sealed = excluded.sealed, is_on = true, set_at = now(), "
                "set_by = excluded.set_by",
                (*values, sealed, caller.person),
            )
            more = {"host": server.host, "port": server.port, "security": server.security}
            audit_act(connection, "set-mail-server", f"person:{caller.person}", facts, "mail", more)

    def switch_off(self, caller: Caller, facts: RequestFacts) -> None:
        """Send no mail any more, and forget the password; what waits is dropped."""
        with self._pool.connection() as connection:
            switched = connection.execute(
                "UPDATE steelyard.mail_server SET is_on = false, sealed = NULL, set_at = now(), set_by = %s "
                "WHERE is_on",
                (caller.person,),
            ).rowcount
            if switched:
                connection.execute(
                    "UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now() "
                    "WHERE person_id IS NOT NULL AND state = 'waiting'"
                )
                audit_act(connection, "mail-off", f"person:{caller.person}", facts, "mail")

    def use(self) -> MailServer | None:
        """The server with its password, for sending; None where mail is off.

        Raises UnreadableError where the password must be given again.
        """
        with self._pool.connection() as connection:
            lock_keys(connection)
            row = connection.execute(
                "SELECT host, port, security, sender, username, sealed FROM steelyard.mail_server WHERE is_on"
            ).fetchone()
            if row is None:
                return None
            host, port, security, sender, username, sealed = row
            password = ""
            if sealed is not None:
                try:
                    password = self._key_file.keyring().decrypt(sealed, about_mail(host, port, username))
                except UnreadableError as error:
                    raise UnreadableError(f"the password of the mail server {error}: give it again") from None
        return MailServer(host=host, port=port, security=security, sender=sender, username=username, password=password)

    def _sealed(self, connection: psycopg.Connection[Any], server: MailServer) -> bytes | None:
        if server.password:
            about = about_mail(server.host, server.port, server.username)
            return self._key_file.keyring().encrypt(server.password, about)
        row = connection.execute(
            "SELECT sealed FROM steelyard.mail_server WHERE host = %s AND port = %s AND username = %s "
            "AND security <> 'none' AND %s <> 'none'",
            (server.host, server.port, server.username, server.security),
        ).fetchone()
        return None if row is None else row[0]
