"""Dry runs over the API, of a real endpoint on loopback: begun, asked for, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SumsServer
from tests.server.jobs.yard import questions, wait_for
from tests.server.pages.working import with_endpoint
from tests.server.site import Client, Site, new_platform

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
