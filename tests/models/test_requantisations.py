"""Requantisations are made once, kept by digests, and made again where they are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.models import requantisations
from steelyard.models.embedded_file import sha256_of_file
from steelyard.models.requantisations import Requantisations


def test_a_file_is_made_once_and_again_where_it_is_damaged(
    smollm2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requantisations, "folder", lambda: tmp_path / "requantised")
    path, digest = Requantisations(smollm2).file("Q2_K")
    assert (path.parent, sha256_of_file(path)) == (tmp_path / "requantised", digest)
    made = path.stat().st_mtime_ns
    assert Requantisations(smollm2).file("Q2_K") == (path, digest)
    assert path.stat().st_mtime_ns == made
    with path.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"x" * 64)
    assert Requantisations(smollm2).file("Q2_K") == (path, digest)
    assert sha256_of_file(path) == digest


def test_an_unknown_type_and_no_weights_are_refused(smollm2: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Requantisations(smollm2).file("Q99")
    (tmp_path / "none.gguf").write_bytes(b"no weights")
    with pytest.raises(InputError):
        Requantisations(tmp_path / "none.gguf").file("Q2_K")
