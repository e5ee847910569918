"""A skipped test fails the run where skips are forbidden, unless its reason is one that we allow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.skips import forbidden

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("reason", "forbid", "code"),
    [
        ("no Chromium on this machine", "1", 1),
        ("no Chromium on this machine", "", 0),
        ("TensorBoard is installed here", "1", 0),
    ],
)
def test_a_skip_fails_the_run(tmp_path: Path, reason: str, forbid: str, code: int) -> None:
    file = tmp_path / "test_one.py"
    file.write_text(f"import pytest\ndef test_it(): pytest.skip({reason!r})\ndef test_other(): pass\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "testkit.skips",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    environment = {**os.environ, "STEELYARD_FORBID_SKIPS": forbid}
    done = subprocess.run(
        [*command, "-c", "/dev/null", str(file)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout
    assert (reason in done.stdout) == bool(code)


def test_data_may_be_missing_on_github_alone() -> None:
    reasons = ["Skipped: no measuring data at /x", "Skipped: bubblewrap is not installed"]
    assert forbidden(reasons, on_github=True) == reasons[1:]
    assert forbidden(reasons, on_github=False) == reasons
