"""A time stamp authority that the tests run: ``openssl ts -reply`` behind a small HTTP server on loopback."""

from __future__ import annotations

import datetime
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "Test <b>authority</b> of the tests"
CONFIG = """
[tsa]
default_tsa = stamps
[stamps]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
signer_digest = sha256
ess_cert_id_alg = sha256
tsa_name = yes
"""
Reply = Callable[[bytes], tuple[int, dict[str, str], bytes]]


class TimestampAuthority:
    """``url`` answers requests within its block; ``root`` is the PEM file of its root, ``stamp`` works without a block.

    ``reply`` gives the status, headers and body of an answer to a request: right ones by default. ``asked`` holds the
    requests, ``paths`` where they were posted to, ``headers`` what came with them. ``chained``: further certificates go
    with each stamp, in an order that is not DER's, as those of many authorities do.
    """

    def __init__(self, folder: Path, *, is_for_stamps: bool = True, name: str = NAME) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        self.reply: Reply = lambda request: (200, {}, self.stamp(request))
        self.chained = False
        self.asked: list[bytes] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        root = certificate("Root of the tests", root_key, None, root_key)
        own = certificate(name, key, root, root_key, is_for_stamps=is_for_stamps)
        others = [certificate(f"Z{n}", generate_private_key(SECP256R1()), None, root_key) for n in range(6)]
        self.root.write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "tsa.pem").write_bytes(own.public_bytes(Encoding.PEM))
        (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (root, *others)))
        (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.url = ""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsr?of=tests"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def stamp(self, request: bytes) -> bytes:
        """The response to a request, by OpenSSL; one that it does not understand is refused in it."""
        query = self.folder / "query.tsq"
        query.write_bytes(request)
        more = ["-chain", str(self.folder / "chain.pem")] if self.chained else []
        done = subprocess.run(
            ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile", str(query), "-signer",
             str(self.folder / "tsa.pem"), "-inkey", str(self.folder / "tsa.key"), *more],
            capture_output=True, check=True,
        )  # fmt: skip
        return done.stdout

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked.append(request)
                authority.paths.append(self.path)
                authority.headers.append(dict(self.headers))
                status, headers, body = authority.reply(request)
                self.send_response(status)
                for key, value in {"Content-Type": "application/timestamp-reply", **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                with suppress(BrokenPipeError, ConnectionResetError):  # who asked waits no longer, or reads no further
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: EllipticCurvePrivateKey,
    *,
    is_for_stamps: bool = False,
) -> x509.Certificate:
    """A certificate: a root where nobody issues it, else one for ``key``, critically for time stamps or for nothing."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if is_for_stamps:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key if issuer is not None else key, SHA256())
