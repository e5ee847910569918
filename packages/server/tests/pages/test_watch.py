"""The page of schedules: what a runner makes of a job, who may switch it, what stands there before and after a look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Client, Site, new_platform
from steelyard_server.database.connection import existing_database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.schedules import ScheduleRow
from steelyard_server.pages.watch import _is_more_than_hourly, coming_looks, moment_at
from steelyard_server.upkeep.withdrawal import withdraw_run
from testkit.fixtures import SumsServer

CLAIMS, WATCH = "/p/default/claims", "/p/default/watch"
SHEET = "model: adder\nclaims:\n- task: sums\n  value: 50\n"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROW = ScheduleRow(1, "a", "0 6 * * *", "UTC", "run", "m", "", [], 0, 1, NOW, True, NOW + timedelta(hours=18))


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


def made_due(site: Site, name: str) -> None:
    """As if the next look of a schedule had come two days ago."""
    with (
        open_database(open_data_folder(site.data, create=False), beside=True) as database,
        database.connect_as_owner() as connection,
    ):
        connection.execute("ALTER TABLE steelyard.schedule DISABLE TRIGGER keep")
        connection.execute(
            "UPDATE steelyard.schedule SET next_at = date_trunc('day', now()) - interval '2 days' WHERE name = %s",
            (name,),
        )
        connection.execute("ALTER TABLE steelyard.schedule ENABLE TRIGGER keep")


def add(client: Client, **fields: str) -> tuple[int, str]:
    reply = client.submit(WATCH, WATCH, **fields)
    return reply.status, unescape(reply.text)


def test_what_a_job_asked_is_asked_again_and_again(own: Site) -> None:
    runner, viewer = own.person("watch-runner", "runner"), own.person("watch-viewer", "viewer")
    assert "no job has made a run yet" in runner.get(WATCH).text
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, price="2")
        fields = {"sheet": SHEET, "choice": choice, "task": "sums", "questions": questions(4)}
        job = runner.submit(CLAIMS, f"{CLAIMS}/test", **fields).headers["location"]
        with working(own):
            wait_for(lambda: job_at(runner, job, "It is (finished|failed)"))
            number = job.rpartition("/")[2]
            assert f'href="{WATCH}?job={number}#make"' in runner.get(job).text
            assert f'<option value="{number}" selected>' in runner.get(f"{WATCH}?job={number}").text
            name = "sums <b>& more</b>"
            asked = {"job": number, "name": name, "each": "week", "at": "06:00", "weekday": "MON", "zone": "Asia/Tokyo"}
            assert add(runner, **asked)[0] == 303
            status, text = add(runner, **asked)
            assert (status, "there is a schedule named" in text) == (400, True)
            text = viewer.get(WATCH).text
            assert "each Monday at 06:00, Asia/Tokyo" in text
            assert re.search(r"Mon 20\d\d-\d\d-\d\d 06:00, Asia/Tokyo", text)
            assert "sums &lt;b&gt;&amp; more&lt;/b&gt;" in text
            assert "<b>&" not in text
            assert "audit of claims about sums at sums" in text
            assert "What comes next" in text
            assert "<form" not in text.partition("<main")[2], "a viewer has no button"
            made_due(own, name)
            wait_for(lambda: job_at(viewer, WATCH, r"What was looked at(?s:.)*/runs/[0-9a-f]{64}"))
    text = viewer.get(WATCH).text
    assert "late: it was due at" in text.partition("Schedules</h2>")[0], "an alert"
    assert re.search(rf'href="/p/default/jobs/{int(number) + 1}">its job<', text)
    schedule = re.search(rf'action="{WATCH}/(\d+)/off"', runner.get(WATCH).text)
    assert schedule is not None
    path = f"{WATCH}/{schedule[1]}"
    assert runner.submit(WATCH, f"{path}/off").status == 303
    refused = runner.submit(WATCH, f"{path}/off")
    assert (refused.status, "is off already" in refused.text) == (409, True)
    assert "What comes next" not in viewer.get(WATCH).text
    assert runner.submit(WATCH, f"{path}/on").status == 303
    made_due(own, name)  # and no worker runs
    assert re.search("stands still(?s:.)*nobody makes its job", viewer.get(WATCH).text)
    assert runner.submit(WATCH, f"{path}/off").status == 303
    assert runner.post(f"{path}/on", {}).status == 403, "without the key of a form"
    assert runner.submit(WATCH, f"{path}/on").status == 303
    assert runner.submit(WATCH, f"{WATCH}/999999/on").status == 404
    stranger = own.person("watch-stranger", "runner", own.project("watch-other"))
    assert stranger.submit("/p/watch-other/watch", f"/p/watch-other/watch/{schedule[1]}/off").status == 404
    status, text = 0, ""
    for more, said in (
        ({"each": "cron", "cron": "0 6 * *"}, "a schedule has five fields"),
        ({"each": "day", "at": "25:00"}, "a time is given as 06:00"),
        ({"zone": "<script>"}, "a time zone is a name as Europe/Berlin"),
        ({"job": "999999"}, "there is no such job in this project"),
        ({"name": "\x1b[31m"}, "a schedule has a name of 1 to 100 characters"),
    ):
        status, text = add(runner, **asked | {"name": "another"} | more)
        assert (status, said in text) == (400, True), text
        assert "<script" not in runner.get(WATCH).text
    assert stranger.submit("/account", WATCH, **asked).status == 404
    seal = re.search(r"/p/default/runs/([0-9a-f]{64})", viewer.get(WATCH).text)
    assert seal is not None
    assert runner.submit(WATCH, f"{path}/off").status == 303
    folder = open_data_folder(own.data, create=False)
    assert withdraw_run(existing_database(folder, {}), folder, seal[1]).schedules == (name,)
    text = runner.get(WATCH).text
    assert "Its questions were withdrawn with a run, 20" in text
    assert f"{path}/on" not in text
    refused = runner.submit(WATCH, f"{path}/on")
    assert (refused.status, "make another schedule" in refused.text) == (400, True)
    again = str(int(number) + 1)  # the look that made the run
    status, text = add(runner, **asked | {"name": "anew", "job": again})
    assert (status, "its questions were withdrawn" in text) == (400, True)


def test_a_schedule_rests_when_its_makers_role_is_taken_and_their_jobs_are_paused(own: Site) -> None:
    project = own.project("watch-left")
    runner, viewer = own.person("watch-leaver", "runner", project), own.person("watch-stays", "viewer", project)
    watch = f"/p/{project}/watch"
    with_endpoint(own, "http://127.0.0.1:9", "nobody there")  # jobs are made, and nothing of them is done
    asks = {"kind": "run", "endpoint": "nobody there", "model": "sums", "questions": {"sums": questions(4)}}

    def ask(program: Client, path: str, **more: str) -> None:
        body = json.dumps({**more, "asks": asks})
        reply = program.ask("POST", path, body, {"Content-Type": "application/json"})
        assert reply.status in (201, 202), reply.text

    leaver, admin = own.with_token("run", project, runner), own.administrator()
    ask(leaver, "/api/v1/jobs")
    ask(leaver, "/api/v1/schedules", name="left", cron="* * * * *", zone="UTC")
    ask(own.with_token("run", project, admin), "/api/v1/schedules", name="stays", cron="* * * * *", zone="UTC")
    person = re.search(r'href="/admin/people/(\d+)"[^>]*>watch-leaver<', admin.get("/admin/people").text)
    assert person is not None
    page = f"/admin/people/{person[1]}"
    assert admin.submit(page, f"{page}/role", project=project, role="").status == 303
    for name in ("left", "stays"):
        made_due(own, name)
    assert "It rests, since watch-leaver, who made it, may start no jobs in this project" in viewer.get(watch).text
    with working(own):
        wait_for(lambda: f"/p/{project}/jobs/" in viewer.get(watch).text)
    jobs = viewer.get(f"/p/{project}/jobs").text
    assert len(set(re.findall(r"/jobs/(\d+)", jobs))) == 2, "the one that was there, and that of the other schedule"
    assert "paused" in jobs
    assert "may start no jobs in this project any more" in viewer.get(watch).text


def test_the_next_looks_of_all_schedules_come_in_order() -> None:
    weekly = replace(ROW, id=2, name="b", cron="0 7 * * SUN", zone="Europe/Berlin", next_at=NOW + timedelta(hours=18))
    due = replace(ROW, id=3, name="due", next_at=NOW - timedelta(hours=6))
    others = replace(ROW, id=4, is_on=False), replace(ROW, id=5, zone="Mars/Base", next_at=NOW - timedelta(days=1))
    found = coming_looks([ROW, weekly, due, *others], NOW, 5)
    sunday, monday = NOW + timedelta(hours=18), NOW + timedelta(hours=42)
    assert [(at, row.id) for at, row in found] == [(sunday, 1), (sunday, 2), (sunday, 3), (monday, 1), (monday, 3)]


def test_what_is_more_often_than_hourly_is_told_of() -> None:
    often = [cron for cron in ("* * * * *", "*/30 * * * *", "0 * * * *", "0,1 6 * * *", "0 6 * * *", "0 6 1 1 *")
             if _is_more_than_hourly(replace(ROW, cron=cron))]  # fmt: skip
    assert often == ["* * * * *", "*/30 * * * *"]
    assert not _is_more_than_hourly(replace(ROW, zone="Mars/Base"))


def test_a_time_is_on_the_clock_that_is_said() -> None:
    assert moment_at(NOW, "Asia/Tokyo") == "Sat 2026-11-28 21:00, Asia/Tokyo"
    assert moment_at(NOW, "Mars/Base") == "2026-11-28 12:00 UTC"
