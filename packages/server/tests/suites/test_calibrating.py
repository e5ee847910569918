"""The process that calibrates, on what no judge made; what it gives of a judge is in the test of the page."""

from __future__ import annotations

from pathlib import Path

import msgspec

from packages.server.tests.site import GOLDEN
from steelyard_server.push.verifying import Verifier
from steelyard_server.suites.calibrating import Reply


def test_a_run_that_no_judge_made_is_one_line_without_a_place(tmp_path: Path) -> None:
    written = Verifier(module="steelyard_server.suites.calibrating").written(GOLDEN, str(tmp_path))
    reply = msgspec.json.decode(written, type=Reply)
    assert reply.figures == ()
    assert "is no run of a judge" in reply.problem
    assert str(GOLDEN) not in reply.problem
