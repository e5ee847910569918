"""Progress is shown from two seconds on, at most once a second, and at the end."""

from __future__ import annotations

import time

import pytest

from steelyard.cli.suite.progress import shown_progress


def test_a_line_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = shown_progress("items")
    for seconds, done in ((1.0, 1), (4.0, 4), (4.5, 5), (8.0, 8), (8.1, 10)):
        now[0] = 100.0 + seconds
        shown(done, 10)
    assert capsys.readouterr().err.splitlines() == [
        "4 of 10 items, 1.0/s, 6 s left",
        "8 of 10 items, 1.0/s, 2 s left",
        "10 of 10 items, 1.2/s, 0 s left",
    ]
