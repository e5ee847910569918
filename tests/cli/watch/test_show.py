"""``steelyard watch show``: the state from the log, and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from tests.cli.watch.conftest import Begun


def test_it_shows_and_asks_nothing(begun: Begun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "w.html"
    assert execute(["watch", "show", str(begun.folder), "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("quiet: the baseline is whole")
    assert f"page    {page}" in said
    assert f"verify  steelyard verify {begun.folder}" in said
    assert "Steelyard watch" in page.read_text()
    assert not begun.server.asked


def test_the_page_goes_into_no_watch(begun: Begun, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["watch", "show", str(begun.folder), "--html", str(begun.folder / "w.html")]) == 2
    assert "outside the watch" in capsys.readouterr().err
