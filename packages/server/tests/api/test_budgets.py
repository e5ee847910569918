from __future__ import annotations

import json

from packages.server.tests.site import Reply, Site

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
        "approval": {"cost": None, "tokens": None, "waiting": None},
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
    approval = {"cost": 12.5, "tokens": None, "waiting": None}
    assert json.loads(sent("/approval", {"cost": 12.5}).text)["approval"] == approval
    assert json.loads(setter.get("/api/v1/budgets").text)["approval"] == approval
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


def test_a_looser_threshold_waits_for_the_token_of_another_admin(site: Site) -> None:
    project = site.project("api-looser")
    other = site.person("api-looser-second", "admin", project)
    setter, own = site.with_token("budget", project), site.with_token("approve", project)
    second, spender = site.with_token("approve", project, other), site.with_token("budget", project, other)

    def asked(cost: float) -> dict[str, object]:
        reply = setter.ask("POST", "/api/v1/budgets/approval", json.dumps({"cost": cost}), JSON)
        assert reply.status == 200, reply.text
        approval: dict[str, object] = json.loads(reply.text)["approval"]
        return approval

    assert asked(5)["waiting"] is None
    waiting = asked(50)["waiting"]
    assert isinstance(waiting, dict)
    assert (waiting["cost"], waiting["tokens"], waiting["asked_by"]) == (50, None, "ada")
    assert json.loads(second.get("/api/v1/budgets").text)["approval"]["waiting"] == waiting
    path = f"/api/v1/budgets/approval/{waiting['change']}"
    refused = own.ask("POST", f"{path}/approve")
    assert (refused.status, "another admin of the project approves it" in refused.text) == (403, True)
    assert spender.ask("POST", f"{path}/approve").status == 403, "a scope of its own"
    assert second.ask("POST", "/api/v1/budgets/approval/999999/approve").status == 404
    done = second.ask("POST", f"{path}/approve")
    assert json.loads(done.text)["approval"] == {"cost": 50, "tokens": None, "waiting": None}
    assert second.ask("POST", f"{path}/refuse").status == 409
    again = asked(500)["waiting"]
    assert isinstance(again, dict)
    taken_back = own.ask("POST", f"/api/v1/budgets/approval/{again['change']}/refuse")
    assert json.loads(taken_back.text)["approval"] == {"cost": 50, "tokens": None, "waiting": None}
