"""The signature of a time stamp: under the right root, under a wrong one, and where two readers differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.timestamp import read_stamp
from steelyard.evidence.timestamp_signature import (
    MAX_ROOT_BYTES,
    check_signature,
    decoded,
    new_request,
    require_client,
    roots_at,
)
from testkit.timestamp_authority import TimestampAuthority

DATA = b"a line of a ledger"


@pytest.fixture(scope="module")
def stamped(authority: TimestampAuthority) -> bytes:
    return authority.stamp(new_request(DATA).body)


def test_requests_differ_in_their_nonce() -> None:
    requests = [new_request(DATA) for _ in range(20)]
    assert len({each.nonce for each in requests}) == len({each.body for each in requests}) == 20


def test_the_root_decides(authority: TimestampAuthority, stamped: bytes, tmp_path: Path) -> None:
    other = TimestampAuthority(tmp_path / "other")
    right, wrong = roots_at([authority.root], "--x"), roots_at([other.root], "--x")
    check_signature(stamped, right, "stamp")
    check_signature(stamped, [*wrong, *right], "stamp")  # both roots have one name
    with pytest.raises(VerificationError, match=r"^stamp: not signed by a time stamp authority under a given root"):
        check_signature(stamped, wrong, "stamp")
    assert roots_at([authority.root, authority.root], "--x") == right
    assert roots_at([], "--x") == []


@given(st.data())
def test_no_byte_that_counts_can_be_changed(authority: TimestampAuthority, stamped: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(stamped) - 1))
    changed = bytearray(stamped)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        check_signature(bytes(changed), roots_at([authority.root], "--x"), "stamp")
    except VerificationError:
        return
    assert read_stamp(bytes(changed)) == read_stamp(stamped)  # what is not signed says nothing


def test_two_readers_find_the_same(stamped: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoded(stamped)[0] == read_stamp(stamped)
    with pytest.raises(ValueError, match="tag"):
        decoded(b"\x30\x00")
    other = read_stamp(stamped)
    monkeypatch.setattr("steelyard.evidence.timestamp_signature.read_stamp", lambda data: other.__class__(
        other.imprint, other.at_us + 1_000_000, other.accuracy_us, other.nonce, other.authority))  # fmt: skip
    with pytest.raises(ValueError, match="two readers of it find different things"):
        decoded(stamped)


def test_roots_are_in_pem(tmp_path: Path, authority: TimestampAuthority) -> None:
    path = tmp_path / "root.pem"
    for content in (b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                    authority.root.read_bytes() + b" " * MAX_ROOT_BYTES):  # fmt: skip
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a certificate in PEM"):
            roots_at([path], "--x")
    with pytest.raises(InputError, match="cannot read the root"):
        roots_at([tmp_path], "--x")


def test_the_extra_is_here() -> None:
    require_client("--x")
