"""An endpoint of the list with a key: who gets it, who never sees it, and what a job does not call."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from packages.server.tests.endpoints.test_addresses import DnsResolver, name_server, page_server
from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, note_places, taken_setup, wait_for, when_ended
from steelyard.errors import InputError, ModelUnavailable, StorageError
from steelyard.models import open_model
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.jobs.asking import arguments_of
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.specification import RunSpecification
from steelyard_server.upkeep.backup import write_backup
from testkit.fixtures import SumsServer

KEY = "sk-only-the-endpoint-sees-4711"


class LockedServer(SumsServer):
    """It answers with the key alone, says it back, and sends what asks for ``moved`` on to another address."""

    def __init__(self) -> None:
        super().__init__()
        self.moved_to = ""

    async def _chat(self, request: web.Request) -> web.Response:
        if self.moved_to:
            raise web.HTTPTemporaryRedirect(self.moved_to)
        sent = request.headers.get("Authorization", "")
        if sent != f"Bearer {KEY}":
            return web.json_response({"error": {"message": f"not {sent or 'no key'}"}}, status=401)
        return await super()._chat(request)


@pytest.fixture
def locked() -> Iterator[LockedServer]:
    with LockedServer() as server:
        yield server


def processes_of(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def test_a_worker_that_is_killed_leaves_no_trace_of_a_key(yard: Yard, locked: LockedServer, tmp_path: Path) -> None:
    locked.seconds = lambda _: 0.1
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(locked.url, key=KEY), 24), a_person(yard.database, "has a key"))
        worker = yard.start("first", 3.0)
        wait_for(lambda: len(locked.asked) > 10)
        seen = b"".join(
            Path(f"/proc/{each}/{what}").read_bytes()
            for each in [os.getpid(), *processes_of(worker.pid)]
            for what in ("cmdline", "environ")
        )
        assert b"steelyard_server.jobs.process" in seen
        worker.kill()
        worker.wait()
        yard.start("second", 3.0)
        row = when_ended(jobs, number)
        assert (row.state, row.worker) == ("finished", "second")
    write_backup(yard.database, yard.data, tmp_path / "backup")
    with yard.database.connect_as_owner() as connection:
        names = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'steelyard'::regnamespace "
                                   "AND relkind IN ('r', 'p')").fetchall()  # fmt: skip
        seen += b"".join(
            str(connection.execute(f"SELECT t::text FROM steelyard.{name} t".encode()).fetchall()).encode()
            for (name,) in names
        )
        acts = connection.execute(
            "SELECT line FROM steelyard.audit WHERE act = 'use-endpoint-key' ORDER BY sequence"
        ).fetchall()
    assert [json.loads(line)["actor"] for (line,) in acts][-2:] == [f"job:{number}"] * 2
    places = [yard.logs, yard.data.jobs, yard.data.runs, yard.data.path / "logs", tmp_path]
    seen += b"".join(path.read_bytes() for place in places for path in place.rglob("*") if path.is_file())
    for form in (KEY, KEY.encode().hex()):
        assert form.encode() not in seen


def test_without_its_key_the_endpoint_says_so(yard: Yard, locked: LockedServer) -> None:
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(locked.url)), a_person(yard.database, "has no key"), max_failures=1)
        yard.start("without", 3.0)
        row = when_ended(jobs, number)
    assert row.state == "failed"
    assert "no key was sent: give this endpoint one" in row.reason


def test_a_redirect_leads_nowhere(yard: Yard, locked: LockedServer) -> None:
    with page_server() as forbidden, yard.database.pool(2) as pool:
        locked.moved_to = f"http://127.0.0.1:{forbidden.server_port}/v1/chat/completions"
        jobs = Jobs(pool)
        person = a_person(yard.database, "is sent on")
        number = jobs.add(a_run(yard.endpoint(locked.url, key=KEY)), person, max_failures=1)
        yard.start("redirected", 3.0)
        assert when_ended(jobs, number).state == "failed"
        assert forbidden.hits == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]"])
def test_the_platforms_own_port_is_not_asked(yard: Yard, locked: LockedServer, host: str) -> None:
    port = int(locked.url.rpartition(":")[2].partition("/")[0])
    note_places(yard.database, OwnPlaces(ports=(port,)))
    try:
        with yard.database.pool(2) as pool:
            jobs = Jobs(pool)
            name = yard.endpoint(f"http://{host}:{port}/v1", key=KEY)
            number = jobs.add(a_run(name), a_person(yard.database, f"asks {host}"))
            yard.start("inward", 3.0)
            row = when_ended(jobs, number)
    finally:
        note_places(yard.database)
    assert row.state == "failed"
    assert row.reason.endswith("is not called: this is the platform itself, or its database")
    assert not locked.asked


def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed(
    locked: LockedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sockets are those of a job's arguments; the resolver is one that asks the test's name server each time."""
    port = int(locked.url.rpartition(":")[2].partition("/")[0])
    uri = f"openai:sums@http://rebinding.example:{port}/v1"
    setup = Setup(
        uri=uri, host="rebinding.example", port=port, key=KEY, own=OwnPlaces(places=(("127.0.0.3", port),)), data="/",
        project="default", project_id=1, job=1, attempt=1, lease_seconds=10.0,
    )  # fmt: skip
    args = arguments_of(RunSpecification(endpoint="x", model="sums", task="gsm8k"), setup, tmp_path, tmp_path / "run")

    async def ask() -> str:
        model = open_model(uri, replace(args.settings(), api_key=args.api_keys["subject"]))
        try:
            return (await model.identify())[0].name
        finally:
            await model.close()

    with name_server(["127.0.0.1", "127.0.0.3"]) as dns:
        monkeypatch.setattr(aiohttp.connector, "DefaultResolver", lambda **_: DnsResolver(dns))
        assert asyncio.run(ask()) == "sums"
        asked = locked.asked.total()
        with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.3 is not called"):
            asyncio.run(ask())
    with name_server(["169.254.169.254"]) as dns:
        monkeypatch.setattr(aiohttp.connector, "DefaultResolver", lambda **_: DnsResolver(dns))
        with pytest.raises(ModelUnavailable, match="is not called: it is link-local"):
            asyncio.run(ask())
    assert locked.asked.total() == asked


def test_what_is_not_in_the_list_any_more_is_said(yard: Yard, locked: LockedServer) -> None:
    name = yard.endpoint(locked.url)
    with yard.database.connect() as connection:
        connection.execute("UPDATE steelyard.endpoint SET models = '{others}' WHERE name = %s", (name,))
    with yard.database.pool(1) as pool, pytest.raises(InputError, match="has no model 'sums' in its list"):
        Jobs(pool).add(a_run(name), a_person(yard.database, "asks for what is gone"))


def test_a_worker_without_the_secret_key_says_so_without_a_place(
    yard: Yard, locked: LockedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = yard.endpoint(locked.url, key=KEY)
    monkeypatch.setenv("STEELYARD_SECRET_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(StorageError, match="this worker cannot use the secret key") as caught:
        taken_setup(yard, a_run(name))
    assert str(tmp_path) not in str(caught.value)


def test_nothing_is_called_before_it_is_known_where_the_platform_listens(yard: Yard, locked: LockedServer) -> None:
    with yard.database.connect_as_owner() as connection:
        connection.execute("DELETE FROM steelyard.serving")
    try:
        with pytest.raises(StorageError, match="no steelyard serve of this version has run"):
            taken_setup(yard, a_run(yard.endpoint(locked.url)))
    finally:
        note_places(yard.database)
