"""A platform that has something on every page, and the addresses of its pages by their routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages.server.tests.browser.brought import CHOICES, READERS, SUITE, brought_suites, job_that_goes_on
from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.test_compare import at as compare_page
from packages.server.tests.pages.test_compare import shown
from packages.server.tests.pages.test_suites import at as suite_page
from packages.server.tests.pages.test_watch import made_due
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Client, Site, join_path, new_platform, pushed, run_page
from testkit.fixtures import SumsServer

NOBODY, VIEWER, SECOND, ADMINISTRATOR = "nobody", "viewer", "second admin", "administrator"
SHEET = "model: adder\nvendor: us\nclaims:\n- task: sums\n  value: 50\n"
LONG = "a-name-of-forty-characters-without-blank"


@dataclass(frozen=True)
class Visit:
    """An address, and who opens it."""

    path: str
    who: str = ADMINISTRATOR

    def __str__(self) -> str:
        return f"{self.path} as {self.who}"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a filled platform has: seals of runs, also of such as asked the same, an endpoint's number, and paths."""

    seals: list[str]
    same: list[str]
    jobs: list[str]
    endpoint: str
    webhook: str
    share: str
    join: str
    person: str
    labels: str


@dataclass(frozen=True)
class Filled:
    """The platform, who looks at it, and what there is to look at, by the pattern of its route."""

    site: Site
    people: Mapping[str, Client]
    visits: Mapping[str, list[Visit]]


@contextmanager
def filled_platform(
    template: Path, runs: list[Path], same: list[Path], run_suite: Path, options: list[str]
) -> Iterator[Filled]:
    """A new platform with people, projects, an endpoint that adds, jobs in several states, suites, and these runs.

    ``same``: runs that asked the same, to be compared. ``run_suite``: the suite that one of ``runs`` asked.
    """
    with SumsServer() as sums, new_platform(template, *options) as site:
        admin = site.administrator()
        site.project("empty")
        site.project(LONG)
        viewer = site.person("a.viewer@the-house-of-a-very-long-name.example.com", "viewer")
        second = _asked_threshold(site, admin)
        seals, alike = ([pushed(site, run) for run in each] for each in (runs, same))
        for address in (compare_page(*alike[:2]), compare_page(*alike, pairs="all")):
            assert shown(admin, address).status == 200, "what is computed once is kept"
        choice = with_endpoint(site, sums.url, price="2")
        jobs = _jobs(site, admin, choice)
        hook, share = _webhook(admin), _share(admin, seals[0])
        for group, role, project in (("staff", "viewer", "default"), ("quality/reviewers", "admin", LONG)):
            assert admin.submit("/admin/groups", "/admin/groups", group=group, role=role, project=project).status == 303
        site.token()
        labels = brought_suites(site, admin, run_suite)
        invited = admin.submit("/admin/people", "/admin/people", name="invited", project="default", role="viewer").text
        with job_that_goes_on(site, admin) as runs_on:
            waits = f"{_job(admin, choice)}?still=yes"  # the one worker is at the other job
            made = Made(
                seals=seals, same=alike, jobs=[*jobs, runs_on, waits], endpoint=choice.partition("/")[0], webhook=hook,
                share=share, join=join_path(invited), person=re.findall(r"/admin/people/\d+", invited)[-1],
                labels=labels,
            )  # fmt: skip
            yield Filled(
                site, {NOBODY: site.client(), VIEWER: viewer, SECOND: second, ADMINISTRATOR: admin}, visits_of(made)
            )


def _asked_threshold(site: Site, admin: Client) -> Client:
    """A threshold that waits for a second person, and that one."""
    page = f"/p/{LONG}/budgets"
    for cost in ("5", "50"):
        assert admin.submit(page, f"{page}/approval", cost=cost, tokens="2,000").status == 303
    return site.person("second", "admin", LONG)


