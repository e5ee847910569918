"""A watch with its baseline, made once by the real command; each test goes on with a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.fixtures import SumsServer


@dataclass(frozen=True)
class Begun:
    folder: Path
    server: SumsServer


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    folder = tmp_path_factory.mktemp("made")
    rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(12)]
    (folder / "probe.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with SumsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(tmp_path_factory.getbasetemp() / "no-key-here.pem"))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
        model, watch = f"openai:sums@{server.url}", str(folder / "watch")
        assert execute(["watch", "begin", str(folder / "probe.jsonl"), "--model", model, "--out", watch]) == 0
        yield Begun(folder / "watch", server)


@pytest.fixture
def begun(made: Begun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begun]:
    monkeypatch.setenv("COLUMNS", "100")
    shutil.copytree(made.folder, tmp_path / "watch")
    made.server.asked.clear()
    yield replace(made, folder=tmp_path / "watch")
    made.server.status, made.server.name = (lambda prompt, times: 200), "sums"


@pytest.fixture
def all_wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(SumsServer, "is_wrong", staticmethod(lambda a, b: True))
