from __future__ import annotations

from pathlib import Path

from packages.server.tests.cli.serve.conftest import Call


def test_what_would_go_is_counted_and_goes_with_yes_alone(data: Path, call: Call) -> None:
    code, out, _ = call("retain", "--data", data)
    assert code == 0
    assert "  0 lines of the audit log, 0 months\n" in out
    assert out.endswith("texts of 0 runs: 0 files, 0 bytes\nnothing was deleted: add --yes\n")
    code, out, _ = call("retain", "--data", data, "--months", "12", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "deleted")
    assert call("retain", "--data", data, "--months", "5")[0] == 2, "not less than half a year"
