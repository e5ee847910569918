from __future__ import annotations

import json

from packages.server.tests.api.callers import THIRD, Asker, askers
from packages.server.tests.site import Site


def test_a_token_is_told_whose_it_is_where_it_works_and_which_endpoints_there_are(site: Site) -> None:
    found = {each.name: each for each in askers(site)}
    runner = found["runner of a third project with push"]
    me = json.loads(runner.client.get("/api/v1/me").text)
    assert (me["scopes"], me["project"]) == (["push"], {"name": THIRD, "role": "runner"})
    assert me["person"].startswith("runner of a third project")
    assert told(runner, "projects") == {"projects": [me["project"]]}
    assert json.loads(found["token for metrics"].client.get("/api/v1/me").text)["project"] is None


def test_endpoints_are_names_alone_without_retired_ones(site: Site) -> None:
    administrator = site.administrator()
    for name in ("api-used", "api-retired"):
        made = administrator.submit(
            "/admin/endpoints", "/admin/endpoints", name=name, kind="openai", address="http://192.168.1.7:8000/v1",
            models="m", concurrency="1", price_in="", price_out="",
        )  # fmt: skip
        assert made.status == 303, made.text
        page = made.headers["location"]
    assert administrator.submit(page, f"{page}/retire").status == 303
    found = {each.name: each for each in askers(site)}
    names = told(found["runner with push"], "endpoints")["endpoints"]
    assert "api-used" in names
    assert "api-retired" not in names
    reply = found["viewer with read"].client.get("/api/v1/endpoints")
    assert (reply.status, "192.168" in reply.text) == (403, False)


def told(asker: Asker, what: str) -> dict[str, list[object]]:
    reply = asker.client.get(f"/api/v1/{what}")
    assert reply.status == 200, reply.text
    found: dict[str, list[object]] = json.loads(reply.text)
    return found
