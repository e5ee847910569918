"""The hub is asked once for all that is planned; its client, and what it has kept, are the real ones."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

READ = """
import json, sys
import huggingface_hub
from huggingface_hub import constants
from steelyard.tasks.hub_files import _downloaded
from steelyard.tasks.definition import Hub
from steelyard.tasks.hub_reach import hub_asked_once
from steelyard.tasks.loaders import hub_rows
said = []
with hub_asked_once():
    for name in sys.argv[1:]:
        try:
            if name.endswith(".jsonl"):
                said.append(_downloaded(Hub(path="me/lamps", configs=(), split="", files=(name,)), name).read_text())
            else:
                said.append(len(hub_rows(name, "main", "test", None)))
        except Exception as error:
            said.append(str(error))
assert not constants.HF_HUB_OFFLINE, "the client is left as it was"
print(json.dumps(said))
"""


class Hub(BaseHTTPRequestHandler):
    """As the hub answers its client for one file."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        is_there = self.path == "/datasets/me/lamps/resolve/main/kept.jsonl"
        data = b'{"question": "q"}\n' if is_there else b"no"
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", str(len(data)))
        self.send_header(*(("X-Repo-Commit", "c0" * 20) if is_there else ("X-Error-Code", "EntryNotFound")))
        self.send_header("ETag", '"e1"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read(hub: str, folder: Path, *names: str) -> list[object]:
    hidden = ("http_proxy", "https_proxy", "all_proxy")
    kept = {name: value for name, value in os.environ.items() if name.lower() not in hidden}
    environment = kept | {"HF_ENDPOINT": hub, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", READ, *names], env=environment, check=True, capture_output=True, text=True
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_hub_that_is_not_there_is_asked_once_for_all_benchmarks(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_at_once() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                asked.append(1)
                connection.close()

        threading.Thread(target=close_at_once, daemon=True).start()
        said = read(f"http://127.0.0.1:{server.getsockname()[1]}", tmp_path, "me/one", "me/two", "three.jsonl")
        server.shutdown(socket.SHUT_RDWR)
    assert len(asked) == 2, "two tries, and the client's own six for each benchmark are not made"
    for each, name in zip(said, ("me/one/main/test", "me/two/main/test", "me/lamps/three.jsonl"), strict=True):
        assert isinstance(each, str)
        assert each.startswith(f"the hub gave no data for {name} ("), each
        assert each.endswith("): give a mirror with --data DIR")
        assert "\n" not in each


def test_what_the_client_has_kept_is_read_without_the_hub(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    assert read(hub, tmp_path, "kept.jsonl") == ['{"question": "q"}\n']
    assert "/datasets/me/lamps/resolve/main/kept.jsonl" in Hub.asked
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    kept, other = read(f"http://127.0.0.1:{port}", tmp_path, "kept.jsonl", "other.jsonl")
    assert kept == '{"question": "q"}\n'
    assert str(other).startswith("the hub gave no data for me/lamps/other.jsonl (ConnectError: ")
