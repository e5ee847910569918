"""The pages of jobs: what stands there while one waits, runs, pauses and ends, and who may change that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Client, Site, new_platform
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.pages.jobs import rate_in_words
from testkit.browser import Chromium, open_tab
from testkit.fixtures import SumsServer

CLAIMS, JOBS = "/p/default/claims", "/p/default/jobs"
SHEET = "model: adder\nclaims:\n- task: sums\n  value: 50\n"


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


def added(client: Client, choice: str, count: int = 4) -> str:
    """Add a job; the path of its page."""
    fields = {"sheet": SHEET, "choice": choice, "task": "sums", "questions": questions(count)}
    reply = client.submit(CLAIMS, f"{CLAIMS}/test", **fields)
    assert reply.status == 303, reply.text
    return reply.headers["location"]


def act(client: Client, job: str, name: str) -> int:
    return client.submit(job, f"{job}/{name}").status


def test_a_job_is_shown_while_it_waits_runs_pauses_and_ends(own: Site) -> None:
    runner, viewer = own.person("jobs-runner", "runner"), own.person("jobs-viewer", "viewer")
    with SumsServer() as server:
        server.seconds = lambda _: 0.1
        job = added(runner, with_endpoint(own, server.url, price="2"), 300)
        text = viewer.get(job).text
        assert "It is waiting" in text
        assert "No worker runs." in text
        assert "jobs-runner" in text
        assert 'http-equiv="refresh"' in text
        assert 'http-equiv="refresh"' not in viewer.get(f"{job}?still=yes").text
        assert f'action="{job}' not in text, "a viewer has no button"
        with working(own):
            wait_for(lambda: job_at(runner, job, r"\d+ of at most [\d,]+"))
            assert "It is running" in runner.get(job).text
            live = r'Right so far"><span>\d+ of \d+</span>.*Interval"><span>\d+\.\d to \d+\.\d → 50'
            wait_for(lambda: job_at(runner, job, live))
            server.seconds = lambda _: 1.0  # it is nowhere near its end, however slowly the pages are asked
            assert "holds at every look" in viewer.get(job).text
            assert act(runner, job, "pause") == 303
            wait_for(lambda: job_at(runner, job, "It is paused"))
            assert 'http-equiv="refresh"' not in runner.get(job).text
            again = runner.submit(job, f"{job}/pause")
            assert (again.status, "is paused already" in again.text) == (409, True)
            assert act(runner, job, "resume") == 303
            wait_for(lambda: job_at(runner, job, "It is running"))
            assert act(runner, job, "cancel") == 303
            wait_for(lambda: job_at(runner, job, "It is stopped"))
            server.seconds = lambda _: 0.0
            retried = runner.submit(job, f"{job}/retry")
            assert retried.status == 303
            on = retried.headers["location"]
            wait_for(lambda: job_at(runner, on, "It is (finished|failed)"))
    text = runner.get(on).text
    assert "It is finished" in text
    assert "Its run and verdict" in text
    assert f'href="{job}">job ' in text
    assert re.search(r"<dt>money</dt><dd>\d+\.\d\d", text)
    (money,) = re.findall(r"<dd>([\d.]+), by 1 verdict</dd>", text)
    refused = runner.submit(JOBS if 'name="key"' in runner.get(JOBS).text else job, f"{job}/retry")
    assert (refused.status, "cannot be resumed" in refused.text) == (400, True)
    listed = viewer.get(JOBS).text
    assert f'A verdict took"><span>{money} <span class="detail">by 1 verdict<' in listed
    assert listed.index(on) < listed.index(f'"{job}"')
    with existing_database(open_data_folder(own.data), {}).connect_as_owner() as connection:
        connection.execute(
            "SELECT steelyard.mark_cleared(stored_run_id) FROM steelyard.job WHERE id = %s",
            (int(job.rpartition("/")[2]),),
        )
    assert "nothing goes on with it" in runner.get(job).text
    assert f'action="{job}/retry"' not in runner.get(job).text
    text = runner.get(on).text
    assert "nothing goes on with it" not in text
    assert "its own copies" in text


def test_it_says_what_a_job_waits_for(own: Site) -> None:
    client = own.administrator()
    choice = with_endpoint(own, "http://127.0.0.1:9/v1", "nobody there")
    job = added(client, choice)
    with working(own):
        wait_for(lambda: job_at(client, job, "did not answer|tried again in a while"))
    assert act(client, job, "cancel") == 303
    assert "It is stopped" in client.get(job).text


def test_another_projects_job_is_not_there(own: Site) -> None:
    job = added(own.administrator(), "0/embedded:smollm2")
    stranger = own.person("jobs-stranger", "admin", own.project("elsewhere"))
    number = job.rpartition("/")[2]
    for place in (job, f"/p/elsewhere/jobs/{number}", "/p/elsewhere/jobs/999999999"):
        assert stranger.get(place).status == 404
    key = {"key": stranger.key("/p/elsewhere/jobs")}
    for name in ("pause", "resume", "cancel", "retry"):
        assert stranger.post(f"/p/elsewhere/jobs/{number}/{name}", key).status == 404
    assert "Nothing was asked of this server yet" in stranger.get("/p/elsewhere/jobs").text
    assert "There are no more jobs" in stranger.get("/p/elsewhere/jobs?before=1").text
    assert own.administrator().post(f"{job}/cancel", {}).status == 403, "without the form's key"
    assert act(own.administrator(), job, "cancel") == 303


@pytest.mark.parametrize(
    ("answered", "seconds", "words"),
    [(1, 60, ""), (50, 4, ""), (50, 60, "about 50 a minute"), (3, 600, "about 18 an hour")],
)
def test_the_rate_is_said_once_there_are_answers(answered: int, seconds: float, words: str) -> None:
    assert rate_in_words(answered, seconds) == words


def test_what_needs_a_second_person_waits_for_one_on_pages_and_over_the_api(own: Site) -> None:
    admin, starter = own.administrator(), own.person("approval-starter", "editor")
    second, viewer = own.person("approval-second", "editor"), own.person("approval-viewer", "viewer")
    budgets, said = "/p/default/budgets", "needs a second person"
    set_ = {"cost": "0.000001", "tokens": ""}
    assert admin.submit(budgets, f"{budgets}/approval", **set_).status == 303
    text = admin.get(budgets).text
    assert 'value="0.000001"' in text
    assert "who did not start it approves it" in text
    refused = admin.submit(budgets, f"{budgets}/approval", cost="-1", tokens="")
    assert (refused.status, "money is a number from 0 on" in refused.text) == (400, True)
    with SumsServer() as server, working(own):
        choice = with_endpoint(own, server.url, "approved", price="2")
        form = {"sheet": SHEET, "choice": choice, "task": "sums", "questions": questions(4)}
        assert "So much needs a second person" in starter.submit(CLAIMS, CLAIMS, **form).text
        first, other = added(starter, choice), added(starter, choice)
        wait_for(lambda: job_at(second, first, "It is waiting for approval"))
        wait_for(lambda: job_at(second, other, "It is waiting for approval"))
        assert said in viewer.get(first).text
        assert "/approve" not in viewer.get(first).text + starter.get(first).text
        assert "waits for your approval" in second.get("/").text
        assert "waits for the approval of ada or approval-second" in starter.get("/").text
        assert "asked for by approval-starter, waits for your approval" in second.get("/").text
        assert act(starter, first, "approve") == 403
        assert "waiting for approval" in viewer.get(JOBS).text

        def asked(client: Client, act: str) -> tuple[int, str]:
            reply = client.ask("POST", f"/api/v1/jobs/{other.rpartition('/')[2]}/{act}")
            return reply.status, reply.text

        own_token = own.with_token("approve", client=starter)
        assert "you started this job" in asked(own_token, "refuse")[1]
        assert asked(own_token, "approve")[0] == 403
        assert asked(own.with_token("run", client=second), "approve")[0] == 403
        decider = own.with_token("approve", client=second)
        assert '"waits_for": "approval"' in decider.get(f"/api/v1/jobs/{other.rpartition('/')[2]}").text
        assert asked(decider, "refuse")[0] == 200
        assert asked(decider, "approve")[0] == 409
        assert "what it may spend was not approved" in viewer.get(other).text

        assert act(second, first, "approve") == 303
        wait_for(lambda: job_at(second, first, "It is finished"))
    assert "approval-second" in viewer.get(first).text, "who approved it"
    audit = admin.get("/admin/audit").text
    assert all(each in audit for each in ("approve-job", "refuse-job", "set-approval"))
    assert admin.submit(budgets, f"{budgets}/approval", cost="", tokens="").status == 303


async def _until(tab: Chromium, expression: str, said: str) -> None:
    for _ in range(600):
        if said in (found := await tab.evaluate(expression)):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def _watched(devtools: str, site: Site, client: Client, job: str) -> list[str]:
    """Open the page of a job in a browser, stop it elsewhere, and see that this page says so without being loaded."""
    async with open_tab(devtools) as tab:
        await tab.call("Network.enable")
        for name, value in client.cookies.items():
            await tab.call("Network.setCookie", name=name, value=value, url=site.base, httpOnly=True)
        visit = await tab.visit(site.base + job, width=1000, dark=False)
        await tab.evaluate("[globalThis.here = 'not loaded again', document.querySelector('#let-stand-still').focus()]")
        polls = "performance.getEntriesByType('resource').filter(each => each.initiatorType == 'xmlhttprequest').length"
        await _until(tab, polls, "1")
        focused = await tab.evaluate("document.activeElement.id")
        assert await asyncio.to_thread(act, client, job, "cancel") == 303
        await _until(tab, "document.body.innerText", "It is stopped")
        left = await tab.evaluate("String(document.querySelector('[hx-get]'))")
        return [focused, await tab.evaluate("globalThis.here"), left, *visit.errors, *tab.errors()]


@pytest.mark.slow  # the fast run looks at what the page says, and at what a poll is answered
def test_in_a_browser_a_job_is_followed_without_loading_the_page_again(own: Site, devtools: str) -> None:
    runner = own.person("jobs-watcher", "runner")
    with SumsServer() as server:
        job = added(runner, with_endpoint(own, server.url, "followed"))
    assert asyncio.run(_watched(devtools, own, runner, job)) == ["let-stand-still", "not loaded again", "null"]
