from __future__ import annotations

from steelyard_server.http.addresses import people_path, run_path, runs_path, webhooks_path


def test_what_is_in_a_project_is_under_its_name() -> None:
    found = (runs_path("default"), run_path("default", "ab"), people_path("default"), webhooks_path("default"))
    assert found == ("/p/default/runs", "/p/default/runs/ab", "/p/default/people", "/p/default/webhooks")
