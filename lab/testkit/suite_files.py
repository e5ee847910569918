"""Small suites as their owner would write them, and a socket that tells whether anybody connected."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

from steelyard.tasks.suite_file import SAMPLES, SUITE

ITEM = '{"id": "a", "question": "What is 1 + 1?", "answer": "2"}\n'


def suite_at(folder: Path, yaml: str = "suite: sums\n", samples: str = ITEM) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUITE).write_text(yaml)
    (folder / SAMPLES).write_text(samples)
    return folder


def sums_suite(folder: Path, *endpoints: str, count: int = 30) -> Path:
    items = [{"id": f"i{a}", "question": f"What is {a} + 3?", "answer": str(a + 3)} for a in range(count)]
    named = json.dumps(list(endpoints))
    return suite_at(folder, f"suite: sums\nendpoints: {named}\n", "".join(json.dumps(item) + "\n" for item in items))


class Listener:
    """A listening socket that counts what connects to it and what is sent."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"
        self.connected = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connected += 1
            connection.close()

    def close(self) -> None:
        self.socket.close()
