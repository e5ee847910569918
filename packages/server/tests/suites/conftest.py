from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import Folk, folk_of
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found
