"""The name that the product had before is used nowhere else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What was renamed; why; and what it collided with.
ALLOWED = ("CHANGELOG.md", "docs/design/", "tests/packaging/")


def test_the_old_name_is_gone() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    found = subprocess.run(["git", "grep", "-il", "assay"], cwd=ROOT, capture_output=True, text=True).stdout
    assert [path for path in found.splitlines() if not path.startswith(ALLOWED)] == []
    named = subprocess.run(["git", "ls-files", "*assay*"], cwd=ROOT, capture_output=True, text=True).stdout
    assert named == ""
