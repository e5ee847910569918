"""The rules of twins in an encrypted suite: each under the key of its item's subject, and erased with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.records import SuiteItem
from steelyard.suites.twins import RULES, TwinRule, rules_text
from steelyard.tasks.suite_vault import Vault, boxed, subject_of
from steelyard.util.atomic_file import write_file

__all__ = ["RULES_VAULT", "boxed_rules", "drop_rules", "opened_rules"]

RULES_VAULT: Final = "templates/twins.vault.jsonl"
_ABOUT: Final = "twin"


def boxed_rules(
    rules: Mapping[str, TwinRule], items: Collection[SuiteItem], suite: str, keys: Mapping[str, bytes]
) -> bytes:
    """The rules of these items as lines of a vault; empty where there are none.

    A rule of an item that is no longer there makes no twin, and belongs to no subject: it is left out.
    """
    return b"".join(
        boxed(item.id, subject, canonical(msgspec.to_builtins(rule)), keys[subject], about=f"{_ABOUT} {item.id}")
        for item in items
        if (rule := rules.get(item.id)) and (subject := subject_of(item, suite))
    )


def opened_rules(folder: Path) -> dict[str, TwinRule]:
    """The rules of an encrypted suite whose subjects are not erased, for a reader; raises InputError as the vault."""
    if not (folder / RULES_VAULT).is_file():
        return {}
    found, vault = {}, Vault(folder, RULES_VAULT)
    for number, line, plain in vault.texts(_ABOUT):
        try:
            found[line.id] = msgspec.json.decode(plain, type=TwinRule)
        except (ValueError, msgspec.MsgspecError):
            raise InputError("holds no rule", where=vault.path, line=number) from None
    return found


def drop_rules(folder: Path, rules: Mapping[str, TwinRule], items: Collection[str]) -> None:
    """Take items that are erased out of rules that somebody wrote beside the vault, in plain.

    Raises InputError where that cannot be.
    """
    if not rules.keys() & set(items):
        return
    left = {name: rule for name, rule in rules.items() if name not in items}
    try:
        write_file(folder / RULES, rules_text(left)) if left else (folder / RULES).unlink()
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror}), and nothing is erased yet", where=folder / RULES
        ) from None
