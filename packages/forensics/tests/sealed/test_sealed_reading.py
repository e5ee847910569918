"""A folder with one signed statement: written whole or not at all, and read with nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.sealed.reading import check_new, check_order, drawn_reading, read_statement, seal_statement
from steelyard_forensics.sealed.rows import Reading

KIND = "urn:steelyard:predicate:test:v1"
ROOTS = ("01" * 32, "ab" * 32)


def sealed(path: Path) -> Path:
    seal_statement(path, "x.dsse.json", KIND, Reading(secret="5eed"), {"answers": ROOTS[0]}, None)
    return path


def test_what_was_sealed_is_read_again(tmp_path: Path) -> None:
    found = read_statement(sealed(tmp_path / "out"), "x.dsse.json")
    assert (found.kind, found.predicate, found.subjects) == (KIND, {"secret": "5eed"}, {"answers": ROOTS[0]})


def test_a_folder_that_is_there_or_lies_in_a_run_or_has_more_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose another --out"):
        sealed(sealed(tmp_path / "out"))
    with pytest.raises(InputError, match="inside the folder of a run"):
        check_new(Path(__file__).parents[4] / "tests" / "assets" / "golden" / "more")
    (tmp_path / "out" / "more").write_text("")
    with pytest.raises(VerificationError, match="was added"):
        read_statement(tmp_path / "out", "x.dsse.json")
    with pytest.raises(InputError, match="there is no x"):
        read_statement(tmp_path, "x.dsse.json")


def test_an_order_is_that_of_the_key_and_without_one_it_is_drawn(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    public, own = signer.public_key.keyval["public"], drawn_reading(signer, *ROOTS)
    assert own == drawn_reading(signer, *ROOTS)
    check_order("x", own, public, *ROOTS)
    with pytest.raises(VerificationError, match="not the one that its key gives"):
        check_order("x", own, public, *reversed(ROOTS))
    drawn = drawn_reading(None, *ROOTS)
    assert drawn != drawn_reading(None, *ROOTS)
    check_order("x", drawn, "", *ROOTS)
    with pytest.raises(VerificationError, match="does not go with its signature"):
        check_order("x", drawn, public, *ROOTS)
