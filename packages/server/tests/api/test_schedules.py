"""Schedules over the API: a runner's token makes and switches them, a viewer's looks, another project's sees none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from packages.server.tests.site import Client, Reply, Site

JSON = {"Content-Type": "application/json"}
ASKS = {"kind": "run", "task": "gsm8k", "model": "embedded:smollm2"}


@pytest.fixture(scope="module")
def runner(site: Site) -> Client:
    return site.with_token("run")


def post(client: Client, path: str, document: Any = None) -> Reply:
    body = None if document is None else json.dumps(document)
    return client.ask("POST", f"/api/v1/schedules{path}", body, JSON)


def test_a_schedule_is_added_listed_and_switched(site: Site, runner: Client) -> None:
    asked = {"name": "api, Mondays", "cron": "0 6 * * MON", "zone": "Europe/Berlin", "asks": ASKS, "priority": 2}
    added = post(runner, "", asked)
    assert added.status == 201, added.text
    number = json.loads(added.text)["schedule"]
    reader = site.with_token("read")
    shown = json.loads(reader.get(f"/api/v1/schedules/{number}").text)
    wanted = {
        "schedule": number, "name": "api, Mondays", "cron": "0 6 * * MON", "zone": "Europe/Berlin", "kind": "run",
        "endpoint": None, "model": "embedded:smollm2", "priority": 2, "on": True, "made_by": "ada", "looks": [],
    }  # fmt: skip
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["next_at"]
    assert json.loads(post(runner, f"/{number}/off").text)["next_at"] is None
    refused = post(runner, f"/{number}/off")
    assert (refused.status, json.loads(refused.text)["detail"]) == (409, "this schedule is off already")
    assert json.loads(post(runner, f"/{number}/on").text)["on"] is True
    assert post(runner, f"/{number}/on").status == 409
    assert post(reader, f"/{number}/off").status == 403
    assert post(runner, f"/{number}/off").status == 200
    listed = json.loads(reader.get("/api/v1/schedules").text)["schedules"]
    assert [each["on"] for each in listed if each["schedule"] == number] == [False]
    assert "schedule-off" in site.administrator().get("/admin/audit").text


def test_schedules_of_another_project_are_not_there(site: Site, runner: Client) -> None:
    number = json.loads(post(runner, "", {"name": "api, hidden", "cron": "0 6 * * *", "asks": ASKS}).text)["schedule"]
    stranger = site.with_token("run", site.project("api-empty"))
    assert json.loads(stranger.get("/api/v1/schedules").text) == {"schedules": []}
    hidden, absent = (stranger.get(f"/api/v1/schedules/{each}") for each in (number, 999999999))
    assert (hidden.status, hidden.body) == (404, absent.body)
    assert post(stranger, f"/{number}/off").status == 404
    assert post(runner, f"/{number}/off").status == 200


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cron": "0 6 * *"}, "a schedule has five fields"),
        ({"cron": "0 6 30 2 *"}, "Bad day-of-month"),
        ({"zone": "Mars/Base"}, "there is no time zone 'Mars/Base'"),
        ({"zone": "../../etc/passwd"}, "a time zone is a name"),
        ({"name": "a\x1b[31m"}, "a schedule has a name of 1 to 100 characters"),
        ({"name": ""}, "at `$.name`"),
        ({"priority": 101}, "at `$.priority`"),
        ({"asks": {"kind": "resume", "job": 1}}, "'resume'"),
        ({"asks": ASKS | {"endpoint": "no-such"}}, "no-such"),
        ({"asks": ASKS | {"model": "python:os.system"}}, "names an endpoint"),
    ],
)
def test_what_cannot_be_scheduled_is_one_line(runner: Client, more: dict[str, Any], said: str) -> None:
    reply = post(runner, "", {"name": "api, refused", "cron": "0 6 * * *", "zone": "UTC", "asks": ASKS} | more)
    assert (reply.status, said in json.loads(reply.text)["detail"]) == (400, True), reply.text


def test_a_body_is_json_and_bounded(runner: Client) -> None:
    path = "/api/v1/schedules"
    assert runner.ask("POST", path, b"{}", {"Content-Type": "text/plain"}).status == 415
    assert runner.ask("POST", path, b"\xff", JSON).status == 400
    assert runner.ask("POST", path, b" " * ((2 << 20) + 1), JSON).status == 413


def test_a_person_has_so_many_schedules_on_and_no_more(site: Site) -> None:
    project = site.project("api-flooded")
    client = site.person("schedules-flood", "runner", project)
    program = site.with_token("run", project, client)
    asked = {"cron": "* * * * *", "zone": "UTC", "asks": ASKS}
    replies = [post(program, "", {"name": f"flood {number}", **asked}) for number in range(21)]
    assert [each.status for each in replies] == [201] * 20 + [400]
    assert "20 schedules of one person are on" in json.loads(replies[20].text)["detail"]
    numbers = [json.loads(each.text)["schedule"] for each in replies[:20]]
    assert post(program, f"/{numbers[0]}/off").status == 200
    last = json.loads(post(program, "", {"name": "flood 20", **asked}).text)["schedule"]
    assert post(program, f"/{numbers[0]}/on").status == 400
    for number in [*numbers[1:], last]:
        assert post(program, f"/{number}/off").status == 200
