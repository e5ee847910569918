"""What every test of a whole audit needs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same committed order at every run: a test of size α would else fail now and then, as it should."""
    monkeypatch.setattr("secrets.token_hex", lambda size: "5eed")
