from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard_server.encryption.keyring import Keyring, UnreadableError

ONE, OTHER = bytes(range(32)), bytes(range(1, 33))
ABOUT = {"what": "key of an endpoint", "endpoint": 7}
RING = Keyring([ONE])
SEALED = RING.encrypt("sk-secret", ABOUT)


@given(st.text(st.characters(codec="utf-8"), max_size=50), st.integers(0, 2**40))
def test_what_is_encrypted_comes_back_for_the_same_thing_alone(secret: str, number: int) -> None:
    sealed = RING.encrypt(secret, {"endpoint": number})
    assert RING.decrypt(sealed, {"endpoint": number}) == secret
    with pytest.raises(UnreadableError, match="was changed, or encrypted for something else"):
        RING.decrypt(sealed, {"endpoint": number + 1})


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_changed_byte_decrypts(place: int, bits: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= bits
    with pytest.raises(UnreadableError):
        RING.decrypt(bytes(changed), ABOUT)


@given(st.binary(max_size=80))
def test_what_is_no_ciphertext_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        RING.decrypt(data, ABOUT)
    with pytest.raises(UnreadableError):
        RING.decrypt(SEALED[:9] + data, ABOUT)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    both = Keyring([OTHER, ONE])
    assert both.decrypt(SEALED, ABOUT) == "sk-secret"
    again = both.encrypt("sk-secret", ABOUT)
    with pytest.raises(UnreadableError, match="a key that is not in the secret key file"):
        RING.decrypt(again, ABOUT)


def test_the_same_secret_is_never_the_same_ciphertext_and_nothing_shows_a_key() -> None:
    assert len({RING.encrypt("x", ABOUT) for _ in range(200)}) == 200
    assert b"sk-secret" not in SEALED
    shown = repr(Keyring([ONE, OTHER])) + str(RING.__dict__)
    assert ONE.hex() not in shown
    assert not any(each in ONE.hex() for each in RING.ids)
