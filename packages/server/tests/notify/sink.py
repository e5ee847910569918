"""A mail server of our own on loopback: it takes mail, asks for a password, speaks TLS, or refuses, as a test wants."""

from __future__ import annotations

import base64
import email
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


@dataclass
class Sink:
    """What it got, each with the envelope's recipients; ``refuse`` maps a command to the line that refuses it."""

    port: int = 0
    tls: tuple[Path, Path] | None = None
    is_implicit: bool = False
    login: tuple[str, str] | None = None
    refuse: dict[str, str] = field(default_factory=dict)
    got: list[tuple[list[str], bytes]] = field(default_factory=list)
    signed_in: list[tuple[str, str, bool]] = field(default_factory=list)  # name, password, whether by TLS

    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(body, policy=default) for _, body in self.got]


class _Talk(socketserver.StreamRequestHandler):
    sink: Sink
    has_tls = False

    def setup(self) -> None:
        if self.sink.is_implicit:
            self.begin_tls()
        super().setup()

    def begin_tls(self) -> None:
        assert self.sink.tls is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sink.tls)
        self.request = context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        try:
            self.request.do_handshake()
        except OSError:  # a client that does not trust the certificate
            self.request.close()
            raise
        self.has_tls = True

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 sink ready")
        to: list[str] = []
        while line := self.rfile.readline(2000):
            word = line.decode().strip().partition(" ")[0].upper()
            if word in self.sink.refuse:
                self.say(self.sink.refuse[word])
            elif word == "EHLO":
                self.say("250-sink")
                if self.sink.tls and not self.has_tls:
                    self.say("250-STARTTLS")
                if self.sink.login and (self.has_tls or not self.sink.tls):
                    self.say("250-AUTH PLAIN")
                self.say("250 8BITMIME")
            elif word == "STARTTLS":
                self.say("220 go on")
                self.begin_tls()
                super().setup()
            elif word == "AUTH":
                _, name, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.sink.signed_in.append((name, password, self.has_tls))
                self.say("235 welcome" if (name, password) == self.sink.login else f"535 no: {password}")
            elif word == "RCPT":
                to.append(line.decode().partition(":")[2].strip().strip("<>"))
                self.say("250 fine")
            elif word == "DATA":
                self.say("354 go on")
                body = b""
                while (part := self.rfile.readline(2000)) not in (b".\r\n", b""):
                    body += part.removeprefix(b".")
                self.sink.got.append((to, body))
                to = []
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")


@contextmanager
def mail_sink(sink: Sink | None = None) -> Iterator[Sink]:
    """A mail server on a free port."""
    found = sink or Sink()
    handler = type("Talk", (_Talk,), {"sink": found})

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that does not trust the certificate hangs up."""

    with Server(("127.0.0.1", 0), handler) as server:
        found.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield found
        finally:
            server.shutdown()


@contextmanager
def endless_server(piece: bytes, pause: float = 0.0, after: bytes = b"") -> Iterator[Sink]:
    """A mail server that says ``after``, then sends ``piece`` for ever, ``pause`` seconds apart; it hears nothing."""
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(after)
                while not over.wait(pause):
                    connection.sendall(piece)
            except OSError:
                return

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # the test is over
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        try:
            yield Sink(port=listening.getsockname()[1])
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
