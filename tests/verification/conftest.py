"""The golden bundle as it would stand without a key: whatever is changed in it can be sealed again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.assets.make_golden import GOLDEN


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the golden bundle."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "bundle"))


@pytest.fixture
def unsigned(unsigned_golden: Path, tmp_path: Path) -> Path:
    """The golden bundle as an auditor without a key would have made it: every seal can be made again."""
    return Path(shutil.copytree(unsigned_golden, tmp_path / "bundle"))
