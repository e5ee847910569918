"""Files of a data set on the hub: by the real client from a hub on loopback, long lines, and a file that changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, Sample
from steelyard.tasks import hub_files as module
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.file_rows import JsonlRows
from steelyard.tasks.hub_files import hub_files, rows_up_to
from steelyard.tasks.loaders import DataMissing, says_data_missing
from steelyard.tasks.task import Task

COMMIT = "ab12" * 10
TASK = """
id: lamps
title: Lamps
hub: {path: me/lamps, files: [one.jsonl, two.jsonl]}
fields: {question: question, target: answer, date: day}
releases:
  - {name: release_v1, file: one.jsonl, rows: 3, until: 2024-02-01}
  - {name: release_v2, file: two.jsonl, rows: 2, until: 2024-03-01}
scorer: {name: exact}
prompts: {plain: {prompt: "{{ question }}"}}
"""
ROWS = {
    "one.jsonl": [{"question": f"q{n}", "answer": "a", "day": f"2024-01-0{n}"} for n in (1, 2, 3)],
    "two.jsonl": [{"question": f"q{n}", "answer": "a", "day": f"2024-02-0{n}"} for n in (4, 5)],
}


def task_in(folder: Path, text: str = TASK) -> Task:
    path = folder / "lamps.yaml"
    path.write_text(text)
    return Task(read_definition(path), path)


def prompt_of(sample: Sample) -> str:
    assert isinstance(sample.request, GenerateRequest)
    return sample.request.prompt


def data_of(name: str) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in ROWS[name]).encode()


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror" / "me" / "lamps"
    folder.mkdir(parents=True)
    for name in ROWS:
        (folder / name).write_bytes(data_of(name))
    return tmp_path / "mirror"


class Hub(BaseHTTPRequestHandler):
    """As the hub answers its client for a file of a data set."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        is_there = self.path.startswith("/datasets/me/lamps/resolve/main/") and name in ROWS
        data = data_of(name) if is_there else b"no"
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", str(len(data)))
        if is_there:
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class names it so
        pass


