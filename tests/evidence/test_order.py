"""Orders and tags: outputs of the key's verifiable random function."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.evidence.order import Prover, order_output, tags_shown

BENCHMARK = "task:gsm8k"


def test_a_proof_shows_the_order_of_one_benchmark_kind_and_number(signer: KeySigner, tmp_path: Path) -> None:
    proof, output = Prover(signer).order(BENCHMARK, "audit", 2)
    public = signer.public_key
    assert order_output(public, BENCHMARK, "audit", 2, proof) == output
    assert order_output(public, BENCHMARK, "audit", 3, proof) is None
    assert order_output(public, BENCHMARK, "run", 2, proof) is None
    assert order_output(public, "task:mmlu", "audit", 2, proof) is None
    other = load_signer(create_key(tmp_path / "key.pem").path).public_key
    assert order_output(other, BENCHMARK, "audit", 2, proof) is None


def test_where_no_ledger_counts_the_subject_is_in_it(signer: KeySigner) -> None:
    prover, public = Prover(signer), signer.public_key
    proof, output = prover.order(BENCHMARK, "audit", 1, "sha256:aa")
    assert (
        len({output, prover.order(BENCHMARK, "audit", 1)[1], prover.order(BENCHMARK, "audit", 1, "sha256:bb")[1]}) == 3
    )
    assert order_output(public, BENCHMARK, "audit", 1, proof, "sha256:aa") == output
    assert order_output(public, BENCHMARK, "audit", 1, proof) is None


def test_equal_questions_have_equal_tags(signer: KeySigner) -> None:
    prover = Prover(signer)
    _, first = prover.tags("task:gsm8k", "sha256:aa")
    _, same = prover.tags("task:gsm8k", "sha256:aa")
    _, other = prover.tags("task:gsm8k", "sha256:bb")
    assert first == same
    assert (first.benchmark, first.subject != other.subject, first.question != other.question) == (
        other.benchmark, True, True,
    )  # fmt: skip


@pytest.mark.parametrize("change", [lambda p: p[:2], lambda p: (p[1], p[0], p[2]), lambda p: (p[0].upper(), *p[1:])])
def test_other_proofs_show_no_tags(signer: KeySigner, change: object) -> None:
    proofs, tags = Prover(signer).tags("task:gsm8k", "sha256:aa")
    assert tags_shown(signer.public_key, "task:gsm8k", "sha256:aa", proofs) == tags
    assert tags_shown(signer.public_key, "task:gsm8k", "sha256:ab", proofs) is None
    assert tags_shown(signer.public_key, "task:gsm8k", "sha256:aa", change(proofs)) is None  # type: ignore[operator]


@pytest.mark.parametrize("proof", ["", "zz", "00", "A" * 160])
def test_malformed_proofs_show_no_order(signer: KeySigner, proof: str) -> None:
    assert order_output(signer.public_key, BENCHMARK, "audit", 1, proof) is None
