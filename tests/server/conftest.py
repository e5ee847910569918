"""One real server for all tests of a session that change nothing that others need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SumsServer
from tests.server.site import Site, data_folder, serving

HOSTILE = "<script>alert(1)</script> \"'onmouseover=alert(2) {{7*7}} \u202eevil"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A server with a database of its own; every test signs in by itself."""
    with data_folder() as data, serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed, unsigned audit whose model, vendor, task and note hold markup; its texts are withheld."""
    from steelyard.cli import execute

    work = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server:
        patch.setenv("XDG_STATE_HOME", str(work / "state"))
        patch.setenv("STEELYARD_KEY", str(work / "no-key.pem"))
        questions = work / "sums.jsonl"
        pairs = [(number, number * 7 % 91) for number in range(25)]
        questions.write_text(
            "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
        )
        claims = [{"task": "sums", "value": 50, "note": HOSTILE}]
        sheet = work / "sheet.yaml"
        sheet.write_text(json.dumps({"model": HOSTILE, "vendor": HOSTILE, "claims": claims}))
        command = ["audit", str(sheet), "--model", f"openai:sums@{server.url}", "--task", str(questions)]
        assert execute([*command, "--out", str(work / "run")]) in (0, 3)
    return work / "run"
