from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.cli import execute


def test_a_folder_that_is_none_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["worker", "--data", str(tmp_path)]) == 2
    assert "steelyard serve --data" in capsys.readouterr().err
    assert execute(["worker", "--data", str(tmp_path), "--name", "a b"]) == 2


def test_an_address_that_is_none_ends_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "steelyard-data").write_text("steelyard-data/1\n")
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "worker", "--data", tmp_path, "--name", "w"],
        env=os.environ | {"DATABASE_URL": "mysql:secret"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("steelyard: DATABASE_URL: ")
