"""Lines by their offset, without loading the file; later changes are detected."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.util.line_file import LineFile


def test_lines_are_read_by_offset(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\n\n" + b"x" * 5000 + b"\nlast")
    file = LineFile(path)
    found = dict(file.lines())
    assert list(found.values()) == [b"one\n", b"\n", b"x" * 5000 + b"\n", b"last"]
    assert all(file.line_at(place) == line for place, line in found.items())
    assert list(file.lines_from(4)) == list(found.items())[1:]
    assert file.count_lines() == 4
    assert file.between(1, 4) == b"ne\n"


def test_a_change_or_a_short_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with pytest.raises(InputError, match="cannot be read"):
        LineFile(path)
    path.write_bytes(b"one\n")
    file = LineFile(path)
    file.check_unchanged()
    with pytest.raises(InputError, match="is shorter than it was"):
        file.between(0, 99)
    path.write_bytes(b"another\n")
    with pytest.raises(InputError, match="was changed while in use"):
        file.check_unchanged()
