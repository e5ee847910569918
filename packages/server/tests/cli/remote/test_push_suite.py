"""``steelyard remote push-suite`` to a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.server.tests.site import Site
from packages.server.tests.suites.yard import make_suite
from steelyard.cli import execute


def test_a_suite_goes_to_an_address_that_it_names_alone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = site.token("suite")
    monkeypatch.setenv("STEELYARD_TOKEN", token)
    folder = make_suite(tmp_path / "s", "by-command")
    push = ["remote", "push-suite", str(folder), "--to", site.base]
    assert execute(push) == 2
    assert "may not be shown to" in capsys.readouterr().err
    make_suite(folder, "by-command", more=f"endpoints: [{json.dumps(site.base)}]\n")
    assert execute([*push, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["new"], document["items"]) == (True, 3)
    assert document["url"] == f"{site.base}/p/default/suites/by-command"
    assert execute(push) == 0
    shown = capsys.readouterr()
    assert "is there already, with the same files" in shown.out
    assert token not in shown.out + shown.err


def test_what_cannot_be_brought_is_one_line(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_TOKEN", "steelyard_" + "a" * 43)
    folder = make_suite(tmp_path / "s", more=f"endpoints: [{json.dumps(site.base)}]\n")
    assert execute(["remote", "push-suite", str(folder), "--to", site.base]) == 2
    assert "a valid token is needed" in capsys.readouterr().err
    (folder / "samples.vault.jsonl").write_text("{}")
    assert execute(["remote", "push-suite", str(folder), "--to", site.base]) == 2
    assert "is encrypted" in capsys.readouterr().err
    assert execute(["remote", "push-suite", str(tmp_path / "none"), "--to", site.base]) == 2
    assert "Traceback" not in capsys.readouterr().err
