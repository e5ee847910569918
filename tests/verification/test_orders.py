"""Orders of a sealed plan, derived again: no count, question, proof or seed can be set otherwise and sealed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal
from tests.verification.test_plan import signed

Form = dict[str, Any]


def question(plan: Form) -> Form:
    found: Form = next(iter(plan["questions"].values()))
    return found


def renamed(plan: Form) -> None:
    (name,) = plan["questions"]
    plan["questions"] = {"f" * 64: plan["questions"][name]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: question(plan).update(number=2), "does not follow from the claim"),  # its levels are the first's
        (lambda plan: question(plan).update(never_ended=1), "counts how often a question was asked"),
        (lambda plan: question(plan).update(of_subject=1), "counts how often a question was asked"),
        (lambda plan: question(plan).update(benchmark="task:gsm8k"), "is not about that benchmark"),
        (lambda plan: question(plan).update(subject="sha256:00"), "is not about that benchmark"),
        (lambda plan: question(plan).update(tag_proofs=["00", "00", "00"]), "shows tags of a ledger"),
        (lambda plan: plan["measurements"][0].update(question="f" * 64), "question does not follow"),
        (lambda plan: plan["measurements"][0].update(items="f" * 64), "01-sums: items is"),
        (lambda plan: plan["measurements"][0].update(share=0.4), "share does not follow"),
        (renamed, "its questions are not those"),
        (lambda plan: plan.update(ledger={"line": 1, "previous": "x"}), "the seal names none"),
    ],
)
def test_a_random_order_counts_nothing(unsigned: Path, change: Callable[[Form], None], said: str) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(unsigned, plan=plan))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: question(plan).update(number=2), "does not follow from the claim"),
        (lambda plan: question(plan).update(of_benchmark=1), "of_benchmark of a question is 1, and 0"),
        (lambda plan: question(plan)["tag_proofs"].reverse(), "has tags that the key"),
        (lambda plan: question(plan).update(order_proof="00"), "was not fixed by the key"),
        (lambda plan: [question(plan).pop(name) for name in ("order_proof", "tag_proofs")], "does not follow from"),
        (lambda plan: plan["measurements"][0].update(order_seed="f" * 64), "order_seed does not follow"),
    ],
)
def test_the_owner_of_a_key_cannot_choose_either(
    unsigned: Path, tmp_path: Path, change: Callable[[Form], None], said: str
) -> None:
    auditor = load_signer(create_key(tmp_path / "keys" / "key.pem").path)
    bundle = signed(unsigned, auditor, proof_by=auditor)
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan, signer=auditor))
