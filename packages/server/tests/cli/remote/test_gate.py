"""``steelyard remote gate`` on a real server: green only where the server's own verification says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Site, pushed
from steelyard.cli import execute


@pytest.fixture
def gate(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("STEELYARD_TOKEN", site.token())
    return ["remote", "gate", "--at", site.base]


def test_a_run_of_chosen_scores_is_not_good_unless_somebody_says_so(
    site: Site, gate: list[str], chosen_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sealed it set every score to right and withheld the texts: it verifies, and its verdict is good."""
    seal = pushed(site, chosen_run)
    assert execute([*gate, seal]) == 3
    shown = capsys.readouterr().out
    assert shown.startswith(f"undecided       {seal[:16]}…")
    assert "scores were taken as sealed, not computed there" in shown
    assert execute([*gate, seal, "--sealed-scores-ok"]) == 0
    assert capsys.readouterr().out.startswith("good ")


def test_the_worst_of_several_runs_counts(
    site: Site, gate: list[str], chosen_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, chosen = pushed(site, GOLDEN), pushed(site, chosen_run)
    assert execute([*gate, str(GOLDEN), chosen, "--json", "--sealed-scores-ok"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["exit"], [(each["seal"], each["exit"]) for each in found["runs"]]) == (1, [(bad, 1), (chosen, 0)])


def test_a_run_that_is_not_there_is_bad_input_and_no_token_is_shown(
    site: Site, gate: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute([*gate, pushed(site, GOLDEN), "0" * 64]) == 2
    assert "is not in the token's project" in capsys.readouterr().err
    assert execute(["remote", "gate", "--at", "http://evals.example.com", "0" * 64]) == 2
    assert "give --at https://" in capsys.readouterr().err
    token = "steelyard_" + "a" * 43
    monkeypatch.setenv("STEELYARD_TOKEN", token)
    assert execute([*gate, "0" * 64]) == 2
    assert token not in capsys.readouterr().err
    monkeypatch.delenv("STEELYARD_TOKEN")
    assert execute([*gate, "0" * 64]) == 2
    assert "no token" in capsys.readouterr().err
