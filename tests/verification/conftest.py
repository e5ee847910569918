"""A copy of the golden bundle, to be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.assets.make_golden import GOLDEN


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the golden bundle."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "bundle"))
