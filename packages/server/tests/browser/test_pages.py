"""Every page in a real Chromium: nothing serious for axe-core, light and dark, and no sideways scrolling on a phone.

The pages are the routes: one without a visit fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from packages.server.tests.browser.chromium import (
    DESK,
    PHONE,
    SCHEMES,
    axe,
    findings,
    launched,
    opened,
    too_wide,
    unfold,
)
from packages.server.tests.browser.filled import ADMINISTRATOR, Filled, Made, filled_platform, visits_of
from packages.server.tests.oidc.stub import oidc_options
from packages.server.tests.site import GOLDEN
from steelyard_server.app import RULES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# What is asked with GET and is no page: for programs, or a file.
NO_PAGES = {
    "/healthz", "/readyz", "/metrics", "/static/{name}", "/p/{project}/runs/{seal}/archive", "/admin/audit.jsonl",
    "/p/{project}/runs/{seal}/files/{name:path}", "/p/{project}/suites/{name}/archive",
    "/p/{project}/suites/{name}/review", "/p/{project}/suites/{name}/labels/{set:int}/mine",
}  # fmt: skip
SANDBOXED = {"/p/{project}/runs/{seal}/report", "/shared/{secret}"}
PAGES = [rule.path for rule in RULES if rule.method == "GET" and not rule.is_for_programs and rule.path not in NO_PAGES]

IMPOSSIBLE = "model: a\nclaims:\n- task: aime24\n  value: 41.0\n  samples: 30\n  repeats: 1\n"
# Where a form is, what is typed into it by the labels of its fields, and the button.
FORMS: dict[str, tuple[str, dict[str, str], str]] = {
    "screen": ("/p/default/claims", {"The vendor’s table": IMPOSSIBLE}, "Go on"),
    "what cannot be read": ("/p/default/claims", {"The vendor’s table": "nothing"}, "Go on"),
    "token": ("/account", {"Name, such as": "ci"}, "Make the token"),
    "person": ("/admin/people", {"Name, with which": "new-SCHEME"}, "Make the person"),
    "share": ("", {"For whom": "Bob"}, "Make the link"),
}


@pytest.fixture(scope="module")
def filled(
    data_template: Path,
    mixed: Path,
    suite_run: Path,
    hostile_run: Path,
    same_samples: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Filled]:
    options = oidc_options(tmp_path_factory.mktemp("oidc"), "http://127.0.0.1:9")  # where nothing answers
    runs = [GOLDEN, mixed, suite_run, hostile_run]
    with filled_platform(data_template, runs, same_samples, suite_run.parent / "suite", options) as found:
        yield found


@pytest.fixture(scope="module")
def browser(filled: Filled) -> Iterator[Browser]:
    """Started last: the fixtures before it run event loops of their own."""
    with launched() as found:
        yield found


@pytest.mark.slow  # a page is loaded three times, and axe-core comes from npm
@pytest.mark.parametrize("route", PAGES)
def test_no_page_has_a_serious_finding_of_axe_or_scrolls_sideways(route: str, filled: Filled, browser: Browser) -> None:
    axe()
    visits, found = filled.visits[route], []
    is_sandboxed = route in SANDBOXED
    for visit in visits:
        who = filled.people[visit.who]
        for scheme in SCHEMES:
            with opened(browser, filled.site.base, who, scheme=scheme, width=DESK, without_policy=is_sandboxed) as page:
                errors: list[str] = []
                page.on("pageerror", lambda error: errors.append(str(error)))  # noqa: B023 — called within the block
                page.goto(visit.path)
                unfold(page)
                found += [f"{visit}, {scheme}: {each}" for each in [*findings(page), *errors]]
        with opened(browser, filled.site.base, who, width=PHONE, without_policy=is_sandboxed) as page:
            page.goto(visit.path)
            unfold(page)
            found += [f"{visit}, phone: {each}" for each in too_wide(page)]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("act", FORMS)
def test_nor_has_what_a_form_leads_to(act: str, filled: Filled, browser: Browser) -> None:
    axe()
    address, fields, button = FORMS[act]
    for scheme in SCHEMES:
        with opened(browser, filled.site.base, filled.people[ADMINISTRATOR], scheme=scheme, width=PHONE) as page:
            page.goto(address or filled.visits["/p/{project}/runs/{seal}"][0].path)
            unfold(page)
            for label, value in fields.items():
                page.get_by_label(label).first.fill(value.replace("SCHEME", scheme))
            page.get_by_role("button", name=button, exact=True).click()
            expect(page.locator("main .note, main h2").first).to_be_visible()
            unfold(page)
            assert (findings(page), too_wide(page)) == ([], [])


def test_every_page_has_a_visit_and_every_visit_a_page() -> None:
    made = Made(
        seals=["0" * 64], same=["0" * 64], jobs=["/j"], endpoint="1", webhook="/w", share="/s", join="/j", person="/p",
        labels="/l",
    )  # fmt: skip
    assert visits_of(made).keys() == set(PAGES), "a new page needs a visit in packages/server/tests/browser/filled.py"
    assert {rule.path for rule in RULES} >= NO_PAGES | SANDBOXED
