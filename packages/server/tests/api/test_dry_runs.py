"""Dry runs over the API, of a real endpoint on loopback: begun, asked for, and nobody else's."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import with_endpoint
from packages.server.tests.site import Client, Site, new_platform
from testkit.fixtures import SumsServer

PATH = "/api/v1/dry-runs"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


def standing(client: Client, number: int) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = json.loads(client.get(f"{PATH}/{number}").text)
        return found if found["state"] != "planning" else None

    found: dict[str, Any] = wait_for(ended)
    return found


def test_a_dry_run_says_questions_time_and_money_and_sends_none(own: Site) -> None:
    runner, reader = own.with_token("run"), own.with_token("read")
    with SumsServer() as server:
        with_endpoint(own, server.url, "dry", price="2")
        asks = {"kind": "run", "endpoint": "dry", "model": "sums", "questions": {"sums": questions(30)}}
        begun = runner.ask("POST", PATH, json.dumps({"asks": asks}), JSON)
        assert begun.status == 202, begun.text
        number = json.loads(begun.text)["dry_run"]
        found = standing(runner, number)
        assert (found["state"], found["problem"]) == ("done", None)
        figures = found["figures"]
        assert figures["calls"] == 30
        assert figures["cost"] > 0
        assert figures["seconds"] > 0
        assert [row["task"] for row in figures["rows"]] == ["sums"]
        assert not [prompt for prompt in server.asked if prompt.startswith("What is")]
        bad = runner.ask("POST", PATH, json.dumps({"asks": asks | {"task": "no-such", "questions": {}}}), JSON)
        refused = standing(runner, json.loads(bad.text)["dry_run"])
        assert (refused["state"], refused["figures"]) == ("failed", None)
        assert "no-such" in refused["problem"]
    assert "foresee-job" in own.administrator().get("/admin/audit").text
    assert reader.get(f"{PATH}/{number}").status == 403
    stranger = own.with_token("run", own.project("dry-elsewhere"))
    assert stranger.get(f"{PATH}/{number}").status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b'{"asks": {"kind": "audit", "sheet": "x", "model": "python:os.system"}}', 400),
        (b'{"asks": {"kind": "resume", "job": 1}}', 400),
        (b"\xff", 400),
        (b" " * ((2 << 20) + 1), 413),
    ],
)
def test_what_no_job_may_ask_is_refused_at_once(own: Site, body: bytes, status: int) -> None:
    runner = own.with_token("run")
    assert runner.ask("POST", PATH, body, JSON).status == status
    assert runner.ask("POST", PATH, b"{}", {"Content-Type": "text/plain"}).status == 415


@contextmanager
def silent() -> Iterator[str]:
    """The address of an endpoint that takes connections and says nothing, until the end of the block."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:  # the test is over
                    return

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for each in taken:
                each.close()


def test_one_whose_endpoint_is_silent_keeps_no_other_waiting_and_ends_with_its_person(own: Site) -> None:
    project = own.project("dry-silent")
    runner, admin = own.person("dry-hangs", "runner", project), own.administrator()
    program, watcher = own.with_token("run", project, runner), own.with_token("run", project)
    with SumsServer() as server, silent() as address:
        with_endpoint(own, address, "silent")
        with_endpoint(own, server.url, "quick")
        asks = {"kind": "run", "endpoint": "silent", "model": "sums", "questions": {"sums": questions(3)}}

        def begun(client: Client, **more: str) -> int:
            reply = client.ask("POST", PATH, json.dumps({"asks": asks | more}), JSON)
            assert reply.status == 202, reply.text
            return int(json.loads(reply.text)["dry_run"])

        hanging = [begun(program) for _ in range(5)]
        other = own.with_token("run", "default", own.person("dry-waits", "runner"))
        assert standing(other, begun(other, endpoint="quick"))["state"] == "done"
        states = [json.loads(watcher.get(f"{PATH}/{number}").text)["state"] for number in hanging]
        assert states == ["planning"] * 5
        person = re.search(r'href="(/admin/people/\d+)"[^>]*>dry-hangs<', admin.get("/admin/people").text)
        assert person is not None
        assert admin.submit(person[1], f"{person[1]}/disable").status == 303
        foreseen = admin.get("/admin/audit").text.count("foresee-job")
    for number in hanging[1:]:
        assert "the token that asked for it is not valid any more" in standing(watcher, number)["problem"]
    assert admin.get("/admin/audit").text.count("foresee-job") == foreseen
