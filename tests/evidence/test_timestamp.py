"""Reading a time stamp: what OpenSSL makes is read, and whatever is changed in it is read or refused in one line."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.der import elements
from steelyard.evidence.timestamp import (
    MAX_STAMP_BYTES,
    SHA256,
    SIGNED_DATA,
    TST_INFO,
    read_stamp,
    refusal_of,
    stamp_in,
    with_sorted_certificates,
)
from steelyard.evidence.timestamp_signature import Request, new_request
from testkit.timestamp_authority import NAME, TimestampAuthority
from tests.evidence.test_der import encoded

DATA = b"a line of a ledger"


@pytest.fixture(scope="module")
def request_(authority: TimestampAuthority) -> Request:
    return new_request(DATA)


@pytest.fixture(scope="module")
def stamped(authority: TimestampAuthority, request_: Request) -> bytes:
    return authority.stamp(request_.body)


def test_what_a_stamp_says(stamped: bytes, request_: Request) -> None:
    stamp = read_stamp(stamped)
    assert (stamp.imprint, stamp.nonce) == (sha256(DATA).digest(), request_.nonce)
    assert (stamp.authority, stamp.accuracy_us) == (NAME, 1_500_100)
    assert stamp.time.startswith("20")
    assert stamp.time.endswith(" UTC")
    assert refusal_of(stamped) == ""


def swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


GRANTED = b"\x30\x03\x02\x01\x00"
VERSION = b"\x02\x01\x01\x06\x04\x2a\x03\x04\x01"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (SIGNED_DATA, SIGNED_DATA[:-1] + b"\x01", "its token is not signed data"),
        (TST_INFO, TST_INFO[:-1] + b"\x05", "what is signed is no time stamp"),
        (VERSION, b"\x02\x01\x02" + VERSION[3:], "its version is not 1"),
        (SHA256 + b"\x05\0\x04\x20", SHA256[:-1] + b"\x02\x05\0\x04\x20", "its imprint is not a SHA-256"),
        (b"\x80\x02\x01\xf4\x81", b"\x80\x02\x03\xe8\x81", "its clock may be off by more than 60 s"),
        (b"\x02\x01\x01\x80\x02", b"\x02\x01\xff\x80\x02", "its clock may be off by more than 60 s"),
        (b"\x02\x01\x01\x80\x02", b"\x02\x01\x3c\x80\x02", "its clock may be off by more than 60 s"),
        (GRANTED, b"\x30\x03\x02\x01\x01", r"did not grant it \(status 1\)"),
    ],
)
def test_what_is_no_stamp_of_ours(stamped: bytes, old: bytes, new: bytes, said: str) -> None:
    """Accuracies are of 1 s, 500 ms and 100 µs here."""
    with pytest.raises(ValueError, match=said):
        read_stamp(swapped(stamped, old, new))


@pytest.mark.parametrize("time", [b"20261326000000Z", b"2026112617495\xffZ", b"20261126174953+", b"00001126174953Z"])
def test_times_that_are_none(stamped: bytes, time: bytes) -> None:
    start = stamped.index(b"\x18\x0f20") + 2
    with pytest.raises(ValueError, match="time"):
        read_stamp(stamped[:start] + time + stamped[start + 15 :])


def test_refusals_in_words(authority: TimestampAuthority) -> None:
    refused = refusal_of(authority.stamp(b"not a request"))
    assert refused.startswith("the authority did not grant it (status 2; Bad request format")
    assert refused.endswith("the data were in the wrong form)")
    bare = encoded(0x30, encoded(0x30, encoded(0x02, b"\x02")))
    assert refusal_of(bare) == "the authority did not grant it (status 2)"


def test_without_the_certificate_of_its_signer(stamped: bytes) -> None:
    serial = sha256(b"another").digest()[:8]
    last = stamped.rindex(b"\x30\x0d\x06\x09\x60")  # the digest algorithm, which comes after the serial number
    with pytest.raises(ValueError, match="the certificate of its signer is not in it"):
        read_stamp(stamped[: last - 8] + serial + stamped[last:])


def test_without_any_certificate(authority: TimestampAuthority, request_: Request) -> None:
    assert request_.body.endswith(b"\x01\x01\xff")  # the wish for certificates, which is false where it is absent
    unwished = request_.body[:1] + bytes([request_.body[1] - 3]) + request_.body[2:-3]
    with pytest.raises(ValueError, match="it holds no certificate"):
        read_stamp(authority.stamp(unwished))


def test_a_certificate_of_a_version_that_there_is_not(stamped: bytes) -> None:
    with pytest.raises(ValueError, match="a certificate in it has no version"):
        read_stamp(swapped(stamped, b"\xa0\x03\x02\x01\x02\x02", b"\xa0\x03\x02\x01\x07\x02"))


def test_an_authority_without_a_name(tmp_path: Path, request_: Request) -> None:
    nameless = TimestampAuthority(tmp_path / "nameless", name=" ")
    with pytest.raises(ValueError, match="names nobody"):
        read_stamp(nameless.stamp(request_.body))


def test_too_large() -> None:
    with pytest.raises(ValueError, match="larger than"):
        read_stamp(b"0" * (MAX_STAMP_BYTES + 1))


@given(st.data())
def test_whatever_is_changed_is_read_or_refused(stamped: bytes, data: st.DataObject) -> None:
    changed = bytearray(stamped)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    kept = bytes(changed[: data.draw(st.integers(0, len(changed)))]) if data.draw(st.booleans()) else bytes(changed)
    try:
        read_stamp(kept)
    except ValueError:
        return
    with_sorted_certificates(kept)


def test_certificates_are_sorted(authority: TimestampAuthority, request_: Request) -> None:
    authority.chained = True
    received = authority.stamp(request_.body)
    authority.chained = False
    in_order = with_sorted_certificates(received)
    assert in_order != received
    assert (len(in_order), read_stamp(in_order)) == (len(received), read_stamp(received))
    assert with_sorted_certificates(in_order) == in_order
    assert len(elements(received)) == 1


def test_the_stamp_in_a_folder(tmp_path: Path, stamped: bytes) -> None:
    assert stamp_in(tmp_path) is None
    (tmp_path / layout.TIMESTAMP).write_bytes(stamped)
    assert stamp_in(tmp_path) == read_stamp(stamped)
    (tmp_path / layout.TIMESTAMP).write_bytes(b"?")
    with pytest.raises(VerificationError, match=r"timestamp\.tsr: not a time stamp that was granted"):
        stamp_in(tmp_path)
