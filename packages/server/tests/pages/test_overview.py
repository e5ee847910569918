from __future__ import annotations

import shutil
from pathlib import Path

from packages.server.tests.site import new_platform, pushed


def test_an_empty_platform_says_how_to_push_and_then_what_was_pushed(data_template: Path) -> None:
    with new_platform(data_template) as site:
        client = site.administrator()
        empty = client.get("/").text
        assert f"steelyard remote push RUN --to {site.base}" in empty
        for way in ('href="/admin/endpoints"', 'href="/p/default/claims"', "steelyard worker"):
            assert way in empty
        of_a_runner = site.person("overview-runner", "runner").get("/").text
        assert 'href="/p/default/claims"' in of_a_runner
        assert "/admin/endpoints" not in of_a_runner
        seal = pushed(site)
        text = client.get("/").text
        shutil.rmtree(site.data / "runs")
        lost = [
            client.get(f"/p/default/runs/{seal}/{part}").status for part in ("report", "archive", "files/report.md")
        ]
        assert lost == [410] * 3, "a database without its folder, as after half a restore"
    assert "Inconsistent: the served model does not reach the claim on sums (99 %)" in text
    assert "What nobody pushed is not here" in text
