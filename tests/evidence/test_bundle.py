"""The seal of a run, opened once."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.canonical import sha256_hex
from steelyard.evidence.keys import CryptoSigner
from steelyard.evidence.verify import verify_integrity


def test_a_seal_is_read_with_its_key_and_its_digest(run: Path, signer: CryptoSigner) -> None:
    bundle = Bundle.open(run)
    assert bundle.signer is not None
    assert bundle.signer.keyid == signer.public_key.keyid
    assert bundle.sha256 == sha256_hex((run / layout.BUNDLE).read_bytes())
    assert bundle.subjects.keys() >= {layout.PLAN, layout.SCORES, layout.MAIN_SEGMENT}
    assert not bundle.withheld
    assert verify_integrity(run).bundle == bundle


def test_a_seal_without_a_key_has_no_signer(unsigned: Path) -> None:
    assert Bundle.open(unsigned).signer is None


def test_a_changed_seal_is_refused_when_it_is_opened(run: Path, tmp_path: Path) -> None:
    data = (run / layout.BUNDLE).read_bytes()
    (run / layout.BUNDLE).write_bytes(data.replace(b'"sig":"', b'"sig":"A', 1))
    with pytest.raises(VerificationError, match=r"bundle\.dsse\.json"):
        Bundle.open(run)
    (run / layout.BUNDLE).unlink()
    with pytest.raises(VerificationError, match="this run is not sealed yet"):
        Bundle.open(run)
    with pytest.raises(InputError, match="no run is here"):
        Bundle.open(tmp_path / "nowhere")