def _jobs(site: Site, admin: Client, choice: str) -> list[str]:
    """The paths of a job that has ended, and of one that was stopped.

    What the first one asked is asked again by a schedule, whose first look was late.
    """
    watch, ended = "/p/default/watch", _job(admin, choice)
    with working(site, lease=12):  # the machine may be busy
        wait_for(lambda: job_at(admin, ended, "It is (finished|failed)"))
        weekly = {"job": ended.rpartition("/")[2], "name": "sums", "each": "week", "at": "06:00", "weekday": "MON"}
        assert admin.submit(watch, watch, zone="UTC", **weekly).status == 303
        made_due(site, "sums")
        wait_for(lambda: job_at(admin, watch, r"What was looked at(?s:.)*/runs/[0-9a-f]{64}"), 300)
    stopped = _job(admin, choice)
    assert admin.submit(stopped, f"{stopped}/cancel").status == 303
    return [ended, stopped]


def _job(admin: Client, choice: str) -> str:
    """The path of a new job."""
    form = {"sheet": SHEET, "choice": choice, "limit": "20", "tolerance": "4.5", "task": "sums"}
    page = "/p/default/claims"
    added = admin.submit(page, f"{page}/test", questions=questions(20), **form)
    assert added.status == 303, added.text
    return added.headers["location"]


def _webhook(admin: Client) -> str:
    assert admin.submit("/admin/webhooks", "/admin/webhooks", address="http://10.1.2.3:81").status == 303
    page = "/p/default/webhooks"
    made = admin.submit(page, page, address="http://10.1.2.3:81/hooks", **{"kind-job.failed": "yes"})
    found = re.search(rf'action="({page}/\d+)/test"', made.text)
    assert found is not None, made.text
    return found[1]


def _share(admin: Client, seal: str) -> str:
    made = admin.submit(run_page(seal), run_page(seal, "/shares"), label="for Bob", days="7")
    found = re.search(r"/shared/[A-Za-z0-9_-]{43}", made.text)
    assert found is not None, made.text
    return found[0]


