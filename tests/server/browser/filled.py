"""A platform that has something on every page, and the addresses of its pages by their routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import SumsServer
from tests.server.jobs.yard import questions, wait_for
from tests.server.pages.working import job_at, with_endpoint, working
from tests.server.site import Client, Site, join_path, new_platform, pushed, run_page

NOBODY, VIEWER, ADMINISTRATOR = "nobody", "viewer", "administrator"
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
    """What a filled platform has: seals of runs, an endpoint's number, and paths of all else."""

    seals: list[str]
    jobs: list[str]
    endpoint: str
    webhook: str
    share: str
    join: str
    person: str


@dataclass(frozen=True)
class Filled:
    """The platform, who looks at it, and what there is to look at, by the pattern of its route."""

    site: Site
    people: Mapping[str, Client]
    visits: Mapping[str, list[Visit]]


@contextmanager
def filled_platform(template: Path, runs: list[Path], options: list[str]) -> Iterator[Filled]:
    """A new platform with people, projects, an endpoint that adds, jobs in several states, and these runs."""
    with SumsServer() as sums, new_platform(template, *options) as site:
        admin = site.administrator()
        site.project("empty")
        site.project(LONG)
        viewer = site.person("a.viewer@the-house-of-a-very-long-name.example.com", "viewer")
        seals = [pushed(site, run) for run in runs]
        choice = with_endpoint(site, sums.url, price="2")
        jobs = _jobs(site, admin, choice)
        hook, share = _webhook(admin), _share(admin, seals[0])
        for group, role, project in (("staff", "viewer", "default"), ("quality/reviewers", "admin", LONG)):
            assert admin.submit("/admin/groups", "/admin/groups", group=group, role=role, project=project).status == 303
        site.token()
        invited = admin.submit("/admin/people", "/admin/people", name="invited", project="default", role="viewer").text
        made = Made(
            seals=seals, jobs=jobs, endpoint=choice.partition("/")[0], webhook=hook, share=share,
            join=join_path(invited), person=re.findall(r"/admin/people/\d+", invited)[-1],
        )  # fmt: skip
        yield Filled(site, {NOBODY: site.client(), VIEWER: viewer, ADMINISTRATOR: admin}, visits_of(made))


def _jobs(site: Site, admin: Client, choice: str) -> list[str]:
    """The paths of a job that has ended, of one that was stopped, and of one that waits, since no worker runs.

    What the first one asked is asked again by a schedule.
    """
    page = "/p/default/claims"
    form = {"sheet": SHEET, "choice": choice, "limit": "20", "tolerance": "4.5", "task": "sums"}

    def add() -> str:
        key = admin.key(page)
        added = admin.post(f"{page}/test", {"key": key, **form, "questions": questions(20)})
        assert added.status == 303, added.text
        return added.headers["location"]

    ended = add()
    with working(site):
        wait_for(lambda: job_at(admin, ended, "It is (finished|failed)"))
    weekly = {"job": ended.rpartition("/")[2], "name": "sums", "each": "week", "at": "06:00", "weekday": "MON"}
    assert admin.submit("/p/default/watch", "/p/default/watch", zone="UTC", **weekly).status == 303
    stopped, waits = add(), add()
    assert admin.submit(stopped, f"{stopped}/cancel").status == 303
    return [ended, stopped, f"{waits}?still=yes"]


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
    in_project = "/p/{project}"
    return {
        "/sign-in": [Visit("/sign-in", NOBODY)],
        "/sign-in/provider": [Visit("/sign-in/provider", NOBODY)],  # which does not answer
        "/sign-in/callback": [Visit("/sign-in/callback?error=access_denied", NOBODY)],
        "/welcome": [Visit(f"/welcome?code={'a' * 43}", NOBODY)],  # one that works: tests/server/browser/test_walks.py
        "/join": [Visit(made.join, NOBODY), Visit(f"/join?code={'a' * 43}", NOBODY)],
        "/": [Visit("/"), Visit("/", VIEWER)],
        f"{in_project}/models": [Visit("/p/default/models"), Visit("/p/empty/models")],
        f"{in_project}/claims": [Visit("/p/default/claims"), Visit("/p/default/claims", VIEWER)],
        f"{in_project}/jobs": [Visit("/p/default/jobs"), Visit("/p/empty/jobs")],
        f"{in_project}/jobs/{{job:int}}": [*map(Visit, made.jobs), Visit(made.jobs[0], VIEWER)],
        f"{in_project}/watch": [Visit("/p/default/watch"), Visit("/p/default/watch", VIEWER), Visit("/p/empty/watch")],
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
        f"{in_project}/budgets": [Visit("/p/default/budgets")],
        f"{in_project}/webhooks": [Visit("/p/default/webhooks"), Visit("/p/empty/webhooks")],
        f"{in_project}/webhooks/{{webhook:int}}": [Visit(made.webhook)],
        "/account": [Visit("/account"), Visit("/account", VIEWER)],
        "/account/mail": [Visit("/account/mail")],
        "/admin": [Visit("/admin"), Visit("/admin", VIEWER)],
        "/admin/audit": [Visit("/admin/audit")],
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
