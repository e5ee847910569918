"""What is printed of a run is the platform's: bounded, and safe for a terminal."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from packages.server.tests.client.answering import ANSWER
from steelyard_server.cli.remote.shown import print_run
from steelyard_server.wire.records import RunVerdict

CLAIM: dict[str, Any] = {
    "task": "sums\u202e", "claimed": "50\x1b[31m %", "measured": "49 %", "interval": "40 to 58", "asked": "100 asked",
    "verdict": "consistent", "words": "consistent", "detail": "",
}  # fmt: skip


def test_many_claims_are_cut_and_no_text_changes_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    found = ANSWER | {"claims": [CLAIM] * 130, "claims_left_out": 7, "headline": "x\ny", "findings": ["\x07"] * 3}
    print_run(msgspec.convert(found, RunVerdict))
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.splitlines())
    assert shown.count("consistent, claimed") == 100
    assert "  and 37 more: see its page" in shown
    assert "pushed  2026-11-28 00:00 UTC, unsigned" in shown
