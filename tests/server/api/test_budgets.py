from __future__ import annotations

import json

from tests.server.site import Reply, Site

JSON = {"Content-Type": "application/json"}
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
        ],
        "approval": {"cost": None, "tokens": None},
    }  # fmt: skip
    other = site.with_token("read", site.project("api-no-budgets"))
    assert json.loads(other.get("/api/v1/budgets").text)["budgets"] == []
    assert reader.ask("POST", "/api/v1/budgets", b"{}", JSON).status == 403


def test_budgets_and_the_threshold_are_set_with_a_scope_of_their_own(site: Site) -> None:
    project = site.project("api-sets-budgets")
    setter = site.with_token("budget", project)

    def sent(path: str, document: object) -> Reply:
        return setter.ask("POST", f"/api/v1/budgets{path}", json.dumps(document), JSON)

    set_ = json.loads(sent("", {"cost": 0.1, "tokens": 2_000_000}).text)["budgets"]
    assert [(each["endpoint"], each["cost"], each["tokens"]) for each in set_] == [(None, 0.1, 2_000_000)]
    assert json.loads(sent("", {"tokens": 7}).text)["budgets"][0]["cost"] is None
    assert json.loads(sent("/approval", {"cost": 12.5}).text)["approval"] == {"cost": 12.5, "tokens": None}
    assert json.loads(setter.get("/api/v1/budgets").text)["approval"] == {"cost": 12.5, "tokens": None}
    for path, wrong in (
        ("", {"endpoint": "no-such"}),
        ("", {"endpoint": "a\0"}),
        ("", {"cost": -1}),
        ("/approval", {"tokens": "many"}),
        ("", []),
    ):
        assert sent(path, wrong).status == 400
    for scope in ("run", "read", "approve"):
        spender = site.with_token(scope, project)
        for path in ("", "/approval"):
            assert spender.ask("POST", f"/api/v1/budgets{path}", b"{}", JSON).status == 403
    assert setter.ask("POST", "/api/v1/jobs", b"{}", JSON).status == 403
    audit = site.administrator().get("/admin/audit").text
    assert "set-approval" in audit
