"""``steelyard remote push`` to a real server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Site
from steelyard.cli import execute
from testkit.fixtures import SumsServer
from testkit.suite_files import sums_suite


@pytest.fixture
def token(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    found = site.token()
    monkeypatch.setenv("STEELYARD_TOKEN", found)
    return found


def test_a_run_is_pushed_and_its_page_named(
    site: Site, token: str, hostile_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["remote", "push", str(hostile_run), "--to", site.base, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["new"]
    assert document["url"] == f"{site.base}/p/default/runs/{document['seal']}"
    assert execute(["remote", "push", str(hostile_run), "--to", site.base]) == 0
    shown = capsys.readouterr()
    assert "is there already" in shown.out
    assert token not in shown.out + shown.err


def test_a_run_that_does_not_verify_gives_1_and_what_was_said(
    site: Site, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(GOLDEN, run)
    (run / "report.md").write_text("All claims hold.")
    code = execute(["remote", "push", str(run), "--to", site.base])
    error = capsys.readouterr().err
    assert code == 1, error
    assert "report.md: was changed" in error


def test_a_folder_that_is_not_sealed_and_a_missing_token_are_bad_input(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STEELYARD_TOKEN", raising=False)
    assert execute(["remote", "push", str(GOLDEN), "--to", site.base]) == 2
    assert "no token" in capsys.readouterr().err
    monkeypatch.setenv("STEELYARD_TOKEN", "steelyard_" + "a" * 43)
    assert execute(["remote", "push", str(tmp_path), "--to", site.base]) == 2
    assert execute(["remote", "push", str(GOLDEN), "--to", site.base]) == 2
    assert "a valid token is needed" in capsys.readouterr().err


def test_questions_of_a_private_suite_leave_for_an_address_that_it_names_alone(
    site: Site, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "no-key.pem"))
    run = tmp_path / "run"
    with SumsServer() as server:
        suite = sums_suite(tmp_path / "suite", server.url)
        assert execute(["run", str(suite), "--model", f"openai:sums@{server.url}", "--out", str(run)]) == 0
        push = ["remote", "push", str(run), "--to", site.base]
        assert execute(push) == 2
        assert "give its folder by --suite" in capsys.readouterr().err
        assert execute([*push, "--suite", str(suite)]) == 2
        assert "may not be shown to" in capsys.readouterr().err
        file = suite / "suite.yaml" if suite.is_dir() else suite
        file.write_text(
            file.read_text().replace(json.dumps(server.url), f"{json.dumps(server.url)}, {json.dumps(site.base)}")
        )
        code = execute([*push, "--suite", str(suite)])
        assert code == 0, capsys.readouterr().err
