from __future__ import annotations

from pathlib import Path

from tests.cli.serve.conftest import Call


def test_what_was_deleted_is_counted(data: Path, call: Call) -> None:
    code, out, _ = call("retain", "--data", data, "--months", "1")
    assert (code, out) == (0, "deleted 0 sessions, 0 links, 0 folders of failed pushes\n")
    assert call("retain", "--data", data, "--months", "0")[0] == 2
