"""The golden bundle as it would stand without a key: whatever is changed in it can be sealed again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from tests.assets.make_golden import GOLDEN
from tests.verification.resealing import reseal, with_new_reports


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the golden bundle."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "bundle"))


@pytest.fixture
def unsigned(bundle: Path) -> Path:
    """The golden bundle as an auditor without a key would have made it: every seal can be made again."""
    plan = without_defaults(RunFolder.open(bundle).plan)
    del plan["ledger"]
    (bundle / "ledger.jsonl").unlink()
    for question in plan["questions"].values():
        del question["order_proof"], question["tag_proofs"]
    return with_new_reports(reseal(bundle, plan=plan))
