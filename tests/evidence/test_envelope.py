"""Envelopes: what is sealed is read back, and no single byte of one is free."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.evidence import envelope as envelope_module
from steelyard.evidence.bundle import open_plan, seal_plan
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.envelope import check_signature, open_envelope, seal, statement
from steelyard.evidence.keys import CryptoSigner, load_signer
from steelyard.evidence.new_key import create_key

DIGEST = sha256_hex(b"x")


def _statement(predicate: dict[str, Any] | None = None) -> dict[str, Any]:
    return statement({"b": DIGEST, "a": DIGEST}, "urn:test", predicate or {"n": 1, "text": "ü"})


def test_a_statement_is_in_toto_s() -> None:
    assert _statement() == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a", "digest": {"sha256": DIGEST}}, {"name": "b", "digest": {"sha256": DIGEST}}],
        "predicateType": "urn:test",
        "predicate": {"n": 1, "text": "ü"},
    }


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.one_of(st.integers(0, 99), st.booleans(), st.none())))
def test_what_is_sealed_is_read_back(predicate: dict[str, Any]) -> None:
    document, envelope = open_envelope(seal(_statement(predicate or {"a": 1}), None), "here")
    assert document["predicate"] == (predicate or {"a": 1})
    assert envelope.signatures == {}


def test_the_signature_is_over_dsse_s_encoding(signer: CryptoSigner) -> None:
    data = seal(_statement(), signer)
    document, envelope = open_envelope(data, "here")
    assert document == _statement()
    assert check_signature(envelope, signer.public_key)
    payload = canonical(_statement())
    kind = b"application/vnd.in-toto+json"
    encoding = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    raw = json.loads(data)["signatures"][0]["sig"]
    assert base64.b64decode(raw).hex() == signer.sign(encoding).signature


def test_another_key_has_not_signed(signer: CryptoSigner, tmp_path: Any) -> None:
    _, envelope = open_envelope(seal(_statement(), signer), "here")
    other = load_signer(create_key(tmp_path / "key.pem").path).public_key
    assert not check_signature(envelope, other)


def test_no_byte_is_free(signer: CryptoSigner) -> None:
    data = seal(_statement(), signer)
    dice = random.Random(0)
    for place in range(len(data)):
        values = {data[place] ^ (1 << bit) for bit in range(8)} | {dice.randrange(256), ord(" "), ord("=")}
        for value in values - {data[place]}:
            assert not _holds(data[:place] + bytes([value]) + data[place + 1 :], signer), (place, value)
        assert not _holds(data[:place] + data[place + 1 :], signer)
        assert not _holds(data[:place] + b" " + data[place:], signer)
        assert not _holds(data[:place], signer)
    assert not _holds(data + b"\n", signer)
    assert _holds(data, signer)


def _holds(data: bytes, signer: CryptoSigner) -> bool:
    try:
        return check_signature(open_envelope(data, "here")[1], signer.public_key)
    except VerificationError:
        return False


def _signatures(*keyids: str) -> list[dict[str, str]]:
    return [{"keyid": keyid, "sig": base64.b64encode(bytes(64)).decode()} for keyid in keyids]


def _with(**changes: Any) -> dict[str, Any]:
    return {**json.loads(seal(_statement(), None)), **changes}


def _payload(**changes: Any) -> dict[str, Any]:
    return _with(payload=base64.b64encode(canonical({**_statement(), **changes})).decode())


SUBJECT = {"name": "a", "digest": {"sha256": DIGEST}}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "exactly the keys"),
        (_with(more=1), "exactly the keys"),
        (_with(payloadType="text/plain"), "type"),
        (_with(payload=1), "not base64 text"),
        (_with(payload="e30"), "standard base64"),
        (_with(payload="e3-_"), "standard base64"),
        (_with(payload="e30=\n"), "standard base64"),
        (_with(payload="é"), "standard base64"),
        (_with(payload="e31="), "padding bits"),
        (_with(payload="eyB9"), "not canonical JSON"),
        (_with(payload="/w=="), "utf-8"),
        (_with(payload="e30="), "exactly the keys"),
        (_with(signatures={}), "not a list"),
        (_with(signatures=[{"keyid": "ab"}]), "exactly the keys"),
        (_with(signatures=_signatures("ab")), "keyid"),
        (_with(signatures=_signatures("AB" * 32)), "keyid"),
        (_with(signatures=_signatures("ab" * 32, "ab" * 32)), "sorted by keyid, one per key"),
        (_with(signatures=_signatures("ab" * 32, "aa" * 32)), "sorted by keyid, one per key"),
        (_with(signatures=[{"keyid": "ab" * 32, "sig": "AAAA"}]), "64 bytes"),
        (_payload(more=1), "exactly the keys"),
        (_payload(_type="https://in-toto.io/Statement/v0.1"), "not of type"),
        (_payload(predicateType=None), "predicate"),
        (_payload(predicate=[]), "predicate"),
        (_payload(subject=[]), "no subject"),
        (_payload(subject=[{**SUBJECT, "uri": ""}]), "exactly the keys"),
        (_payload(subject=[{**SUBJECT, "digest": {"sha1": DIGEST}}]), "exactly the keys"),
        (_payload(subject=[{**SUBJECT, "digest": {"sha256": DIGEST.upper()}}]), "SHA-256"),
        (_payload(subject=[{**SUBJECT, "name": 1}]), "sorted by name, each once"),
        (_payload(subject=[SUBJECT, SUBJECT]), "sorted by name, each once"),
    ],
)
def test_other_envelopes_are_refused(parts: Any, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        open_envelope(canonical(parts), "here")


def test_an_envelope_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = seal(_statement(), None)
    monkeypatch.setattr(envelope_module, "MAX_ENVELOPE_BYTES", len(data) - 1)
    with pytest.raises(VerificationError, match="larger than"):
        open_envelope(data, "here")


PLAN = {"format": "steelyard-plan/2", "sheet": {"digest": DIGEST}, "texts": "withheld"}


def test_a_plan_is_read_back(signer: CryptoSigner) -> None:
    plan, digest, signatures = open_plan(seal_plan(PLAN, signer), "plan")
    assert plan == PLAN
    assert list(signatures) == [signer.public_key.keyid]
    unsigned = open_plan(seal_plan(PLAN, None), "plan")
    assert unsigned == (PLAN, digest, {})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (lambda: statement({"sheet": DIGEST}, "urn:other", PLAN), "not a plan"),
        (
            lambda: statement({"sheet": DIGEST}, "urn:steelyard:predicate:plan:v2", {**PLAN, "format": "2"}),
            "not a plan",
        ),
        (lambda: statement({"sheet": "00" * 32}, "urn:steelyard:predicate:plan:v2", PLAN), "its subject"),
        (lambda: statement({"sheet": DIGEST}, "urn:steelyard:predicate:plan:v2", {**PLAN, "sheet": ""}), "claim sheet"),
        (
            lambda: statement({"sheet": DIGEST}, "urn:steelyard:predicate:plan:v1", {"format": "steelyard-plan/1"}),
            "a plan of format 1, which no release wrote",
        ),
    ],
)
def test_what_is_no_plan(document: Callable[[], dict[str, Any]], reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        open_plan(seal(document(), None), "plan")
