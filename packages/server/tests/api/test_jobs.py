"""Jobs over the API: a runner's token starts them, a viewer's looks, another project's sees none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from packages.server.tests.site import Client, Reply, Site

JSON = {"Content-Type": "application/json"}
SHEET = "model: a\nclaims:\n- task: sums\n  value: 50\n"


@pytest.fixture(scope="module")
def endpoint(site: Site) -> str:
    made = site.administrator().submit(
        "/admin/endpoints", "/admin/endpoints", name="api-jobs", kind="openai", address="http://192.168.1.8:8000/v1",
        models="m", concurrency="1", price_in="", price_out="",
    )  # fmt: skip
    assert made.status == 303, made.text
    return "api-jobs"


@pytest.fixture(scope="module")
def runner(site: Site) -> Client:
    return site.with_token("run")


def post(client: Client, path: str, document: Any = None) -> Reply:
    return client.ask("POST", f"/api/v1/jobs{path}", None if document is None else json.dumps(document), JSON)


def audit(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"asks": {"kind": "audit", "sheet": SHEET, "endpoint": endpoint, "model": "m"} | more}


def test_a_job_is_added_listed_paused_resumed_cancelled_and_gone_on_with(
    site: Site, runner: Client, endpoint: str
) -> None:
    added = post(runner, "", audit(endpoint, questions={"sums": "{}"}) | {"priority": 3})
    assert added.status == 201, added.text
    job = json.loads(added.text)["job"]
    shown = json.loads(runner.get(f"/api/v1/jobs/{job}").text)
    assert (shown["state"], shown["endpoint"], shown["priority"], shown["seal"]) == ("waiting", endpoint, 3, None)
    assert json.loads(post(runner, f"/{job}/pause").text)["state"] == "paused"
    refused = post(runner, f"/{job}/pause")
    assert (refused.status, json.loads(refused.text)["detail"]) == (409, "this job has ended, or is paused already")
    assert json.loads(post(runner, f"/{job}/resume").text)["state"] == "waiting"
    ended = json.loads(post(runner, f"/{job}/cancel").text)
    assert [each["state"] for each in ended["events"]] == ["waiting", "paused", "waiting", "cancelled"]
    again = json.loads(post(runner, f"/{job}/retry").text)["job"]
    reader = site.with_token("read")
    listed = json.loads(reader.get("/api/v1/jobs?state=waiting").text)["jobs"][0]
    assert (listed["job"], listed["retries"]) == (again, job)
    assert post(runner, f"/{again}/cancel").status == 200
    assert post(reader, f"/{again}/retry").status == 403
    assert "cancel-job" in site.administrator().get("/admin/audit").text


def test_jobs_of_another_project_are_not_there(site: Site, runner: Client, endpoint: str) -> None:
    job = json.loads(post(runner, "", audit(endpoint)).text)["job"]
    stranger = site.with_token("run", site.project("api-empty"))
    assert json.loads(stranger.get("/api/v1/jobs").text) == {"jobs": [], "next": None}
    assert stranger.get(f"/api/v1/jobs/{job}").status == 404
    for act in ("pause", "resume", "cancel", "retry"):
        hidden, absent = post(stranger, f"/{job}/{act}"), post(stranger, f"/999999999/{act}")
        assert (hidden.status, hidden.body) == (404, absent.body)
    assert post(runner, f"/{job}/cancel").status == 200


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "missing required field `asks`"),
        ({"asks": {"kind": "resume", "job": 1}}, "'resume'"),
        ({"asks": {"kind": "audit", "sheet": SHEET, "endpoint": "no-such", "model": "m"}}, "no-such"),
        ({"asks": {"kind": "audit", "sheet": SHEET, "model": "python:os.system"}}, "names an endpoint"),
        ({"asks": {"kind": "run", "task": "../etc/passwd", "endpoint": "api-jobs", "model": "m"}}, "id of a built-in"),
        ({"asks": {"kind": "run", "task": "gsm8k", "endpoint": "api-jobs", "model": "m", "out": "/x"}}, "out"),
        ({"asks": {"kind": "run", "task": "gsm8k", "endpoint": "api-jobs", "model": "m"}, "priority": 101}, "100"),
    ],
)
def test_what_a_job_may_not_ask_is_refused_in_one_line(
    runner: Client, endpoint: str, document: dict[str, Any], said: str
) -> None:
    reply = post(runner, "", document)
    assert (reply.status, said in json.loads(reply.text)["detail"]) == (400, True), reply.text


def test_what_ones_role_is_too_low_for_is_403(site: Site, endpoint: str) -> None:
    low = site.with_token("run", client=site.person("api-low-priority", "runner"))
    reply = post(low, "", audit(endpoint) | {"priority": 1})
    assert (reply.status, "needs the role admin" in json.loads(reply.text)["detail"]) == (403, True), reply.text


def test_a_body_is_json_and_bounded(runner: Client) -> None:
    assert runner.ask("POST", "/api/v1/jobs", b"{}", {"Content-Type": "text/plain"}).status == 415
    for body in (b"", b"[" * 100_000, b"\xff", b'{"asks":' * 1000):
        assert runner.ask("POST", "/api/v1/jobs", body, JSON).status == 400
    assert runner.ask("POST", "/api/v1/jobs", b" " * ((2 << 20) + 1), JSON).status == 413
