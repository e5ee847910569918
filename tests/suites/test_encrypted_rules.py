"""Rules of twins in an encrypted suite: read by its readers, in no other place than their own, and gone when erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.encrypted_rules import RULES_VAULT, opened_rules
from steelyard.suites.encrypting import encrypt_suite, erase_items, new_identity
from steelyard.suites.twins import RULES, read_rules
from steelyard.tasks.suite_task import task_from_suite
from tests.suites.test_encrypting import SECRET, suite_for


def write_rules(folder: Path) -> None:
    """Rules of a customer's two items, of another's one, and of one that is no longer there."""
    (folder / RULES).parent.mkdir(exist_ok=True)
    named = {"i0": SECRET, "i1": SECRET, "i5": "Somebody", "gone": "Nobody"}
    rows = (
        f'  {name}: {{question: "{who}: what is {{{{ a }}}} + 3?", answer: "{{{{ a + 3 }}}}", values: {{a: 2..40}}}}\n'
        for name, who in named.items()
    )
    (folder / RULES).write_text("items:\n" + "".join(rows))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "reader.txt"))
    suite = suite_for(tmp_path / "sums", new_identity()[1])
    write_rules(suite.folder)
    return suite.folder


def test_readers_read_the_rules_of_what_is_there(folder: Path) -> None:
    before = read_rules(folder)
    encrypt_suite(task_from_suite(folder))
    assert opened_rules(folder) == {name: before[name] for name in ("i0", "i1", "i5")}
    erase_items(task_from_suite(folder), [], ["i1"])
    assert set(opened_rules(folder)) == {"i5"}


def test_a_rule_opens_in_no_other_place(folder: Path) -> None:
    encrypt_suite(task_from_suite(folder))
    path = folder / RULES_VAULT
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["id"], lines[1]["id"] = lines[1]["id"], lines[0]["id"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=r"twins\.vault\.jsonl:1: was changed since it was encrypted"):
        opened_rules(folder)


def test_a_suite_without_rules_has_no_vault_of_them(folder: Path) -> None:
    (folder / RULES).unlink()
    encrypt_suite(task_from_suite(folder))
    assert not (folder / RULES_VAULT).exists()
    assert opened_rules(folder) == {}
