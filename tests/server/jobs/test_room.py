from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.server.database.connection import Database
from steelyard.server.jobs.room import check_room
from steelyard.server.jobs.rows import Jobs


def test_there_is_room_until_a_day_holds_too_much(jobs: Jobs, person: int, database: Database) -> None:
    """What people's acts make of it: tests/server/jobs/test_acts.py."""
    with database.connect() as connection:
        check_room(connection, 10**9, person)
        check_room(connection, 10**9, person, 64 << 20)
        with pytest.raises(InputError, match="hold 64 MB of sheets and questions"):
            check_room(connection, 10**9, person, (64 << 20) + 1)
