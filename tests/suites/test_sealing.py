"""Sealing a suite: the line in the ledger comes first, and nothing is left where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence.keys import load_signer
from steelyard.evidence.ledger_file import LedgerFile, ledger_path
from steelyard.suites.sealing import seal_suite
from steelyard.tasks.suite_seal import items_root, seal_path
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from testkit.suite_files import suite_at
from tests.tasks.test_suite_seal import items


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return task_from_suite(suite_at(tmp_path / "sums", samples=items(40)))


def test_a_seal_has_two_lines_in_the_ledger(suite: SuiteTask, key: Path) -> None:
    signer = load_signer(key)
    with LedgerFile(ledger_path(key), signer) as ledger:
        sealed = seal_suite(suite, signer, ledger, "0.5", 1)
        assert [(line.event, line.word, line.tags) for line in ledger.lines[1:]] == [
            ("begun", "suite", ()), ("ended", "sealed", ()),
        ]  # fmt: skip
    assert sealed.root == items_root(suite.rows.digests)
    assert (sealed.items, sealed.signer) == (40, signer.public_key.keyval["public"])


def test_a_folder_that_cannot_be_written_is_one_line(suite: SuiteTask) -> None:
    (suite.folder / "seals").write_text("a file is here")
    with pytest.raises(InputError, match="cannot write here"):
        seal_suite(suite, None, None, "0.5", 1)
    assert not seal_path(suite.folder, 1).is_file()
