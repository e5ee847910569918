"""Rows of runs in the database, for tests that need no folder."""

from __future__ import annotations

import secrets
import time
from typing import Any

import psycopg

from steelyard_server.store.leases import Lease, take


def new_run(connection: psycopg.Connection[Any]) -> int:
    """A run without anything; of another plan each time."""
    row = connection.execute(
        "INSERT INTO steelyard.stored_run (project_id, plan_sha256) VALUES (1, %s) RETURNING id",
        (secrets.token_hex(32),),
    ).fetchone()
    assert row is not None
    return int(row[0])


def next_lease(connection: psycopg.Connection[Any], run: int, seconds: float = 60.0) -> Lease:
    """The next lease of a run, as soon as there is one."""
    while (lease := take(connection, run, "the test", seconds)) is None:
        time.sleep(0.02)
    return lease
