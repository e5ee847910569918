"""The one form of a sealed result: what was sealed is opened, and another form, signer or subject is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.errors import VerificationError
from steelyard.evidence.envelope import open_envelope, seal
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.sealed.result import ResultSeal, SealedResult, check_follows
from steelyard_forensics.sealed.rows import Reading

FOUND = Reading(secret="ab" * 32)


class _Sealed(SealedResult, frozen=True, kw_only=True):
    reading: Reading


FORM: ResultSeal[Reading] = ResultSeal(
    file="x.dsse.json",
    kind="urn:steelyard:predicate:test:v1",
    format="steelyard-test/1",
    record=_Sealed,
    field="reading",
    subjects=lambda found: {"answers": found.secret},
)


def test_what_was_sealed_is_opened_and_says_who_signed(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    FORM.seal(tmp_path / "plain", FOUND, None)
    FORM.seal(tmp_path / "signed", FOUND, signer)
    assert FORM.open(tmp_path / "plain", None) == (FOUND, "", "", False)
    opened = FORM.open(tmp_path / "signed", tmp_path / "key.pub.pem")
    assert (opened.found, opened.signer, opened.trusted) == (FOUND, signer.public_key.keyval["public"], True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "steelyard-test/2"}, "not a result of format"),
        ({"signer": "12" * 32}, "sign"),
        ({"reading": {"secret": "cd" * 32}}, "is about other answers"),
        ({"more": 1}, "not a result of this version"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    FORM.seal(tmp_path / "out", FOUND, None)
    place = tmp_path / "out" / FORM.file
    document = json.loads(json.dumps(open_envelope(place.read_bytes(), FORM.file)[0]))
    document["predicate"].update(change)
    place.write_bytes(seal(document, None))
    with pytest.raises(VerificationError, match=message):
        FORM.open(tmp_path / "out", None)


def test_what_does_not_follow_is_named() -> None:
    def refused() -> Reading:
        raise ValueError("twice")

    check_follows("x", FOUND, lambda: FOUND, lambda again: "other")
    with pytest.raises(VerificationError, match="x: other"):
        check_follows("x", FOUND, lambda: replace(FOUND, secret="cd"), lambda again: "other")
    with pytest.raises(VerificationError, match="no reading gives: twice"):
        check_follows("x", FOUND, refused, lambda again: "other")
