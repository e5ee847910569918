from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.jobs.kills import Torment, torment
from packages.server.tests.jobs.yard import opened
from testkit.fixtures import SumsServer


# Slow: the fast run kills a worker in test_keeping.py, ends leases in test_leases.py, and stops who writes in
# packages/server/tests/store/.
@pytest.mark.slow
def test_no_job_is_lost_or_done_twice_whatever_happens_to_workers_and_database(
    data: Path, sums_server: SumsServer
) -> None:
    """The long version, with 200 jobs, is ``python -m bench.server.jobs``."""
    what = Torment(jobs=5, kills=2, stops=1, restarts=1, seed=18, lease=1.5, stop_seconds=4.0)
    with opened(data) as yard:
        found = torment(yard, sums_server, what)
        logs = {name: yard.said(name)[-20:] for name in ("w0", "w1")}
    assert found.faults == [], logs
    assert (found.finished, found.kills, found.stops, found.restarts) == (5, 2, 1, 1)
