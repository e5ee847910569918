"""What the client makes of a platform's answers about jobs, also of one that is away for a while."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from packages.server.tests.client.answering import TOKEN, answering
from steelyard.errors import InputError, ModelUnavailable
from steelyard_server.client import jobs
from steelyard_server.client.jobs import ask_job, foresee, start_job, wait_for_job

JOB: dict[str, Any] = {
    "job": 7, "page": "x", "kind": "run", "state": "finished", "wanted": None, "tasks": [], "sheet_sha256": None,
    "endpoint": None, "retries": None, "priority": 0, "attempt": 1, "failures": 0, "progress": "", "reason": "",
    "note": "", "waits_for": None, "seal": None, "url": None, "cost": None, "tokens": None,
    "created_at": "2026-11-28T00:00:00Z", "ended_at": None, "events": [],
}  # fmt: skip


def test_a_job_is_told_at_each_look_until_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_LOOK_SECONDS", 0.01)
    seen: list[str] = []
    with answering(200, JOB | {"state": "running", "field of a later version": 1}) as (address, handler):

        def end(job: Any) -> None:
            seen.append(job.state)
            if len(seen) == 2:
                # Away for one look, and then it has ended.
                handler.status, handler.body = 503, b'{"detail": "busy"}'
                asyncio.get_running_loop().call_later(0.05, ends)

        def ends() -> None:
            import json

            handler.status, handler.body = 200, json.dumps(JOB).encode()

        found = asyncio.run(wait_for_job(7, address, TOKEN, end))
    assert (found.state, seen) == ("finished", ["running", "running", "finished"])


def test_a_platform_that_stays_away_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(jobs, "_AWAY_SECONDS", 0.05)
    with answering(200, JOB) as (address, _):
        pass
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        asyncio.run(wait_for_job(7, address, TOKEN))


def test_what_is_not_there_and_what_is_refused_is_said() -> None:
    with answering(404, {"detail": "no"}) as (address, _), pytest.raises(InputError, match="there is no job 7"):
        asyncio.run(ask_job(7, address, TOKEN))
    with (
        answering(400, {"detail": "no\x1b[31m endpoint"}) as (address, _),
        pytest.raises(InputError, match="refused: no") as caught,
    ):
        asyncio.run(start_job({"kind": "run"}, 0, address, TOKEN))
    assert str(caught.value).isprintable()
    with answering(202, {"dry_run": "x"}) as (address, _), pytest.raises(ModelUnavailable, match="no answer of a"):
        asyncio.run(foresee({"kind": "run"}, address, TOKEN))
