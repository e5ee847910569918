"""Reading DER: only its one form is read, whatever the bytes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evidence.der import BOOLEAN, INTEGER, MAX_ELEMENTS, SEQUENCE, Fields, context, elements, integer, one


def encoded(tag: int, content: bytes) -> bytes:
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x80 | len(digits)]) + digits) + content


@given(st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=400)), max_size=5))
def test_what_is_encoded_is_read_back(parts: list[tuple[int, bytes]]) -> None:
    found = elements(b"".join(encoded(tag, content) for tag, content in parts))
    assert [(each.tag, each.content) for each in found] == parts
    assert [each.whole for each in found] == [encoded(tag, content) for tag, content in parts]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = elements(data)
    except ValueError:
        return
    assert b"".join(encoded(each.tag, each.content) for each in found) == data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x30", "cut off"),
        (b"\x30\x02\x00", "cut off"),
        (b"\x1f\x01\x00", "a tag of several bytes"),
        (b"\x30\x80\x00\x00", "a length that is not in DER"),  # without end
        (b"\x30\x81\x01\x00", "a length that is not in DER"),  # longer than it needs to be
        (b"\x30\x82\x00\x81" + bytes(129), "a length that is not in DER"),
        (b"\x30\x85\x01\x00\x00\x00\x00", "a length that is not in DER"),
        (b"\x30\x82\x01", "a length that is not in DER"),
        (b"\x05\x00" * (MAX_ELEMENTS + 1), "more than 256 elements"),
    ],
)
def test_what_is_not_der(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        elements(data)


def test_one_element() -> None:
    assert one(b"\x30\x01\x07", SEQUENCE) == b"\x07"
    for other in (b"", b"\x31\x00", b"\x30\x00\x30\x00"):
        with pytest.raises(ValueError, match="not one element with the tag 0x30"):
            one(other, SEQUENCE)


@given(st.integers(-(2**400), 2**400))
def test_integers(value: int) -> None:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    assert integer(value.to_bytes(size, "big", signed=True)) == value
    with pytest.raises(ValueError, match="not in DER"):
        integer((b"\xff" if value < 0 else b"\0") + value.to_bytes(size, "big", signed=True))


def test_integers_have_bytes_and_not_too_many() -> None:
    for content in (b"", b"\x01" * 65):
        with pytest.raises(ValueError, match="not in DER"):
            integer(content)


def test_fields_are_taken_in_order() -> None:
    fields = Fields(encoded(INTEGER, b"\x01") + encoded(context(0, primitive=True), b"x") + encoded(context(1), b""))
    assert fields.optional(BOOLEAN) is None
    assert (fields.take(INTEGER), fields.take(context(0, primitive=True))) == (b"\x01", b"x")
    with pytest.raises(ValueError, match="no element with the tag 0x02"):
        fields.take(INTEGER)
    with pytest.raises(ValueError, match="an element with the tag 0xa1 too many"):
        fields.end()
    fields.take(context(1))
    fields.end()
