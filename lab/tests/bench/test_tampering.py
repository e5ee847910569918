"""The command that changes bundles and asks ``verify``, on few changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.tampering import BYTES, KEPT, OTHER, OWNER, REFUSED, STRANGER, make, measure, print_table


@pytest.mark.parametrize("size", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_only_who_may_seal_can_change_anything(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("STEELYARD_KEY", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "")  # the command sets them; afterwards they are as before
    bundles = make(tmp_path)
    cases = measure(bundles, size)
    assert Counter(case.by for case in cases) == {BYTES: 2 * size, STRANGER: size // 2, OWNER: 3 * size // 2}
    assert {case.outcome for case in cases if case.by != OWNER} == {REFUSED}
    assert {case.outcome for case in cases} <= {REFUSED, KEPT, OTHER}
    print_table(cases, "changes")
    assert "sealed again without the key" in capsys.readouterr().out
