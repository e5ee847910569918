from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from packages.server.tests.fixtures import data, data_template, older  # noqa: F401 — fixtures
from steelyard.cli import execute

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """``steelyard serve`` with these arguments, on the platform's own database: exit code, stdout, stderr."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = execute(["serve", *map(str, arguments)])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run
