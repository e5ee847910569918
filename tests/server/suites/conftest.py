from __future__ import annotations

from collections.abc import Iterator

import pytest

from steelyard.server.database.connection import Database
from tests.server.access.folk import Folk, folk_of


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found
