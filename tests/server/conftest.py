"""One real server for all tests of a session that change nothing that others need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.site import Site, data_folder, serving


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A server with a database of its own; every test signs in by itself."""
    with data_folder() as data, serving(data) as running:
        yield running
