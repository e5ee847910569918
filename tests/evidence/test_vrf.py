"""The verifiable random function: the vectors of RFC 9381, and what its owner can vary."""

from __future__ import annotations

import os
from hashlib import sha512

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.evidence import vrf
from steelyard.evidence.vrf import PROOF_BYTES, is_valid_key, prove, proved_output

# RFC 9381, appendix B.3, examples 16, 17 and 18: secret, public key, message, proof, output.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97"
        "27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff"
        "66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465"
        "301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb"
        "5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0"
        "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c45"
        "2118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "proof", "output"), VECTORS)
def test_vectors_of_rfc_9381(secret: str, public: str, message: str, proof: str, output: str) -> None:
    assert prove(bytes.fromhex(secret), bytes.fromhex(message)).hex() == proof
    found = proved_output(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(proof))
    assert found is not None
    assert found.hex() == output


@settings(max_examples=10, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), bit=st.integers(0, 639))
def test_a_proof_is_by_one_key_for_one_message(secret: bytes, message: bytes, bit: int) -> None:
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    proof = prove(secret, message)
    assert len(proof) == PROOF_BYTES
    assert proved_output(public, message, proof) is not None
    assert proved_output(public, message + b"!", proof) is None
    changed = bytearray(proof)
    changed[bit // 8] ^= 1 << bit % 8
    assert proved_output(public, message, bytes(changed)) is None


def test_forty_ground_proofs_have_one_output() -> None:
    # The owner of a key can make many valid proofs by drawing the nonce: what follows from the output stays the same.
    secret, message = os.urandom(32), b"order"
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    scalar = int.from_bytes(sha512(secret).digest()[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    point = vrf._hashed_to_curve(public, message)
    gamma = vrf._encoded(vrf._times(scalar, point))
    proofs, outputs = set(), set()
    for _ in range(40):
        nonce = int.from_bytes(os.urandom(64), "little") % vrf._ORDER
        bases = vrf._times(nonce, vrf._BASE), vrf._times(nonce, point)
        challenge = vrf._challenge(public, vrf._encoded(point), gamma, *bases)
        answer = (nonce + challenge * scalar) % vrf._ORDER
        proof = gamma + challenge.to_bytes(16, "little") + answer.to_bytes(32, "little")
        proofs.add(proof)
        outputs.add(proved_output(public, message, proof))
    assert len(proofs) == 40
    assert outputs == {proved_output(public, message, prove(secret, message))}


@pytest.mark.parametrize(
    "public",
    [
        bytes(32),  # y = 0, of order 4
        (1).to_bytes(32, "little"),  # the identity
        (2**255 - 20).to_bytes(32, "little"),  # y = -1, of order 2
        (2**255 - 18).to_bytes(32, "little"),  # y = 1, not in canonical form
        (2).to_bytes(32, "little"),  # no point of the curve
        b"\x01" * 31,
    ],
)
def test_unsafe_public_keys_are_refused(public: bytes) -> None:
    assert not is_valid_key(public)
    assert proved_output(public, b"", bytes(PROOF_BYTES)) is None


@pytest.mark.parametrize("proof", [b"", bytes(PROOF_BYTES), b"\xff" * PROOF_BYTES, bytes(PROOF_BYTES + 1)])
def test_malformed_proofs_show_nothing(proof: bytes) -> None:
    assert proved_output(bytes.fromhex(VECTORS[0][1]), b"", proof) is None


def test_an_answer_that_is_not_reduced_is_refused() -> None:
    secret, public, _, proof, _ = VECTORS[0]
    raw = bytes.fromhex(proof)
    answer = int.from_bytes(raw[48:], "little") + vrf._ORDER
    assert proved_output(bytes.fromhex(public), b"", raw[:48] + answer.to_bytes(32, "little")) is None
    assert prove(bytes.fromhex(secret), b"") == raw
