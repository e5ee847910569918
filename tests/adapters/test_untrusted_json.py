"""Untrusted JSON: errors name their place, and values of the wrong type become empty ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from steelyard.adapters.untrusted_json import (
    entries,
    json_lines,
    mapping,
    number,
    parse,
    read_bytes,
    text,
    texts,
    whole_number,
)
from steelyard.errors import InputError


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_what_is_not_json_is_an_input_error_with_its_place(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^log\.json:7: .*JSON"):
        parse(data, "log.json", 7)


def test_decimals_can_keep_their_digits() -> None:
    assert parse("[0.80, 1]", "x", parse_float=Decimal) == [Decimal("0.80"), 1]


def test_lines_are_objects(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert list(json_lines(path)) == [(1, {"a": 1}), (3, {"a": 2})]
    path.write_text('{"a": 1}\n[2]\n')
    with pytest.raises(InputError, match=r"log\.jsonl:2: not a JSON object"):
        list(json_lines(path))
    with pytest.raises(InputError, match="larger than 0 MiB"):
        read_bytes(path, max_bytes=3)


def test_values_of_the_wrong_type_become_empty_ones() -> None:
    assert (mapping([1]), entries({}), text(1.5), texts("a"), whole_number(-1), whole_number(True)) == (
        {},
        [],
        "",
        ["a"],
        0,
        0,
    )
    assert (text(12), text(True), number(True), number(float("nan")), number(10**400)) == ("12", "", 1.0, None, None)