READ = """
import sys
from pathlib import Path
from steelyard.errors import InputError
from steelyard.records import GenerateRequest, Sample
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.task import Task
path = Path(sys.argv[1])
try:
    samples = Task(read_definition(path), path).prepare("plain", window=sys.argv[2])
except InputError as error:
    print(error)
else:
    print(*(sample.id for sample in samples), *samples.revisions)
"""


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Reads the task in a process whose hub is on loopback, and gives what it prints."""
    Hub.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        hub = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path / "cache")}

        def done(text: str = TASK, window: str = "") -> str:
            command = [sys.executable, "-c", READ, str(task_in(tmp_path, text).where), window]
            environment = os.environ | hub | {"HF_HUB_OFFLINE": "0"}
            return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

        yield done
        server.shutdown()


def test_files_of_the_hub_are_read_by_name_with_their_revision(read: Callable[..., str]) -> None:
    assert read(window="release_v1:2024-01-02/2024-01-31").split() == ["lamps/one/1", "lamps/one/2", COMMIT]
    assert not any("two.jsonl" in each for each in Hub.asked)
    assert read().split() == [*(f"lamps/one/{n}" for n in range(3)), "lamps/two/0", "lamps/two/1", COMMIT]


def test_what_the_hub_lacks_is_missing_data_in_one_line(read: Callable[..., str]) -> None:
    (said,) = read(TASK.replace("two.jsonl", "three.jsonl")).splitlines()
    assert re.fullmatch(r"the hub gave no data for me/lamps/three\.jsonl \(\w+: .*--data DIR", said)
    assert says_data_missing(said)


def test_without_the_client_or_a_mirror_the_fix_is_named(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DataMissing, match=r"pip install 'steelyard\[data\]'") as caught:
        task_in(tmp_path).prepare("plain")
    assert says_data_missing(str(caught.value))
    assert len(task_in(tmp_path).prepare("plain", mirror)) == 5
    (mirror / "me/lamps/two.jsonl").unlink()
    with pytest.raises(DataMissing, match="the mirror has no me/lamps/two") as caught:
        task_in(tmp_path).prepare("plain", mirror)
    assert says_data_missing(str(caught.value))


def test_rows_are_counted_up_to_a_release(tmp_path: Path, mirror: Path) -> None:
    definition = task_in(tmp_path).definition
    counts = [rows_up_to(definition, window) for window in ("", "release_v1", "release_v2:2024-01-01/2024-02-01")]
    assert counts == [5, 3, 5]
    files = hub_files(definition, tmp_path / "lamps.yaml", mirror, "release_v2:2024-01-03/2024-02-04")
    assert [(each.label, len(each.rows), each.held, each.rows.number_of(0)) for each in files] == [
        ("one", 1, 3, 2),
        ("two", 1, 2, 0),
    ]


def test_files_without_releases_are_read_whole(tmp_path: Path, mirror: Path) -> None:
    text = TASK[: TASK.index("releases:")] + TASK[TASK.index("scorer:") :]
    assert len(task_in(tmp_path, text).prepare("plain", mirror)) == 5


def test_a_file_is_read_once_and_again_when_it_changes(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    rows = JsonlRows

    def counting(path: Path, *arguments: Any, **named: Any) -> Any:
        opened.append(path)
        return rows(path, *arguments, **named)

    monkeypatch.setattr(module, "JsonlRows", counting)
    task = task_in(tmp_path)
    for window in ("release_v1", "release_v1:2024-01-01/2024-01-02"):
        samples = task.prepare("plain", mirror, window=window)
    assert len(opened) == 1
    file = mirror / "me/lamps/one.jsonl"
    file.write_bytes(file.read_bytes().replace(b"q1", b"p1 and more"))
    with pytest.raises(InputError, match="was changed while in use"):
        samples[0]
    assert prompt_of(task.prepare("plain", mirror, window="release_v1")[0]) == "p1 and more"
    assert len(opened) == 2


def test_a_line_over_the_limit_is_refused_and_one_of_megabytes_is_read(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = mirror / "me/lamps/one.jsonl"
    long = ROWS["one.jsonl"][0] | {"more": "x" * 20_000_000}
    file.write_text("".join(f"{json.dumps(row)}\n" for row in (*ROWS["one.jsonl"][1:], long)))
    samples = task_in(tmp_path).prepare("plain", mirror, window="release_v1")
    assert prompt_of(samples[2]) == "q1"
    monkeypatch.setattr(module, "MAX_LINE", 10_000_000)
    module._indexed.cache_clear()
    with pytest.raises(InputError, match=r"one\.jsonl:3: line is longer than 10,000,000 bytes"):
        task_in(tmp_path).prepare("plain", mirror, window="release_v1")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("files: [one.jsonl, two.jsonl]", "configs: [main], split: test", "name each of hub.files once"),
        ("files: [one.jsonl", "split: test, files: [one.jsonl", "hub.files stand in place"),
        ("files: [one.jsonl", "files: [../one.jsonl", "hub.files: '../one.jsonl' is no name"),
        (", date: day", "", "releases need hub.files and fields.date"),
        ("until: 2024-03-01", "until: 2024-01-01", "reaches further"),
        ("until: 2024-03-01", "until: soon", "until is a day"),
        ("rows: 2", "rows: 0", "rows at least 1"),
        ("release_v2", "second", "a name is release_v1"),
        ("file: two.jsonl", "file: one.jsonl", "name each of hub.files once"),
        ("hub: {path: me/lamps, files: [one.jsonl, two.jsonl]}", "hub: {path: me/lamps}", "hub.configs must name"),
        ("hub: {path: me/lamps, files: [one.jsonl, two.jsonl]}", "hub: {path: me/lamps, configs: [a]}", "hub.split is"),
    ],
)
def test_a_task_file_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in TASK
    with pytest.raises(InputError, match=why):
        task_in(tmp_path, TASK.replace(old, new))
