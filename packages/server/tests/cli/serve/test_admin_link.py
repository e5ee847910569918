"""The link at the machine itself, while the server runs, and where there is no platform."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from packages.server.tests.site import NAME, PASSWORD, serving
from steelyard.cli import execute


def test_a_new_link_ends_the_one_before(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with serving(data) as site:
        assert execute(["serve", "admin-link", "--data", str(data), "--at", site.base]) == 0
        link = capsys.readouterr().out.strip()
        assert re.fullmatch(re.escape(site.base) + r"/welcome\?code=[A-Za-z0-9_-]{43}", link)
        assert site.client().get(site.link.removeprefix(site.base)).status == 403
        code = link.rpartition("=")[2]
        fields = {"code": code, "name": NAME, "password": PASSWORD, "again": PASSWORD}
        assert site.client().submit(f"/welcome?code={code}", "/welcome", **fields).status == 303
        assert execute(["serve", "admin-link", "--data", str(data)]) == 2
        assert "there is an administrator" in capsys.readouterr().err


def test_where_there_is_no_platform_none_is_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert execute(["serve", "admin-link", "--data", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()
    assert capsys.readouterr().err.count("\n") == 1
