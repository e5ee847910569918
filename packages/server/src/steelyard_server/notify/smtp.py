"""Sending mail: SMTP with TLS where it is asked for, plain text alone, and no header that a text could add to."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, StorageError
from steelyard.util.text import one_line
from steelyard_server.endpoints.addresses import OwnPlaces, RefusedAddressError, refusal
from steelyard_server.notify.outbox import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_REPLY", "SECONDS", "Letter", "MailServer", "check_address", "message_of", "send_letters"]

SECONDS: Final = 15.0  # for one reply of the server, however slowly its bytes come
MAX_REPLY: Final = 64 << 10  # bytes of one reply
# A mail server that is slow at each step keeps neither a page nor the outbox for longer: a lease of five is 300 s.
BEGINNING_SECONDS: Final = 45.0  # from the connection to the password
LETTER_SECONDS: Final = 45.0
_SLOW: Final = f"the mail server does not answer within {SECONDS:g} seconds"
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
def _connected(server: MailServer, own: OwnPlaces) -> Iterator[_Bounded]:
    """A connection, with TLS and signed in where that is asked for; raises StorageError with a line of our own."""
    context = ssl.create_default_context()
    connection: _Bounded | None = None
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


def _sent(connection: _Bounded, server: MailServer, letter: Letter) -> Outcome:
    connection.give(LETTER_SECONDS)
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
    if isinstance(error, _Unanswered):
        return str(error)
    if isinstance(error, TimeoutError):
        return _SLOW
    reason = error.strerror if isinstance(error, OSError) else None
    return f"the mail server cannot be reached: {one_line(str(reason or type(error).__name__), 120)}"


def _open_checked(host: str, port: int, timeout: float, own: OwnPlaces) -> socket.socket:
    """A connection to an address that was looked at first, each one that the host has in turn, in ``timeout`` s."""
    last: OSError = OSError("no address")
    ends_at = time.monotonic() + timeout
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if reason := refusal(str(place[0]), port, own):
            last = RefusedAddressError(13, f"this address is not called: {reason}")
            continue
        if (seconds := ends_at - time.monotonic()) <= 0:
            raise TimeoutError
        found = socket.socket(family, kind, protocol)
        try:
            found.settimeout(seconds)
            found.connect(place)
            found.settimeout(timeout)
        except OSError as error:
            found.close()
            last = error
        else:
            return found
    raise last


class _Unanswered(smtplib.SMTPServerDisconnected):
    """A reply that did not end within its bytes or its time; the text says so in our words."""


class _Reply:
    """What a server replies, read byte by byte as smtplib asks for its lines: so many bytes, and until a moment.

    ``problem`` says which of both was over, in words; "" while neither is.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left, self._ends_at, self._slow = 0, 0.0, ""
        self.problem = ""

    def begin(self, ends_at: float, slow: str) -> None:
        """The next lines are of another reply, which has until then; else ``slow`` is the problem."""
        self._left, self._ends_at, self._slow = MAX_REPLY, ends_at, slow

    def readline(self, most: int) -> bytes:
        """A line of at most so many bytes; raises OSError where the reply has a problem, and the connection's own."""
        line = bytearray()
        while not line.endswith(b"\n") and len(line) < most:
            if not (piece := self._next()):
                break
            line += piece
        return bytes(line)

    def _next(self) -> bytes:
        seconds = self._ends_at - time.monotonic()
        if not self._left:
            self.problem = f"the mail server answers with more than {MAX_REPLY >> 10} KB"
        elif seconds <= 0:
            self.problem = self._slow
        if self.problem:
            raise OSError(self.problem)
        self._left -= 1
        self._connection.settimeout(seconds)
        try:
            return self._connection.recv(1)
        except TimeoutError:
            self.problem = self._slow
            raise

    def close(self) -> None:
        """Nothing is held here."""


class _Bounded(smtplib.SMTP):
    """SMTP whose replies are bounded in bytes and time; smtplib keeps all that a server says, and waits anew for each.

    It says it is of the sender's domain, so that no name is looked up.
    """

    def __init__(self, own: OwnPlaces, server: MailServer, **more: Any) -> None:
        self._own = own
        self.give(BEGINNING_SECONDS)
        super().__init__(server.host, server.port, server.sender.rpartition("@")[2], timeout=SECONDS, **more)

    def give(self, seconds: float) -> None:
        """All replies from now on have so many seconds together."""
        self._ends_at = time.monotonic() + seconds
        self._whole = f"the mail server takes longer than {seconds:g} seconds"

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's; raises _Unanswered, too, after which the connection is closed."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("closed")
        if self.file is None:
            self.file = _Reply(self.sock)
        reply, ends_at = self.file, time.monotonic() + SECONDS
        reply.begin(min(ends_at, self._ends_at), _SLOW if ends_at <= self._ends_at else self._whole)
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected:
            if reply.problem:
                raise _Unanswered(reply.problem) from None
            raise
        finally:
            if self.sock is not None:
                self.sock.settimeout(SECONDS)


class _Checked(_Bounded):
    """SMTP that connects only where it may."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _open_checked(host, port, timeout, self._own)


class _CheckedTls(_Bounded, smtplib.SMTP_SSL):
    """The same with TLS from its beginning."""

    def __init__(self, own: OwnPlaces, server: MailServer, context: ssl.SSLContext) -> None:
        super().__init__(own, server, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(_open_checked(host, port, timeout, self._own), server_hostname=host)
