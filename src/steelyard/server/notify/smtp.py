"""Sending mail: SMTP with TLS where it is asked for, plain text alone, and no header that a text could add to."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, StorageError
from steelyard.server.endpoints.addresses import OwnPlaces, RefusedAddressError, refusal
from steelyard.server.notify.outbox import Outcome
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Letter", "MailServer", "check_address", "message_of", "send_letters"]

SECONDS: Final = 15.0
_LOCAL: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-")
_DOMAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """The server by which mail goes; ``security`` is *tls*, *starttls* or *none*. Its text says no password."""

    host: str
    port: int
    security: str
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail; ``message`` is an event's id, from which follows one of the mail that is the same at each attempt."""

    to: str
    subject: str
    text: str
    message: str = ""


def check_address(address: str) -> str:
    """The address of a mailbox; raises InputError for what is none, for names beside it, and for several."""
    local, at, domain = address.rpartition("@")
    is_plain = set(local) <= _LOCAL and set(domain) <= _DOMAIN and ".." not in address
    if not at or not local or not is_plain or len(local) > 64 or len(address) > 254 or "." not in domain.strip("."):
        raise InputError("an address is one such as ada@example.com, in plain letters")
    if (
        local[0] == "."
        or local[-1] == "."
        or domain[0] in ".-"
        or domain[-1] in ".-"
        or parseaddr(address)[1] != address
    ):
        raise InputError("an address is one such as ada@example.com, in plain letters")
    return address


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """The mail itself; a text that would begin another header raises ValueError."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Subject"] = one_line(letter.subject, 200)
    mail["Date"] = formatdate(usegmt=True)
    mail["Auto-Submitted"] = "auto-generated"
    if letter.message:
        mail["Message-ID"] = f"<{letter.message}@{sender.rpartition('@')[2]}>"
    mail.set_content(letter.text, charset="utf-8")
    return mail


def send_letters(server: MailServer, letters: Sequence[Letter], own: OwnPlaces) -> list[Outcome]:
    """Send them over one connection; what came of each. Where there is none, that is what came of all."""
    try:
        with _connected(server, own) as connection:
            return [_sent(connection, server, letter) for letter in letters]
    except StorageError as error:
        return [Outcome(problem=str(error))] * len(letters)


@contextmanager
def _connected(server: MailServer, own: OwnPlaces) -> Iterator[smtplib.SMTP]:
    """A connection, with TLS and signed in where that is asked for; raises StorageError with a line of our own."""
    context = ssl.create_default_context()
    connection: smtplib.SMTP | None = None
    try:
        connection = _CheckedTls(own, server, context) if server.security == "tls" else _Checked(own, server)
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.username:
            connection.login(server.username, server.password)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if connection is not None:
            connection.close()
        raise StorageError(_words(error)) from None
    try:
        yield connection
    finally:
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()


def _sent(connection: smtplib.SMTP, server: MailServer, letter: Letter) -> Outcome:
    try:
        connection.send_message(message_of(letter, server.sender), server.sender, [letter.to])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return _refused(code, text)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except (MessageError, ValueError):
        return Outcome(problem="this mail cannot be written", is_final=True)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(problem=_words(error))
    return Outcome(status=250)


def _refused(code: int, text: bytes | str) -> Outcome:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return Outcome(
        status=code, problem=f"the mail server refused it ({code})", reply=one_line(shown, 200), is_final=code >= 500
    )


def _words(error: Exception) -> str:
    """Why there is no connection; what the server said is not repeated, since it may quote a password."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the mail server does not take the name and password"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server offers no STARTTLS, or takes no password"
    if isinstance(error, RefusedAddressError):
        return str(error.strerror)
    if isinstance(error, ssl.SSLError):
        return "TLS with the mail server failed, or its certificate is not trusted here"
    if isinstance(error, TimeoutError):
        return f"the mail server does not answer within {SECONDS:g} seconds"
    reason = error.strerror if isinstance(error, OSError) else None
    return f"the mail server cannot be reached: {one_line(str(reason or type(error).__name__), 120)}"


def _open_checked(host: str, port: int, timeout: float, own: OwnPlaces) -> socket.socket:
    """A connection to an address that was looked at first, each one that the host has in turn."""
    last: OSError = OSError("no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if reason := refusal(str(place[0]), port, own):
            last = RefusedAddressError(13, f"this address is not called: {reason}")
            continue
        found = socket.socket(family, kind, protocol)
        try:
            found.settimeout(timeout)
            found.connect(place)
        except OSError as error:
            found.close()
            last = error
        else:
            return found
    raise last


class _Checked(smtplib.SMTP):
    """SMTP that connects only where it may; it says it is of the sender's domain, so that no name is looked up."""

    def __init__(self, own: OwnPlaces, server: MailServer) -> None:
        self._own = own
        super().__init__(server.host, server.port, server.sender.rpartition("@")[2], timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _open_checked(host, port, timeout, self._own)


class _CheckedTls(smtplib.SMTP_SSL):
    """The same with TLS from its beginning."""

    def __init__(self, own: OwnPlaces, server: MailServer, context: ssl.SSLContext) -> None:
        self._own = own
        super().__init__(server.host, server.port, server.sender.rpartition("@")[2], timeout=SECONDS, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(_open_checked(host, port, timeout, self._own), server_hostname=host)
