"""Whose signature a statement has: that of the key it names, or of nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence.envelope import open_envelope, seal, statement
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.evidence.signed import signature_words, signed_by


@pytest.fixture
def signer(tmp_path: Path) -> KeySigner:
    create_key(tmp_path / "key.pem")
    return load_signer(tmp_path / "key.pem")


def test_the_key_that_is_named_and_required(tmp_path: Path, signer: KeySigner) -> None:
    named = signer.public_key.keyval["public"]
    _, envelope = open_envelope(seal(statement({"a": "00" * 32}, "urn:x", {}), signer), "seal")
    assert signed_by(envelope, named, "seal") == (signer.public_key.keyid, False)
    assert signed_by(envelope, named, "seal", tmp_path / "key.pub.pem") == (signer.public_key.keyid, True)
    with pytest.raises(VerificationError, match="names no signer"):
        signed_by(envelope, "", "seal")
    create_key(tmp_path / "other.pem")
    with pytest.raises(VerificationError, match="required is a signature by key"):
        signed_by(envelope, named, "seal", tmp_path / "other.pub.pem")
    other = load_signer(tmp_path / "other.pem").public_key.keyval["public"]
    with pytest.raises(VerificationError):
        signed_by(envelope, other, "seal")
    with pytest.raises(VerificationError, match="its signer"):
        signed_by(envelope, "no key", "seal")


def test_without_a_signature(tmp_path: Path, signer: KeySigner) -> None:
    _, envelope = open_envelope(seal(statement({"a": "00" * 32}, "urn:x", {}), None), "seal")
    assert signed_by(envelope, "", "seal") == ("", False)
    with pytest.raises(VerificationError, match="not signed; required"):
        signed_by(envelope, "", "seal", tmp_path / "key.pub.pem")
    with pytest.raises(VerificationError):
        signed_by(envelope, signer.public_key.keyval["public"], "seal")


def test_a_key_that_nobody_named_may_be_one_of_many() -> None:
    assert signature_words("", trusted=False).startswith("not signed: anyone")
    assert signature_words("ab", trusted=True) == "signed by key ab, which you trust"
    assert "may have made many keys and shown this one" in signature_words("ab", trusted=False)
