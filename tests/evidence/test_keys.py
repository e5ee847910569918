"""Keys: where they may lie, who may read them, and what their signatures are worth."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from steelyard.errors import InputError
from steelyard.evidence.keys import (
    SMALL_ORDER_Y,
    CryptoSigner,
    default_key_path,
    describe_key,
    load_public,
    load_signer,
    public_key,
    secret_of,
    sign_deterministic,
    verify_raw,
)
from steelyard.evidence.new_key import create_key


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        info = create_key(tmp_path / "config" / "key.pem")
    finally:
        os.umask(old)
    assert (_mode(info.path), _mode(info.path.parent)) == (0o600, 0o700)
    assert info.public_path == tmp_path / "config" / "key.pub.pem"
    assert b"PRIVATE" not in info.public_path.read_bytes()
    assert load_signer(info.path).public_key.keyid == load_public(info.public_path).keyid == info.keyid
    assert describe_key(info.path) == describe_key(info.public_path) == info


def test_any_file_name_serves(tmp_path: Path) -> None:
    info = create_key(tmp_path / "mine")
    assert (info.path.name, info.public_path.name) == ("mine", "mine.pub.pem")
    assert load_signer(info.path).public_key.keyid == info.keyid


@pytest.mark.parametrize("existing", ["key.pem", "key.pub.pem"])
def test_nothing_is_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("mine")
    with pytest.raises(InputError, match="never overwritten"):
        create_key(tmp_path / "key.pem")
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "mine"


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="never overwritten"):
        create_key(tmp_path / "key.pem")


def test_no_key_inside_a_run(tmp_path: Path, key_path: Path) -> None:
    (tmp_path / "plan.dsse.json").touch()
    inside = tmp_path / "texts" / "key.pem"
    with pytest.raises(InputError, match="inside a run"):
        create_key(inside)
    inside.parent.mkdir()
    inside.write_bytes(key_path.read_bytes())
    inside.chmod(0o600)
    with pytest.raises(InputError, match="inside a run"):
        load_signer(inside)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write a key here"):
        create_key(tmp_path / "file" / "key.pem")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = create_key(tmp_path / "key.pem").path
    path.chmod(mode)
    with pytest.raises(InputError, match=r"chmod 600 .*key\.pem"):
        load_signer(path)


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_key_path() == tmp_path / "steelyard" / "key.pem"
    with pytest.raises(InputError, match="steelyard key new"):
        load_signer()
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "other.pem"))
    assert create_key().path == default_key_path() == tmp_path / "other.pem"
    assert load_signer().public_key.keyid == describe_key().keyid


def test_other_files_are_no_keys(tmp_path: Path, key_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for content, reason in ((b"", "PKCS#8"), (b"\xff\x00", "PKCS#8"), (locked, "unencrypted"), (pem, "Ed25519")):
        path = tmp_path / "key.pem"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(InputError, match=reason):
            load_signer(path)
    public = tmp_path / "key.pub.pem"
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(InputError, match="not an Ed25519"):
        load_public(public)
    public.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a PEM public key"):
        load_public(public)
    with pytest.raises(InputError, match=r"this is a private key: give its public half, key\.pub\.pem"):
        load_public(key_path)
    with pytest.raises(InputError, match=r"give the \*\.pub\.pem"):
        load_public(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot read"):
        load_public(tmp_path)


def test_a_public_file_of_small_order_is_refused(tmp_path: Path) -> None:
    weak = Ed25519PublicKey.from_public_bytes(b"\x01" + bytes(31))
    weak.verify(b"\x01" + bytes(63), b"anything at all")  # what a check of the signature alone would let through
    path = tmp_path / "key.pub.pem"
    path.write_bytes(weak.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(InputError, match="small order"):
        load_public(path)


def test_no_half_of_a_key_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_private(path: Path, data: bytes, mode: int) -> None:
        if path.name.endswith(".pub.pem"):
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr("steelyard.evidence.new_key._write_new", only_private)
    with pytest.raises(InputError, match="No space left on device"):
        create_key(tmp_path / "key.pem")
    assert not list(tmp_path.iterdir())


def test_openssl_reads_our_keys(key_path: Path) -> None:
    shown = subprocess.run(["openssl", "pkey", "-in", str(key_path), "-pubout"], capture_output=True, check=False)
    if shown.returncode:
        pytest.skip("no openssl that knows Ed25519")
    assert shown.stdout == key_path.with_name("key.pub.pem").read_bytes()


def test_signatures_are_deterministic_and_checked(signer: CryptoSigner) -> None:
    public = signer.public_key
    signature = sign_deterministic(signer, b"message")
    assert signature == sign_deterministic(signer, b"message")
    assert verify_raw(public, b"message", signature)
    assert not verify_raw(public, b"other", signature)
    assert not verify_raw(public, b"message", signature[:-1])
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not verify_raw(public, b"message", bytes(changed))


def test_the_group_order_cannot_be_added(signer: CryptoSigner) -> None:
    """Ed25519's malleability: S + L verifies too where S is not checked to be below L (RFC 8032 §5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = sign_deterministic(signer, b"message")
    scalar = int.from_bytes(signature[32:], "little") + order
    assert not verify_raw(signer.public_key, b"message", signature[:32] + scalar.to_bytes(32, "little"))


def test_keys_that_verify_anything_are_refused() -> None:
    for y in SMALL_ORDER_Y:
        for sign in (0, 1 << 255):
            with pytest.raises(ValueError, match="small order"):
                public_key((y | sign).to_bytes(32, "little").hex())
    with pytest.raises(ValueError, match="canonical"):
        public_key((2**255 - 19 + 3).to_bytes(32, "little").hex())


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "AB" * 32, " " + "ab" * 32])
def test_other_text_is_no_public_key(text: str) -> None:
    with pytest.raises(ValueError):
        public_key(text)


def test_the_secret_of_a_signer_is_that_of_its_file(key_path: Path) -> None:
    private = load_pem_private_key(key_path.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    assert secret_of(load_signer(key_path)) == private.private_bytes_raw()
