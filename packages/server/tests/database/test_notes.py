from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.errors import InputError
from steelyard_server.database.notes import read_notes


class Number(msgspec.Struct):
    number: int


def positive(each: Number) -> None:
    if each.number < 0:
        raise ValueError


def test_notes_of_a_file_and_of_bytes_and_the_line_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_text('{"number": 1}\n{"number": 2}\n')
    assert [each.number for each in read_notes(path, "", Number, positive, "number")] == [1, 2]
    with pytest.raises(InputError, match=r"n\.jsonl:2: is no number"):
        read_notes(b'{"number": 1}\n{"number": -1}\n', "n.jsonl", Number, positive, "number")
    with pytest.raises(InputError, match="cannot be read"):
        read_notes(tmp_path / "none", "", Number, positive, "number")
