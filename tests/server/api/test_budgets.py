from __future__ import annotations

import json

from tests.server.site import Site

BUDGETS = "/p/{project}/budgets"


def test_a_budget_is_read_as_it_was_set_and_that_of_another_project_is_not(site: Site) -> None:
    admin, project = site.administrator(), site.project("api-budgets")
    page = BUDGETS.format(project=project)
    assert admin.submit(page, page, endpoint="", cost="25.50", tokens="").status == 303
    reader = site.with_token("read", project)
    assert json.loads(reader.get("/api/v1/budgets").text) == {
        "budgets": [
            {
                "endpoint": None, "cost": 25.5, "spent_cost": 0.0, "reserved_cost": 0.0, "tokens": None,
                "spent_tokens": 0, "reserved_tokens": 0,
            }
        ]
    }  # fmt: skip
    other = site.with_token("read", site.project("api-no-budgets"))
    assert json.loads(other.get("/api/v1/budgets").text) == {"budgets": []}
    assert reader.ask("POST", "/api/v1/budgets", b"{}", {"Content-Type": "application/json"}).status == 405
