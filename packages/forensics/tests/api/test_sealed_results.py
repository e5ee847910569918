"""Results of tests over finished runs, checked from Python by one call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import steelyard
from packages.forensics.tests.published import test_published_seal
from packages.forensics.tests.text_identity import test_text_identity_seal
from steelyard.api.sealed_results import result_file
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard_forensics.published.seal import seal_outputs
from steelyard_forensics.text_identity.seal import seal_identity


@pytest.mark.parametrize(
    ("made", "seal", "file"),
    [
        (test_published_seal.read_by, seal_outputs, layout.OUTPUTS),
        (test_text_identity_seal.read_by, seal_identity, layout.TEXT_IDENTITY),
    ],
)
def test_what_was_sealed_is_opened_by_its_file(
    made: Callable[[KeySigner], Any], seal: Callable[..., None], file: str, tmp_path: Path
) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    sealed, folder = made(signer), tmp_path / "out"
    seal(folder, sealed, signer)
    assert result_file(folder) == file
    found = steelyard.verify_result(str(folder), require_key=tmp_path / "key.pub.pem")
    assert (found.found, found.folder, found.trusted, found.holds) == (sealed, folder, True, True)
    assert (found.exit_code, found.not_recomputed, len(found.signed_by)) == (ExitCode.CONSISTENT, "", 64)
    assert found.headline
    with pytest.raises(InputError, match=r"use steelyard\.verify_result"):
        steelyard.verify(folder)
    data = (folder / file).read_bytes()
    os.chmod(folder / file, 0o600)
    (folder / file).write_bytes(data.replace(b'"payload":"', b'"payload":"A', 1))
    with pytest.raises(VerificationError):
        steelyard.verify_result(folder)


def test_a_folder_of_something_else_is_bad_input(tmp_path: Path) -> None:
    assert result_file(tmp_path) == ""
    with pytest.raises(InputError, match="is no sealed result"):
        steelyard.verify_result(tmp_path)


def test_every_kind_of_result_is_known(tmp_path: Path) -> None:
    for name in layout.RESULTS:
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"{}")
        assert result_file(tmp_path / name) == name
        with pytest.raises((InputError, VerificationError)):
            steelyard.verify_result(tmp_path / name)
