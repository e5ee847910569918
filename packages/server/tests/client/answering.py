"""A platform that gives one answer to everything."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from packages.server.tests.site import GOLDEN
from steelyard.evidence.bundle import Bundle

TOKEN = "steelyard_" + "a" * 43
SEAL = Bundle.open(GOLDEN).sha256
# A run as the platform says it, that is good.
ANSWER: dict[str, Any] = {
    "seal": SEAL, "url": "x", "kind": "audit", "subject": "x", "verdict": "consistent", "headline": "x", "exit": 0,
    "verified_exit": 0, "scores_taken": 0, "restored": False, "signed_by": None, "pushed_at": "2026-11-28T00:00:00Z",
    "claims": [], "claims_left_out": 0, "own_questions": [], "other_tries": [],
    "tests": [], "findings": [], "notes": [], "said": [],
    "verified_at": "2026-11-28T00:00:00Z", "verified_with": "x", "answers": 1, "files": 1, "size": 1,
}  # fmt: skip


class _Answers(BaseHTTPRequestHandler):
    """Gives the same answer to everything, and notes who asked with which token."""

    status, body, location = 200, b"{}", ""
    media_type = "application/problem+json"
    asked: list[tuple[str, str]] = []  # noqa: RUF012 — each server makes a class of its own

    def _answer(self) -> None:
        type(self).asked.append((self.path, self.headers.get("Authorization", "")))
        self._read_body()
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Type", self.media_type)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def _read_body(self) -> None:
        """Read what was sent: who still sends when the connection is closed may never see the answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def answering(status: int, document: object = None, location: str = "") -> Iterator[tuple[str, type[_Answers]]]:
    body = b"" if document is None else json.dumps(document).encode()
    handler = type("Handler", (_Answers,), {"status": status, "body": body, "location": location, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
