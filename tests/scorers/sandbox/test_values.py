"""What passes between the two sides: plain values unchanged, everything else refused, nonsense never more than that."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.scorers.sandbox.inside.values import (
    MAX_BYTES,
    Malformed,
    NotPlain,
    decode,
    encode,
    read_frame,
    write_frame,
)

hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
    | st.text(st.characters()) | st.binary() | st.fractions() | st.decimals(allow_nan=False),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
values = st.recursive(
    hashable,
    lambda inner: st.lists(inner) | st.dictionaries(hashable, inner, max_size=4) | st.sets(hashable, max_size=4)
    | st.tuples(inner),
    max_leaves=20,
)  # fmt: skip


def refuse(value: object) -> int:
    raise NotPlain(type(value).__name__)


def same(value: Any) -> Any:
    return decode(encode(value, refuse), lambda number: number)


def shape(value: Any) -> Any:
    """Types too: 1, 1.0 and True are equal, and yet not the same answer to ``type(x)``."""
    if isinstance(value, (list, tuple)):
        return type(value), [shape(item) for item in value]
    if isinstance(value, dict):
        return dict, [(shape(key), shape(item)) for key, item in value.items()]
    return type(value), value


@settings(max_examples=50)
@given(values)
def test_comes_out_as_it_went_in(value: Any) -> None:
    assert shape(same(value)) == shape(value)


def test_special_numbers() -> None:
    assert math.isnan(same(math.nan))
    assert math.copysign(1, same(-0.0)) == -1
    assert same(10**5000) == 10**5000
    assert same(-(2**64)) == -(2**64)
    assert same(range(3, 9, 2)) == range(3, 9, 2)
    assert list(same(iter([1, 2]))) == [1, 2]
    assert same([Decimal("1.50"), Fraction(-1, 3)]) == [Decimal("1.50"), Fraction(-1, 3)]
    assert same("\ud800") == "\ud800"


def test_what_is_no_plain_data_is_a_number() -> None:
    kept: list[object] = []

    def keep(value: object) -> int:
        kept.append(value)
        return len(kept) - 1

    data = encode([len, 1, print], keep)
    assert kept == [len, print]
    assert decode(data, lambda number: ("reference", number)) == [("reference", 0), 1, ("reference", 1)]
    with pytest.raises(NotPlain):
        encode([object()], refuse)


def test_a_hostile_subclass_travels_as_its_base() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert type(same(Liar(3))) is int
    assert same(Liar(3)) != 4


def test_too_much_is_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    doubled: list[Any] = [0]
    for _ in range(64):
        doubled = [doubled, doubled]
    for value in (cycle, doubled, "x" * (MAX_BYTES + 1), iter(int, 1)):
        with pytest.raises(NotPlain):
            encode(value, refuse)


@given(st.binary(max_size=60) | st.text("ilmtsebdgRDQrNTF0123456789;-,.x", max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode(data, lambda number: number)


@settings(max_examples=50)
@given(values, st.data())
def test_a_cut_value_is_malformed(value: Any, data: st.DataObject) -> None:
    whole = encode(value, refuse)
    with pytest.raises(Malformed):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))], lambda number: number)
    with pytest.raises(Malformed):
        decode(whole + b"N", lambda number: number)


@given(st.lists(st.binary(max_size=200_000), max_size=4))
def test_frames(frames: list[bytes]) -> None:
    receive, send = os.pipe()

    def write() -> None:
        for frame in frames:
            write_frame(send, frame)
        os.close(send)

    thread = threading.Thread(target=write)
    thread.start()
    got = []
    while (frame := read_frame(receive)) is not None:
        got.append(frame)
    thread.join()
    os.close(receive)
    assert got == frames


def test_a_frame_that_is_too_large_is_not_read() -> None:
    receive, send = os.pipe()
    os.write(send, (1 << 60).to_bytes(8, "big"))
    with pytest.raises(Malformed):
        read_frame(receive)
    with pytest.raises(NotPlain):
        write_frame(send, b"x" * (MAX_BYTES + 1))
    os.close(receive)
    os.close(send)
