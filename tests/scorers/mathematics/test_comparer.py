"""The process that compares: a text that hangs ends it, and the next one gets another."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.scorers.halt import Halt
from steelyard.scorers.mathematics.comparer import Comparer

pytest.importorskip("math_verify")


def test_an_answer_that_hangs_is_open_and_the_next_is_scored() -> None:
    slow = Comparer(seconds=1.0)
    assert slow.equal("1", ["1"], Halt()) is True
    assert slow.equal("7", ["9^{9^{9^{9}}}!"], Halt()) is not True
    assert slow.equal("\\frac{2}{4}", ["3", "0.5"], Halt()) is True
    slow.close()


def test_several_answers_have_one_time() -> None:
    slow = Comparer(seconds=1.0)
    assert slow.equal("7", ["10^{10^{10^{10}}}"] * 50, Halt()) is None
    slow.close()


def test_no_module_of_the_users_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "logging", "sympy", "math_verify"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    fresh = Comparer()
    assert fresh.equal("1", ["\\frac{2}{2}"], Halt()) is True
    fresh.close()
    assert not (tmp_path / "ran").exists()