def visits_of(made: Made) -> dict[str, list[Visit]]:
    """The visits of each page, by the pattern of its route."""
    seals = made.seals
    answers = [run_page(seal, "/answers") for seal in seals]
    in_project, in_suite = "/p/{project}", "/p/{project}/suites/{name}"
    two, three = compare_page(*made.same[:2]), compare_page(*made.same, pairs="all")
    return {
        "/sign-in": [Visit("/sign-in", NOBODY)],
        "/sign-in/provider": [Visit("/sign-in/provider", NOBODY)],  # which does not answer
        "/sign-out/provider": [Visit("/sign-out/provider", NOBODY)],
        "/sign-in/callback": [Visit("/sign-in/callback?error=access_denied", NOBODY)],
        "/welcome": [Visit(f"/welcome?code={'a' * 43}", NOBODY)],  # one that works: see test_walks.py
        "/join": [Visit(made.join, NOBODY), Visit(f"/join?code={'a' * 43}", NOBODY)],
        "/": [Visit("/"), Visit("/", VIEWER), Visit("/", SECOND)],
        f"{in_project}/models": [Visit("/p/default/models"), Visit("/p/empty/models")],
        f"{in_project}/claims": [Visit("/p/default/claims"), Visit("/p/default/claims", VIEWER)],
        f"{in_project}/jobs": [Visit("/p/default/jobs"), Visit("/p/empty/jobs")],
        f"{in_project}/jobs/{{job:int}}": [*map(Visit, made.jobs), Visit(made.jobs[0], VIEWER)],
        f"{in_project}/watch": [Visit("/p/default/watch"), Visit("/p/default/watch", VIEWER), Visit("/p/empty/watch")],
        f"{in_project}/compare": [
            Visit("/p/default/compare"), Visit("/p/empty/compare"), Visit(two, VIEWER), Visit(three),
            Visit(compare_page(*made.same[:1])), Visit(compare_page(*made.same[:2], only="differing")),
            Visit(f"/p/default/compare?with={made.same[0]}"),
        ],
        f"{in_project}/suites": [
            Visit("/p/default/suites"), Visit("/p/default/suites", VIEWER), Visit("/p/empty/suites")
        ],
        in_suite: [
            Visit(suite_page(SUITE)), Visit(suite_page(SUITE), VIEWER), Visit(suite_page("sums")),
            Visit(suite_page(READERS)), Visit(suite_page(READERS), VIEWER),
        ],
        f"{in_suite}/items/{{number:int}}": [
            *(Visit(suite_page(SUITE, f"/items/{number}")) for number in (2, 3, 4, 5)),
            Visit(suite_page(CHOICES, "/items/1")), Visit(suite_page(CHOICES, "/items/1"), VIEWER),
            Visit(suite_page(READERS, "/items/1"), VIEWER),
        ],
        f"{in_suite}/labels": [
            Visit(suite_page(SUITE, "/labels")), Visit(suite_page(SUITE, "/labels"), VIEWER),
            Visit(suite_page(CHOICES, "/labels")),
        ],
        f"{in_suite}/labels/{{set:int}}": [Visit(made.labels), Visit(made.labels, VIEWER)],
        f"{in_suite}/labels/{{set:int}}/{{number:int}}": [Visit(f"{made.labels}/1"), Visit(f"{made.labels}/3")],
        f"{in_project}/runs": [
            Visit("/p/default/runs"), Visit("/p/empty/runs"), Visit("/p/default/runs?subject=none-is-called-so"),
            Visit(f"/p/{LONG}/runs", VIEWER),  # no role of theirs reaches it
        ],
        f"{in_project}/runs/{{seal}}": [*(Visit(run_page(seal)) for seal in seals), Visit(run_page("0" * 64))],
        f"{in_project}/runs/{{seal}}/report": [Visit(run_page(seal, "/report")) for seal in seals],
        f"{in_project}/runs/{{seal}}/answers": [*map(Visit, answers), Visit(f"{answers[0]}?outcome=wrong")],
        f"{in_project}/runs/{{seal}}/answers/{{number:int}}": [
            Visit(f"{each}/{number}") for each in answers for number in (1, 9)
        ],
        "/shared/{secret}": [Visit(made.share, NOBODY)],  # one that is not good is answered by a line of text, no page
        f"{in_project}/people": [Visit("/p/default/people"), Visit(f"/p/{LONG}/people")],
        f"{in_project}/budgets": [
            Visit("/p/default/budgets"), Visit(f"/p/{LONG}/budgets"), Visit(f"/p/{LONG}/budgets", SECOND)
        ],
        f"{in_project}/webhooks": [Visit("/p/default/webhooks"), Visit("/p/empty/webhooks")],
        f"{in_project}/webhooks/{{webhook:int}}": [Visit(made.webhook)],
        "/account": [Visit("/account"), Visit("/account", VIEWER)],
        "/account/readers": [Visit("/account/readers"), Visit("/account/readers", VIEWER)],
        "/account/mail": [Visit("/account/mail")],
        "/admin": [Visit("/admin"), Visit("/admin", VIEWER)],
        "/admin/audit": [Visit("/admin/audit"), Visit("/admin/audit?actor=owner")],
        "/admin/retention": [Visit("/admin/retention")],
        "/admin/endpoints": [Visit("/admin/endpoints")],
        "/admin/endpoints/{endpoint:int}": [
            Visit(f"/admin/endpoints/{made.endpoint}"), Visit("/admin/endpoints/999999")
        ],
        "/admin/webhooks": [Visit("/admin/webhooks")],
        "/admin/mail": [Visit("/admin/mail")],
        "/admin/people": [Visit("/admin/people")],
        "/admin/people/{person:int}": [Visit("/admin/people/1"), Visit(made.person)],
        "/admin/projects": [Visit("/admin/projects")],
        "/admin/groups": [Visit("/admin/groups")],
    }  # fmt: skip
