"""The page of budgets as an admin of the project uses it, and that a job waits for it in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Site, new_platform
from steelyard.errors import InputError
from steelyard_server.jobs.budgets import BudgetRow
from steelyard_server.pages.budgets import left_in_words, read_amounts
from testkit.fixtures import SumsServer

BUDGETS, CLAIMS = "/p/default/budgets", "/p/default/claims"
SHEET = "model: adder\nclaims:\n- task: sums\n  value: 50\n"


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


# Slow: the fast run has a job that a budget stops in packages/server/tests/jobs/test_spending.py, and pages of jobs in
# test_jobs.py.
@pytest.mark.slow
def test_a_job_waits_for_a_budget_and_goes_on_when_there_is_one(own: Site) -> None:
    admin = own.person("budget-admin", "admin")
    assert "spend without a limit" in admin.get(BUDGETS).text
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, "priced at 2", price="2")
        assert admin.submit(BUDGETS, BUDGETS, endpoint="priced at 2", cost="0", tokens="").status == 303
        text = admin.get(BUDGETS).text
        assert "0.00 of 0.00" in text
        assert "0 of no limit" in text
        assert "priced at 2" in text
        fields = {"sheet": SHEET, "choice": choice, "task": "sums", "questions": questions(4)}
        assert (
            "budget at priced at 2: 0.00 of 0.00; this test may take more"
            in admin.submit(CLAIMS, CLAIMS, **fields).text
        )
        job = admin.submit(CLAIMS, f"{CLAIMS}/test", **fields).headers["location"]
        with working(own):
            wait_for(lambda: job_at(admin, job, "A budget of the project has no room"))
            assert (
                admin.submit(BUDGETS, BUDGETS, endpoint="priced at 2", cost="25.50", tokens="2,000,000").status == 303
            )
            wait_for(lambda: job_at(admin, job, "It is (finished|failed)"))
    assert "Its run and verdict" in admin.get(job).text
    text = admin.get(BUDGETS).text
    assert "of 25.50" in text
    assert "of 2,000,000" in text
    assert re.search(r"[1-9][\d,]* of 2,000,000", text), "what the job spent"


def test_an_endpoint_that_no_list_can_have_is_refused(own: Site) -> None:
    reply = own.administrator().submit(BUDGETS, BUDGETS, endpoint="a\0", cost="1", tokens="")
    assert (reply.status, "there is no endpoint" in reply.text) == (400, True)


def test_what_is_left_is_said_beside_what_a_test_takes() -> None:
    whole = BudgetRow(1, "", Decimal("10"), None, Decimal("9.5"), Decimal(0), Decimal("0.25"), Decimal(0))
    here = BudgetRow(2, "vLLM", None, 1000, Decimal(0), Decimal(400), Decimal(0), Decimal(700))
    other = BudgetRow(3, "other", Decimal("1"), 1, Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    rows = (whole, here, other)
    assert left_in_words(rows, "", 1.0, 10) == [], "the model that is built in costs nothing"
    money, tokens = left_in_words(rows, "VLLM", 1.0, 10)
    assert money.startswith("Left of this month’s budget at all endpoints: 0.25 of 10.00; this test may take more")
    assert tokens.startswith("Left of this month’s budget at vLLM: 0 of 1,000 tokens; this test may take more")
    assert left_in_words(rows, "elsewhere", 0.2, 10) == ["Left of this month’s budget at all endpoints: 0.25 of 10.00."]
    assert left_in_words(rows, "elsewhere", None, 10) == [
        "Left of this month’s budget at all endpoints: 0.25 of 10.00."
    ]


def test_what_is_no_amount_is_refused_beside_the_form(own: Site) -> None:
    admin = own.administrator()
    for fields, words in (
        ({"cost": "much", "tokens": ""}, "money is a number"),
        ({"cost": "", "tokens": "-1"}, "tokens are a whole number"),
        ({"cost": "1", "tokens": "", "endpoint": "<script>"}, "there is no endpoint '<script>'"),
    ):
        reply = admin.submit(BUDGETS, BUDGETS, **fields)
        assert (reply.status, words in unescape(reply.text)) == (400, True), reply.text
        assert f'value="{fields["cost"]}"' in reply.text
        assert "<script" not in reply.text
    assert admin.post(BUDGETS, {"cost": "1"}).status == 403


@pytest.mark.parametrize("path", [BUDGETS, f"{BUDGETS}/approval"])
@pytest.mark.parametrize("fields", [{"cost": "x"}, {"tokens": "x"}, {"tokens": "1e9"}, {"cost": "nan"}])
def test_a_form_that_lacks_a_field_is_refused_in_words_too(own: Site, path: str, fields: dict[str, str]) -> None:
    """Browsers send both."""
    reply = own.administrator().submit(BUDGETS, path, **fields)
    assert (reply.status, "number from 0 on" in reply.text) == (400, True)


def test_a_looser_threshold_waits_for_another_admin_and_both_are_told(own: Site) -> None:
    project = own.project("looser")
    page, form = "/p/looser/budgets", "/p/looser/budgets/approval"
    admin, viewer = own.administrator(), own.person("looser-viewer", "viewer", project)
    assert admin.submit(page, form, cost="5", tokens="").status == 303
    assert admin.submit(page, form, cost="50", tokens="2,000").status == 303
    text = admin.get(page).text
    assert "ada asks for 50.00 or 2,000 tokens" in text
    assert "in place of 5.00" in text
    assert "there is none yet" in text, "nobody else is an admin"
    assert "you asked for 50.00 or 2,000 tokens in place of 5.00, which waits for another admin" in admin.get("/").text
    second = own.person("looser-second", "admin", project)
    assert "which waits for looser-second" in admin.get("/").text
    assert "ada asks for 50.00 or 2,000 tokens in place of 5.00, and waits for you" in second.get("/").text
    assert "Threshold of" not in viewer.get("/").text
    found = re.search(rf'action="({form}/[0-9]+)/approve"', second.get(page).text)
    assert found is not None
    assert "/approve" not in admin.get(page).text
    refused = admin.submit(page, f"{found[1]}/approve")
    assert (refused.status, "another admin of the project approves it" in refused.text) == (403, True)
    assert second.submit(page, f"{found[1]}/approve").status == 303
    late = second.submit(page, f"{found[1]}/refuse")
    assert (late.status, "somebody has decided" in late.text) == (409, True)
    assert second.submit(page, f"{form}/999999/refuse").status == 404
    text = second.get(page).text
    assert 'value="50"' in text
    assert "asks for" not in text
    assert admin.submit(page, form, cost="", tokens="").status == 303
    found = re.search(rf'action="({form}/[0-9]+)/refuse"', admin.get(page).text)
    assert found is not None
    assert admin.submit(page, f"{found[1]}/refuse").status == 303, "taken back"
    assert 'value="50"' in admin.get(page).text


@pytest.mark.parametrize(
    ("cost", "tokens", "found"),
    [
        ("", "", (None, None)),
        ("0", "0", (Decimal(0), 0)),
        ("25.50", "2,000,000", (Decimal("25.50"), 2_000_000)),
    ],
)
def test_amounts_are_read_as_people_type_them(cost: str, tokens: str, found: tuple[Decimal | None, int | None]) -> None:
    assert read_amounts(cost, tokens) == found


@pytest.mark.parametrize(
    ("cost", "tokens"),
    [
        ("nan", ""),
        ("inf", ""),
        ("1e999", ""),
        ("-1", ""),
        ("1,5", ""),
        ("٣", ""),
        ("", "1.5"),
        ("", "9" * 16),
        ("", "x"),
    ],
)
def test_what_is_no_amount_is_none(cost: str, tokens: str) -> None:
    with pytest.raises(InputError):
        read_amounts(cost, tokens)
