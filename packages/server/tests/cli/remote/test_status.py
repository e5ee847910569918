"""``steelyard remote status`` on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Site, pushed
from steelyard.cli import execute


def test_it_shows_each_claim_as_the_server_computed_it(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STEELYARD_TOKEN", raising=False)
    file = tmp_path / "token"
    file.write_text(site.token("read"))
    file.chmod(0o600)
    seal = pushed(site)
    status = ["remote", "status", str(GOLDEN), "--at", site.base, "--token-file", str(file)]
    assert execute(status) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("Inconsistent: the served model does not reach the claim on sums (99 %)")
    assert "consistent, claimed 75 %, measured" in shown
    assert f"page    {site.base}/p/default/runs/{seal}" in shown
    assert execute([*status, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["seal"], found["standing"]) == (seal, {"exit": 1, "why": ""})
    details = [each["detail"] for each in found["claims"]]
    assert any(each.startswith("below the claim by more than") for each in details)
    assert all(f"    {each}\n" in shown for each in details if each), "such as how many more samples it takes"


def test_scores_taken_as_sealed_are_said_and_hostile_texts_change_no_terminal(
    site: Site,
    chosen_run: Path,
    hostile_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STEELYARD_TOKEN", site.token())
    pushed(site, chosen_run)
    status = ["remote", "status", str(chosen_run), "--at", site.base]
    assert execute(status) == 3
    shown = capsys.readouterr().out
    assert "scores are taken as sealed" in shown
    assert "undecided: " in shown
    assert execute([*status, "--sealed-scores-ok"]) == 0
    capsys.readouterr()
    assert execute(["remote", "status", pushed(site, hostile_run), "--at", site.base]) in (0, 3)
    shown = capsys.readouterr().out
    assert "\u202e" not in shown
    assert all(line.isprintable() for line in shown.splitlines())
