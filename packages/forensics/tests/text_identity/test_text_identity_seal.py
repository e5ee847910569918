"""A sealed result of identity by text verifies alone, and what was changed in it is named."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from packages.forensics.tests.text_identity.test_text_identity import identity, pairs_of
from steelyard.errors import VerificationError
from steelyard.evidence.envelope import open_envelope, seal
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.sealed.reading import drawn_reading
from steelyard_forensics.text_identity.identity import TextIdentity, reading_roots
from steelyard_forensics.text_identity.seal import SEAL, open_identity, seal_identity
from steelyard_forensics.text_identity.text_pairs import ORDERS

SAID = ["wrong", "right", "right", "right"] * 20


def found() -> TextIdentity:
    """Two runs that are told apart."""
    return identity(pairs_of(SAID))


def read_by(signer: KeySigner) -> TextIdentity:
    """The same, in the order that a key gives."""
    reading = drawn_reading(signer, *reading_roots(*found().runs))
    return identity(pairs_of(SAID, reading.secret), reading=reading)


def test_it_verifies_alone_and_says_who_signed(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    seal_identity(tmp_path / "plain", found(), None)
    seal_identity(tmp_path / "signed", read_by(signer), signer)
    assert open_identity(tmp_path / "plain") == (found(), "", False)
    assert open_identity(tmp_path / "signed", tmp_path / "key.pub.pem").trusted
    with pytest.raises(VerificationError, match="not signed"):
        open_identity(tmp_path / "plain", tmp_path / "key.pub.pem")


def bent(document: dict[str, Any], change: str) -> None:
    """Change one thing, as somebody would who seals it again."""
    sealed = document["predicate"]["identity"]
    other: dict[str, tuple[str, Any]] = {
        "word": ("word", "consistent"), "p": ("p", 0.5), "p at a fixed number": ("fixed_n_p", 0.5),
        "right": ("right", 79), "interval": ("ci", [0.0, 0.1]), "level": ("alpha", 0.5), "reason": ("reason", "x"),
        "tolerance": ("tolerance", 0.5), "margin": ("margin", 0.9), "decided": ("decided", 3),
        "prompts": ("prompts", 3), "needed": ("needed", 3), "one answer": ("repeats", 1),
    }  # fmt: skip
    if change in other:
        key, value = other[change]
        sealed[key] = value
    elif change == "a guess":
        sealed["pairs"][1]["said"] = "m" * ORDERS
    elif change == "a guess that is none":
        sealed["pairs"][1]["said"] = "perhaps"
    elif change == "a prompt twice":
        sealed["pairs"][1] = sealed["pairs"][2]
    elif change == "another order":
        sealed["pairs"][1], sealed["pairs"][2] = sealed["pairs"][2], sealed["pairs"][1]
    elif change == "a prompt left out":
        del sealed["pairs"][1]
    elif change == "all alike":
        sealed["runs"][0]["alike"] = 300
    elif change == "answers":
        sealed["runs"][0]["answers_root"] = "cd" * 32
    elif change == "default":
        document["predicate"]["signer"] = ""
    elif change == "format":
        document["predicate"]["format"] = "steelyard-text-identity/2"
    elif change == "kind":
        document["predicateType"] = "urn:steelyard:predicate:plan:v2"
    elif change == "signer":
        document["predicate"]["signer"] = "12" * 32
    elif change == "proof without a key":
        sealed["reading"]["proof"] = "12" * 80


CHANGES = [
    "word", "p", "p at a fixed number", "right", "interval", "level", "reason", "tolerance", "margin", "decided",
    "prompts", "needed", "one answer", "a guess", "a guess that is none", "a prompt twice", "another order",
    "a prompt left out", "all alike", "answers", "default", "format", "kind", "signer", "proof without a key",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_and_sealed_again_is_refused(tmp_path: Path, change: str) -> None:
    seal_identity(tmp_path / "out", found(), None)
    place = tmp_path / "out" / SEAL
    document = json.loads(json.dumps(open_envelope(place.read_bytes(), SEAL)[0]))
    bent(document, change)
    place.write_bytes(seal(document, None))
    with pytest.raises(VerificationError):
        open_identity(tmp_path / "out")


def test_a_changed_byte_of_a_signed_result_is_refused(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    seal_identity(tmp_path / "out", read_by(signer), signer)
    place, drawn = tmp_path / "out" / SEAL, random.Random(20261127)
    data = place.read_bytes()
    for _ in range(40):
        at = drawn.randrange(len(data))
        place.write_bytes(data[:at] + bytes([data[at] ^ (1 << drawn.randrange(7))]) + data[at + 1 :])
        with pytest.raises(VerificationError):
            open_identity(tmp_path / "out")


def test_the_order_of_reading_is_the_keys_own(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    seal_identity(tmp_path / "drawn", found(), signer)
    with pytest.raises(VerificationError, match="does not go with its signature"):
        open_identity(tmp_path / "drawn")
