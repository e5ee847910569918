"""The command itself: what it refuses, in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "--out", str(ROOT / "lab" / "scandal")), "is there already: give a new folder"),
        (("replay", "--vendor", "nobody"), "'nobody' is not one of"),
        (("serve", "cheat", "--file", "C=c.gguf"), "--file: A is missing, as A=PATH"),
    ],
)
def test_what_cannot_be_played_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = subprocess.run([sys.executable, "-m", "scandal", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
