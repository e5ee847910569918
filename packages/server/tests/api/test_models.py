from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from packages.server.tests.site import GOLDEN, Site, pushed


def test_models_come_by_pages_with_their_last_check_and_what_it_took(site: Site, hostile_run: Path) -> None:
    project = site.project("api-models")
    seal, _ = (pushed(site, each, project) for each in (GOLDEN, hostile_run))
    reader = site.with_token("read", project)
    whole = json.loads(reader.get("/api/v1/models").text)
    assert (len(whole["models"]), whole["next"]) == (2, None)
    first = json.loads(reader.get("/api/v1/models?limit=1").text)
    second = json.loads(reader.get(f"/api/v1/models?limit=1&after={quote(first['next'])}").text)
    assert [*first["models"], *second["models"]] == whole["models"]
    adder = next(each for each in whole["models"] if each["subject"] == "adder")
    assert adder["last"] == adder["audit"] == json.loads(reader.get("/api/v1/runs?subject=adder").text)["runs"][0]
    assert (adder["last"]["seal"], adder["identity"], adder["gate"]) == (seal, None, None)
    assert 0 < adder["taken"]["right"] < adder["taken"]["asked"] <= adder["taken"]["calls"]


def test_models_of_another_project_are_not_there_and_what_is_wrong_is_named(site: Site) -> None:
    stranger = site.with_token("read", site.project("api-empty"))
    assert json.loads(stranger.get("/api/v1/models?after=%00").text) == {"models": [], "next": None}
    assert json.loads(stranger.get("/api/v1/models?before=1").text)["detail"].startswith("there is no parameter")
