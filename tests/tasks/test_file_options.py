"""An instruction and labels, as a user gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.tasks.file_options import instruction_of, labels_of


def test_instructions(tmp_path: Path) -> None:
    path = tmp_path / "i.txt"
    path.write_bytes("\ufeffSortiere für mich.\n".encode())
    assert instruction_of(f"@{path}") == "Sortiere für mich."
    assert instruction_of("  a b ") == "a b"
    assert instruction_of("") == ""
    path.write_bytes(b"\xff\xfe\xff")
    for wrong in (f"@{path}", f"@{tmp_path}", "  ", "a\0b", "x" * 100_001):
        with pytest.raises(InputError, match="--instruction"):
            instruction_of(wrong)


def test_labels() -> None:
    assert labels_of("Abrechnung, Technik") == ("Abrechnung", "Technik")
    assert labels_of("a, b| c") == ("a, b", "c")
    assert labels_of(["x", 2]) == ("x", "2")  # type: ignore[list-item]
    assert labels_of("") == ()
    for wrong in ("a", "a,a", "a,,b", "a,A", ",".join(map(str, range(27)))):
        with pytest.raises(InputError, match="--choices takes 2 to 26 different labels"):
            labels_of(wrong)
