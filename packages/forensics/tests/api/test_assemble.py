"""From Python the same as from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import SteelyardError
from steelyard_forensics.api.assemble import assemble


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SteelyardError):
        assemble(tmp_path, tmp_path)
