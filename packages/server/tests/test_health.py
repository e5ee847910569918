"""Alive and ready, also while the database is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio.to_thread
import psycopg
from starlette.requests import Request

from packages.server.tests.databases import Server, other_programs, team_server
from packages.server.tests.site import Site, data_folder, environment, serving
from steelyard_server.app import RULES
from steelyard_server.http.facts import RequestFacts, begin_facts
from steelyard_server.web.routing import routes_of


def test_alive_and_ready(site: Site) -> None:
    assert json.loads(site.client().get("/healthz").text) == {"status": "alive"}
    found = json.loads(site.client().get("/readyz").text)
    assert found == {"status": "ready", "problems": [], "append_only": "two roles"}


async def _asked_without_a_thread() -> int:
    limiter = anyio.to_thread.current_default_thread_limiter()
    for _ in range(int(limiter.total_tokens)):
        limiter.acquire_on_behalf_of_nowait(object())
    (rule,) = [each for each in RULES if each.path == "/healthz"]
    (route,) = routes_of((rule,), None)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": []}
    begin_facts(scope, RequestFacts("1"))
    reply = await asyncio.wait_for(route.endpoint(Request(scope)), 20)
    return int(reply.status_code)


def test_alive_while_every_thread_is_taken() -> None:
    assert asyncio.run(_asked_without_a_thread()) == 200


def test_without_its_database_it_is_alive_and_not_ready_and_pages_say_so() -> None:
    programs = other_programs()
    version = max(programs)
    with data_folder() as data, team_server(programs[version], version) as database:
        team = database.environment()
        command = [sys.executable, "-m", "steelyard", "serve", "migrate", "--data", str(data)]
        subprocess.run(command, env=environment() | team, check=True, capture_output=True)
        with serving(data, team=team) as site:
            check_another_folder_is_refused(team)
            check_without_its_database(site, postmaster_of(database))


def postmaster_of(database: Server) -> int:
    with psycopg.connect(**database.parameters()) as connection:
        backend = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert backend is not None
        return int(Path(f"/proc/{backend[0]}/stat").read_text().rpartition(")")[2].split()[1])


def check_another_folder_is_refused(team: dict[str, str]) -> None:
    with data_folder() as other:
        command = [sys.executable, "-m", "steelyard", "serve", "--data", str(other), "--bind", "127.0.0.1:0"]
        done = subprocess.run(command, env=environment() | team, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is served from another data folder" in done.stderr


def check_without_its_database(site: Site, postmaster: int) -> None:
    """The team's; a server whose own database has ended ends, too."""
    client = site.administrator()
    os.kill(postmaster, signal.SIGQUIT)
    for _ in range(100):
        reply = site.client().get("/readyz")
        if reply.status == 503:
            break
        time.sleep(0.1)
    assert json.loads(reply.text)["status"] == "not ready"
    assert site.client().get("/healthz").status == 200
    page = client.get("/p/default/runs")
    assert page.status == 503
    assert "the database does not answer" in page.text
    assert "Traceback" not in "".join(site.lines)
