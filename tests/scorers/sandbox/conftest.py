"""The sandbox of this machine; tests that need it skip, saying why, where there is none."""

from __future__ import annotations

import pytest

from steelyard.scorers.sandbox.box import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """A sandbox that has been tried."""
    box = Sandbox()
    if reason := box.unavailable_reason():
        pytest.skip(reason)
    return box
