"""A sealed result of a log beside served answers verifies alone, and what was changed in it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packages.forensics.tests.published.published_texts_fixtures import SAME, TOLD, result, row
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.envelope import open_envelope, seal
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.published.texts_seal import SEAL, open_texts, seal_texts

FOUND = result(row("a", SAME), row("b", TOLD))


def test_it_verifies_alone_and_says_who_signed(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    seal_texts(tmp_path / "plain", FOUND, None)
    seal_texts(tmp_path / "signed", FOUND, load_signer(tmp_path / "key.pem"))
    assert open_texts(tmp_path / "plain") == (FOUND, "", False)
    assert open_texts(tmp_path / "signed", tmp_path / "key.pub.pem").trusted
    with pytest.raises(VerificationError, match="not signed"):
        open_texts(tmp_path / "plain", tmp_path / "key.pub.pem")
    with pytest.raises(InputError, match=SEAL):
        open_texts(tmp_path)


def bent(document: dict[str, Any], change: str) -> None:
    """Change one thing, as somebody would who seals it again."""
    found = document["predicate"]["texts"]
    changes: dict[str, Any] = {
        "word": lambda: found["rows"][1].update(word="consistent"),
        "p": lambda: found["rows"][1].update(p=0.5),
        "guess": lambda: found["rows"][1]["pairs"][0].update(said="w"),
        "letter": lambda: found["rows"][1]["pairs"][0].update(said="q"),
        "share": lambda: found["rows"][1]["pairs"][0].update(alike=0.9),
        "row": lambda: found["rows"].pop(0),
        "rows": lambda: found["rows"].clear(),
        "level": lambda: found.update(alpha=0.5),
        "tolerance": lambda: found.update(tolerance=0.9),
        "bar": lambda: found.update(bar=0.1),
        "answers": lambda: found["log"].update(answers_root="ab" * 32),
        "served": lambda: found["served"].update(answers_root="ab" * 32),
        "format": lambda: document["predicate"].update(format="steelyard-published-texts/2"),
        "kind": lambda: document.update(predicateType="urn:steelyard:predicate:plan:v2"),
    }
    changes[change]()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("word", "does not follow"),
        ("p", "does not follow"),
        ("guess", "does not follow"),
        ("letter", "no reading gives"),
        ("share", "does not follow"),
        ("row", "does not follow"),
        ("rows", "about no benchmark"),
        ("level", "another level"),
        ("tolerance", "another level"),
        ("bar", "another level"),
        ("answers", "other answers"),
        ("served", "other answers"),
        ("format", "not a result of format"),
        ("kind", "not a result of format"),
    ],
)
def test_what_was_changed_is_named(tmp_path: Path, change: str, message: str) -> None:
    seal_texts(tmp_path / "out", FOUND, None)
    document = json.loads(json.dumps(open_envelope((tmp_path / "out" / SEAL).read_bytes(), SEAL)[0]))
    bent(document, change)
    (tmp_path / "out" / SEAL).write_bytes(seal(document, None))
    with pytest.raises(VerificationError, match=message):
        open_texts(tmp_path / "out")
